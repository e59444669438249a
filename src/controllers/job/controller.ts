/** Jobs: applies plan.ts, and takes the finalizer from pods whose job is gone or over. */
import { Job, type JobStatus } from '../../api/batch/job.ts';
import { Pod } from '../../api/core/pod.ts';
import { messageOf } from '../../base/errors.ts';
import type { Service } from '../../base/service.ts';
import { byController, keyOf, orphans, refOf } from '../../client/cache.ts';
import { isConflict, isNotFound, type Client } from '../../client/client.ts';
import { Controller, watching, type Change, type ReconcileResult } from '../../client/controller.ts';
import type { Events } from '../../client/event-recorder.ts';
import { Expectations } from '../../client/expectations.ts';
import type { Informer } from '../../client/informer.ts';
import { matches, selectorOf } from '../../schema/selector.ts';
import type { Dependencies } from '../dependencies.ts';
import { isTerminating } from '../service-account/controller.ts';
import { OwnWrites } from '../workload/own-writes.ts';
import { sameStatus } from '../workload/status.ts';
import { candidatesOf, claimsOf, controllerOf, indexOwners, settleClaims } from '../workload/ownership.ts';
import { slowStart } from '../workload/pods.ts';
import { isFinished } from './conditions.ts';
import { isTracked, trackingFinalizer } from './job-pods.ts';
import { planJob, type JobPlan } from './plan.ts';
import { podFor } from './template.ts';

/** Jobs that name another controller are left to it. */
const ownName = 'kubernetes.io/job-controller';

export function jobController(deps: Dependencies, events: Events): readonly Service[] {
  return [new JobManager(deps, events).controller(), orphanedPods(deps)];
}

class JobManager {
  readonly #deps: Dependencies;
  readonly #events: Events;
  readonly #jobs: Informer<Job>;
  readonly #pods: Informer<Pod>;
  readonly #expectations: Expectations<Pod>;
  readonly #writes: OwnWrites<Job>;

  constructor(deps: Dependencies, events: Events) {
    this.#deps = deps;
    this.#events = events;
    this.#jobs = deps.informers.of(Job);
    this.#pods = deps.informers.of(Pod);
    indexOwners(this.#pods);
    this.#expectations = new Expectations(this.#pods, deps.clock);
    this.#writes = new OwnWrites(deps.client, Job, this.#jobs);
  }

  controller(): Controller {
    return new Controller(
      {
        name: 'job',
        sources: [watching(this.#jobs), watching(this.#pods, (change) => this.#keysOf(change))],
        reconcile: (key, { note }) => this.#reconcile(key, note),
      },
      this.#deps,
    );
  }

  #keysOf({ object, old }: Change<Pod>): readonly string[] {
    const keys = [object, ...(old === undefined ? [] : [old])].flatMap((pod) => {
      const owner = controllerOf(pod);
      if (owner !== undefined) {
        const { namespace = '' } = pod.metadata;
        return owner.kind === Job.kind ? [keyOf({ metadata: { name: owner.name, namespace } })] : [];
      }
      return this.#adopters(pod).map(keyOf);
    });
    return [...new Set(keys)];
  }

  #adopters(pod: Pod): readonly Job[] {
    if (pod.metadata.labels === undefined) return [];
    const jobs = this.#jobs.list({ namespace: pod.metadata.namespace });
    return jobs.filter(({ spec }) => matches(selectorOf(spec?.selector), pod.metadata.labels));
  }

  async #reconcile(key: string, note: (plan: unknown) => void): Promise<ReconcileResult> {
    const job = this.#jobs.get(refOf(key));
    if (job === undefined) {
      this.#expectations.forget(key);
      this.#writes.forget(key);
      return {};
    }
    if (isForeign(job) || isFinished(job)) return {};
    if (!(await this.#writes.seen(key))) return {};
    const { client, clock } = this.#deps;
    const claims = claimsOf(job, selectorOf(job.spec?.selector), candidatesOf(this.#pods, job));
    const pods = await settleClaims(client, Job, job, Pod, claims, trackingFinalizer);
    const plan = planJob(job, pods, this.#expectations.satisfied(key), clock.now());
    if (plan === undefined) return {};
    note(plan);
    await this.#apply(key, job, plan);
    return plan.after === undefined ? {} : { after: plan.after };
  }

  async #apply(key: string, job: Job, plan: JobPlan): Promise<void> {
    await Promise.all(plan.remove.map((pod) => this.#remove(key, job, pod, plan.removedCount)));
    const { succeeded, error } = await this.#start(key, job, plan);
    const missing = plan.create.length - succeeded;
    await this.#report(
      key,
      job,
      missing === 0 ? plan.status : { ...plan.status, active: (plan.status.active ?? 0) - missing },
    );
    for (const { type, reason, message } of plan.events) {
      this.#events[type === 'Normal' ? 'normal' : 'warning'](Job, job, reason, message);
    }
    await Promise.all(plan.release.map((pod) => release(this.#deps.client, pod)));
    if (error !== undefined && !isTerminating(error)) throw error;
  }

  #start(key: string, job: Job, plan: JobPlan): Promise<{ readonly succeeded: number; readonly error?: unknown }> {
    return slowStart(plan.create.length, async (at) => {
      try {
        const pod = await this.#deps.client.create(Pod, podFor(job, plan.create[at] ?? {}));
        this.#expectations.created(key, pod);
        this.#events.normal(Job, job, 'SuccessfulCreate', `Created pod: ${pod.metadata.name}`);
      } catch (error) {
        if (!isTerminating(error)) {
          this.#events.warning(Job, job, 'FailedCreate', `Error creating: ${messageOf(error)}`);
        }
        throw error;
      }
    });
  }

  async #remove(key: string, job: Job, pod: Pod, counts: boolean): Promise<void> {
    const { client } = this.#deps;
    if (!counts) await release(client, pod);
    try {
      await client.delete(Pod, pod.metadata, { preconditions: { uid: pod.metadata.uid } });
      this.#expectations.deleted(key, pod);
      this.#events.normal(Job, job, 'SuccessfulDelete', `Deleted pod: ${pod.metadata.name}`);
    } catch (error) {
      if (isNotFound(error) || isConflict(error)) return;
      this.#events.warning(Job, job, 'FailedDelete', `Error deleting: ${messageOf(error)}`);
      throw error;
    }
  }

  /** Conflicts are failures here: what is counted must be written before pods are released. */
  async #report(key: string, job: Job, status: JobStatus): Promise<void> {
    if (sameStatus(job.status, status)) return;
    await this.#writes.making(key, job.metadata, () =>
      this.#deps.client.update(Job, { ...job, status }, { subresource: 'status' }),
    );
  }
}

/** Takes the finalizer away; others, which may be added at the same time, stay. */
async function release(client: Client, { metadata }: Pod): Promise<void> {
  const finalizers = (metadata.finalizers ?? []).filter((each) => each !== trackingFinalizer);
  if (finalizers.length === metadata.finalizers?.length) return;
  const patch = { metadata: { uid: metadata.uid, '$deleteFromPrimitiveList/finalizers': [trackingFinalizer] } };
  try {
    await client.patch(Pod, metadata, patch, { type: 'strategic' });
  } catch (error) {
    // Gone, or another pod of the same name.
    if (!isNotFound(error) && !isConflict(error)) throw error;
  }
}

/** Pods that carry the finalizer although no job will count them any more. */
function orphanedPods(deps: Dependencies): Controller {
  const pods = deps.informers.of(Pod);
  const jobs = deps.informers.of(Job);
  pods.addIndex('controller', byController);
  pods.addIndex('orphans', orphans);
  const isNeeded = (pod: Pod): boolean => {
    const owner = controllerOf(pod);
    if (owner === undefined) return jobs.list({ namespace: pod.metadata.namespace }).some((job) => adopts(job, pod));
    // Whose pods carry our finalizer for reasons of their own may go on doing so.
    if (owner.kind !== Job.kind || owner.apiVersion !== Job.apiVersion) return true;
    const job = jobs.getByUid(owner.uid);
    return job !== undefined && (isForeign(job) || !isFinished(job));
  };
  return new Controller(
    {
      name: 'job-orphans',
      sources: [
        watching(pods, ({ type, object }) => (type !== 'deleted' && isTracked(object) ? [keyOf(object)] : [])),
        watching(jobs, ({ type, object }) => {
          const { uid, namespace = '', deletionTimestamp } = object.metadata;
          if (type !== 'deleted' && deletionTimestamp === undefined && !isFinished(object)) return [];
          return [...pods.by('controller', uid), ...pods.by('orphans', namespace)].filter(isTracked).map(keyOf);
        }),
      ],
      reconcile: async (key) => {
        const pod = pods.get(refOf(key));
        if (pod !== undefined && isTracked(pod) && !isNeeded(pod)) await release(deps.client, pod);
      },
    },
    deps,
  );
}

function isForeign({ spec }: Job): boolean {
  return (spec?.managedBy ?? ownName) !== ownName;
}

/** Whether the job is about to make the pod, which nobody controls, its own. */
function adopts(job: Job, { metadata }: Pod): boolean {
  if (metadata.deletionTimestamp !== undefined || job.metadata.deletionTimestamp !== undefined) return false;
  if (isForeign(job) || isFinished(job)) return false;
  return matches(selectorOf(job.spec?.selector), metadata.labels);
}
