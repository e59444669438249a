/** CronJobs: applies plan.ts. */
import { CronJob, type CronJobStatus } from '../../api/batch/cron-job.ts';
import { Job } from '../../api/batch/job.ts';
import type { Draft } from '../../api/kind.ts';
import { timestamp } from '../../base/clock.ts';
import { messageOf } from '../../base/errors.ts';
import { byController, refOf } from '../../client/cache.ts';
import { isAlreadyExists, isNotFound } from '../../client/client.ts';
import { Controller, watching, watchingOwned, type ReconcileResult } from '../../client/controller.ts';
import type { Events } from '../../client/event-recorder.ts';
import type { Informer } from '../../client/informer.ts';
import type { Dependencies } from '../dependencies.ts';
import { isTerminating } from '../service-account/controller.ts';
import { OwnWrites } from '../workload/own-writes.ts';
import { sameStatus } from '../workload/status.ts';
import { controllerOf, controllerReference } from '../workload/ownership.ts';
import { jobName, planCronJob, withStarted, type CronPlan } from './plan.ts';
import { zoneOf } from './zone.ts';

const scheduledAnnotation = 'batch.kubernetes.io/cronjob-scheduled-timestamp';

export function cronJobController(deps: Dependencies, events: Events): Controller {
  return new CronManager(deps, events).controller();
}

class CronManager {
  readonly #deps: Dependencies;
  readonly #events: Events;
  readonly #cronJobs: Informer<CronJob>;
  readonly #jobs: Informer<Job>;
  readonly #writes: OwnWrites<CronJob>;

  constructor(deps: Dependencies, events: Events) {
    this.#deps = deps;
    this.#events = events;
    this.#cronJobs = deps.informers.of(CronJob);
    this.#jobs = deps.informers.of(Job);
    this.#jobs.addIndex('controller', byController);
    this.#writes = new OwnWrites(deps.client, CronJob, this.#cronJobs);
  }

  controller(): Controller {
    return new Controller(
      {
        name: 'cronjob',
        sources: [watching(this.#cronJobs), watchingOwned(this.#jobs, 'CronJob')],
        reconcile: (key, { note }) => this.#reconcile(key, note),
      },
      this.#deps,
    );
  }

  async #reconcile(key: string, note: (plan: unknown) => void): Promise<ReconcileResult> {
    const cronJob = this.#cronJobs.get(refOf(key));
    if (cronJob === undefined) {
      this.#writes.forget(key);
      return {};
    }
    if (!(await this.#writes.seen(key))) return {};
    const jobs = [...this.#jobs.by('controller', cronJob.metadata.uid), ...(await this.#unseen(cronJob))];
    const plan = planCronJob(cronJob, jobs, this.#deps.clock.now());
    note(plan);
    for (const { type, reason, message } of plan.events) {
      this.#events[type === 'Normal' ? 'normal' : 'warning'](CronJob, cronJob, reason, message);
    }
    await this.#apply(key, cronJob, plan);
    return plan.after === undefined ? {} : { after: plan.after };
  }

  /** Active jobs that the cache lacks: just created, or gone. */
  async #unseen({ metadata, status }: CronJob): Promise<readonly Job[]> {
    const { client } = this.#deps;
    const unseen = (status?.active ?? []).filter(({ uid = '' }) => this.#jobs.getByUid(uid) === undefined);
    const found = await Promise.all(
      unseen.map(async ({ name = '', uid }) => {
        try {
          const job = await client.get(Job, { namespace: metadata.namespace, name });
          return job.metadata.uid === uid ? job : undefined;
        } catch (error) {
          if (isNotFound(error)) return undefined;
          throw error;
        }
      }),
    );
    return found.filter((job) => job !== undefined);
  }

  async #apply(key: string, cronJob: CronJob, plan: CronPlan): Promise<void> {
    for (const job of plan.replace) await this.#remove(cronJob, job);
    const job = plan.start === undefined ? undefined : await this.#start(cronJob, plan.start);
    const status =
      job === undefined || plan.start === undefined
        ? plan.status
        : withStarted(plan.status, job, plan.start, plan.replace);
    await this.#report(key, cronJob, status);
    for (const old of plan.expire) await this.#remove(cronJob, old);
  }

  /** Undefined when nothing was started and that is all right. */
  async #start(cronJob: CronJob, time: number): Promise<Job | undefined> {
    const { client } = this.#deps;
    const draft = jobFor(cronJob, time);
    try {
      const job = await client.create(Job, draft);
      this.#events.normal(CronJob, cronJob, 'SuccessfulCreate', `Created job ${job.metadata.name}`);
      return job;
    } catch (error) {
      if (isTerminating(error)) return undefined;
      if (isAlreadyExists(error)) return await this.#startedBefore(cronJob, draft.metadata.name ?? '');
      this.#events.warning(CronJob, cronJob, 'FailedCreate', `Error creating job: ${messageOf(error)}`);
      throw error;
    }
  }

  /** Created by an earlier attempt whose end was lost. */
  async #startedBefore(cronJob: CronJob, name: string): Promise<Job | undefined> {
    const job = await this.#deps.client.get(Job, { namespace: cronJob.metadata.namespace, name });
    // Even one that has ended meanwhile: it is told of, and its time counts as met.
    if (controllerOf(job)?.uid === cronJob.metadata.uid) return job;
    const message = `Error creating job: job ${name} exists and is not controlled by the CronJob`;
    this.#events.warning(CronJob, cronJob, 'FailedCreate', message);
    return undefined;
  }

  async #remove(cronJob: CronJob, { metadata }: Job): Promise<void> {
    const { name, uid } = metadata;
    try {
      const options = { propagationPolicy: 'Background', preconditions: { uid } } as const;
      await this.#deps.client.delete(Job, metadata, options);
      this.#events.normal(CronJob, cronJob, 'SuccessfulDelete', `Deleted job ${name}`);
    } catch (error) {
      if (isNotFound(error)) return;
      this.#events.warning(CronJob, cronJob, 'FailedDelete', `Deleted job: ${messageOf(error)}`);
      throw error;
    }
  }

  async #report(key: string, cronJob: CronJob, status: CronJobStatus): Promise<void> {
    if (sameStatus(cronJob.status, status)) return;
    await this.#writes.making(key, cronJob.metadata, () =>
      this.#deps.client.update(CronJob, { ...cronJob, status }, { subresource: 'status' }),
    );
  }
}

function jobFor(cronJob: CronJob, time: number): Draft<Job> {
  const { metadata: template, spec } = cronJob.spec?.jobTemplate ?? {};
  const { namespace } = cronJob.metadata;
  const when = inZone(time, cronJob.spec?.timeZone);
  return {
    metadata: {
      name: jobName(cronJob, time),
      ...(namespace !== undefined && { namespace }),
      ...(template?.labels !== undefined && { labels: template.labels }),
      annotations: { ...template?.annotations, [scheduledAnnotation]: when },
      ownerReferences: [controllerReference(CronJob, cronJob)],
    },
    ...(spec !== undefined && { spec }),
  };
}

/** RFC 3339 with the offset of the zone. */
function inZone(time: number, zone = 'UTC'): string {
  const minutes = zoneOf(zone).offsetAt(time) / 60_000;
  if (minutes === 0) return timestamp(time);
  const two = (value: number): string => String(value).padStart(2, '0');
  const size = Math.abs(minutes);
  const offset = `${minutes < 0 ? '-' : '+'}${two(Math.floor(size / 60))}:${two(Math.floor(size % 60))}`;
  return `${timestamp(time + minutes * 60_000).slice(0, -1)}${offset}`;
}
