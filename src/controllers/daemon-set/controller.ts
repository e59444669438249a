/** DaemonSets: one pod on every node that qualifies. */
import { ControllerRevision } from '../../api/apps/controller-revision.ts';
import { DaemonSet, templateGenerationAnnotation, type DaemonSetStatus } from '../../api/apps/daemon-set.ts';
import { Node } from '../../api/core/node.ts';
import { Pod } from '../../api/core/pod.ts';
import type { KubernetesObject } from '../../api/kind.ts';
import { messageOf } from '../../base/errors.ts';
import { keyOf, refOf } from '../../client/cache.ts';
import { isConflict, isNotFound } from '../../client/client.ts';
import { Controller, watching, watchingOwned, type Change, type ReconcileResult } from '../../client/controller.ts';
import type { Events } from '../../client/event-recorder.ts';
import { Expectations } from '../../client/expectations.ts';
import type { Informer } from '../../client/informer.ts';
import { deepEqual } from '../../schema/freeze.ts';
import { matches, selectorOf } from '../../schema/selector.ts';
import type { Dependencies } from '../dependencies.ts';
import { isTerminating } from '../service-account/controller.ts';
import { OwnWrites } from '../workload/own-writes.ts';
import {
  candidatesOf,
  claimsOf,
  controllerOf,
  controllerReference,
  indexOwners,
  settleClaims,
} from '../workload/ownership.ts';
import { podFromTemplate, restOf, slowStart } from '../workload/pods.ts';
import { hashOf, removeRevisions, revisionHashLabel } from '../workload/revisions.ts';
import { soonest, writeStatus } from '../workload/status.ts';
import { historyOf, surplusOf } from './history.ts';
import { nodeOf, templateFor } from './placement.ts';
import { planDaemons, type DaemonPlan } from './plan.ts';

/** Pods created in one round. */
const burst = 250;
const firstPause = 1_000;
const longestPause = 900_000;

export function daemonSetController(deps: Dependencies, events: Events): Controller {
  return new DaemonSetManager(deps, events).controller();
}

class DaemonSetManager {
  readonly #deps: Dependencies;
  readonly #events: Events;
  readonly #sets: Informer<DaemonSet>;
  readonly #nodes: Informer<Node>;
  readonly #pods: Informer<Pod>;
  readonly #revisions: Informer<ControllerRevision>;
  readonly #expectations: Expectations<Pod>;
  readonly #writes: OwnWrites<Pod>;
  /** Failures in a row by set and node, and until when its next failed pod stays. */
  readonly #failures = new Map<string, { readonly count: number; readonly until: number }>();

  constructor(deps: Dependencies, events: Events) {
    this.#deps = deps;
    this.#events = events;
    this.#sets = deps.informers.of(DaemonSet);
    this.#nodes = deps.informers.of(Node);
    this.#pods = deps.informers.of(Pod);
    indexOwners(this.#pods);
    this.#revisions = deps.informers.of(ControllerRevision);
    indexOwners(this.#revisions);
    this.#writes = new OwnWrites(deps.client, Pod, this.#pods);
    this.#expectations = new Expectations(this.#pods, deps.clock);
  }

  controller(): Controller {
    return new Controller(
      {
        name: 'daemonset',
        sources: [
          watching(this.#sets),
          watchingOwned(this.#pods, 'DaemonSet'),
          watching(this.#pods, ({ object }) => this.#adopting(object)),
          watchingOwned(this.#revisions, 'DaemonSet'),
          watching(this.#revisions, ({ object }) => this.#adopting(object)),
          watching(this.#nodes, (change) => (concernsDaemons(change) ? this.#sets.list().map(keyOf) : [])),
        ],
        reconcile: (key, { note }) => this.#reconcile(key, note),
      },
      this.#deps,
    );
  }

  /** The sets that would take an object that has no owner. */
  #adopting(object: KubernetesObject): readonly string[] {
    const { namespace, labels } = object.metadata;
    if (controllerOf(object) !== undefined) return [];
    const sets = this.#sets.list({ namespace });
    return sets.filter(({ spec }) => spec !== undefined && matches(selectorOf(spec.selector), labels)).map(keyOf);
  }

  async #reconcile(key: string, note: (plan: unknown) => void): Promise<ReconcileResult> {
    const set = this.#sets.get(refOf(key));
    if (set?.spec === undefined) {
      this.#expectations.forget(key);
      this.#writes.forget(key);
      return {};
    }
    // Its revisions may be gone already: whatever was made of the rest would be wrong.
    if (set.metadata.deletionTimestamp !== undefined) return {};
    if (!this.#expectations.satisfied(key) || !(await this.#writes.seen(key))) return {};
    const { client, clock } = this.#deps;
    const claims = claimsOf(set, selectorOf(set.spec.selector), candidatesOf(this.#pods, set));
    const claimed = await settleClaims(client, DaemonSet, set, Pod, claims);
    const history = await historyOf({ client, revisions: this.#revisions, writes: this.#writes }, set, claimed);
    if (history === undefined) return await this.#countCollision(set);
    const { current, pods } = history;
    const plan = planDaemons(set, this.#nodes.list(), pods, hashOf(current), clock.now());
    note(plan);
    const pause = await this.#apply(key, set, plan, hashOf(current));
    const reported = await writeStatus(client, DaemonSet, set, plan.status);
    await removeRevisions(client, surplusOf(set, history));
    return { ...soonest(plan, pause, reported), rest: restOf(Math.max(pods.length, this.#nodes.size)) };
  }

  async #countCollision(set: DaemonSet): Promise<ReconcileResult> {
    const status = { ...emptyStatus, ...set.status, collisionCount: (set.status?.collisionCount ?? 0) + 1 };
    await this.#deps.client.update(DaemonSet, { ...set, status }, { subresource: 'status' });
    return {};
  }

  /** Resolves to when a failed pod may be replaced, when one has to wait. */
  async #apply(key: string, set: DaemonSet, plan: DaemonPlan, hash: string): Promise<ReconcileResult> {
    let wait: number | undefined;
    for (const pod of plan.remove) {
      const pause = plan.ended.includes(pod) ? this.#pauseFor(key, pod) : 0;
      if (pause > 0) wait = Math.min(wait ?? pause, pause);
      else await this.#remove(key, set, pod, plan.ended.includes(pod));
    }
    const template = set.spec?.template ?? {};
    const generation = set.metadata.annotations?.[templateGenerationAnnotation];
    const labels = {
      ...(generation === undefined ? {} : { 'pod-template-generation': generation }),
      [revisionHashLabel]: hash,
    };
    const nodes = plan.create.slice(0, burst);
    const { error } = await slowStart(nodes.length, async (at) => {
      const draft = podFromTemplate(
        templateFor(template, nodes[at] ?? '', labels),
        set.metadata.namespace,
        { generateName: `${set.metadata.name}-` },
        controllerReference(DaemonSet, set),
      );
      try {
        const pod = await this.#deps.client.create(Pod, draft);
        this.#expectations.created(key, pod);
        this.#events.normal(DaemonSet, set, 'SuccessfulCreate', `Created pod: ${pod.metadata.name}`);
      } catch (failure) {
        if (!isTerminating(failure))
          this.#events.warning(DaemonSet, set, 'FailedCreate', `Error creating: ${messageOf(failure)}`);
        throw failure;
      }
    });
    if (error !== undefined && !isTerminating(error)) throw error;
    return wait === undefined ? {} : { after: wait };
  }

  /** A daemon that fails again and again is replaced more and more slowly. */
  #pauseFor(key: string, pod: Pod): number {
    const id = `${key} ${nodeOf(pod)}`;
    const now = this.#deps.clock.now();
    const known = this.#failures.get(id);
    if (known !== undefined && now < known.until) return known.until - now;
    const count = known === undefined || now > known.until + longestPause ? 1 : known.count + 1;
    this.#failures.set(id, { count, until: now + Math.min(longestPause, firstPause * 2 ** (count - 1)) });
    return 0;
  }

  async #remove(key: string, set: DaemonSet, pod: Pod, failed: boolean): Promise<void> {
    if (failed) this.#tellEnded(set, pod);
    try {
      await this.#deps.client.delete(Pod, pod.metadata, { preconditions: { uid: pod.metadata.uid } });
      this.#expectations.deleted(key, pod);
      this.#events.normal(DaemonSet, set, 'SuccessfulDelete', `Deleted pod: ${pod.metadata.name}`);
    } catch (error) {
      if (!isNotFound(error) && !isConflict(error)) throw error;
    }
  }

  #tellEnded(set: DaemonSet, pod: Pod): void {
    const where = `daemon pod ${pod.metadata.namespace ?? ''}/${pod.metadata.name} on node ${nodeOf(pod)}`;
    if (pod.status?.phase === 'Succeeded') {
      const message = `Found succeeded ${where}, will try to delete it`;
      this.#events.normal(DaemonSet, set, 'SucceededDaemonPod', message);
    } else {
      this.#events.warning(DaemonSet, set, 'FailedDaemonPod', `Found failed ${where}, will try to kill it`);
    }
  }
}

const emptyStatus: DaemonSetStatus = {
  currentNumberScheduled: 0,
  numberMisscheduled: 0,
  desiredNumberScheduled: 0,
  numberReady: 0,
};

/** Heartbeats of nodes are many, and change nothing here. */
function concernsDaemons({ object, old }: Change<Node>): boolean {
  return (
    old === undefined ||
    !deepEqual(object.metadata.labels ?? {}, old.metadata.labels ?? {}) ||
    !deepEqual(object.spec?.taints ?? [], old.spec?.taints ?? [])
  );
}
