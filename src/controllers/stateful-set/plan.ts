/**
 * What a StatefulSet needs next: a pure function of it, its pods and its revisions. With ordered management one
 * thing at a time, lowest number first when starting, highest first when stopping and updating.
 */
import type { ControllerRevision } from '../../api/apps/controller-revision.ts';
import type { StatefulSet, StatefulSetStatus } from '../../api/apps/stateful-set.ts';
import type { Pod } from '../../api/core/pod.ts';
import { amountOf } from '../workload/hash.ts';
import { availableAt, hasEnded, isAvailable, isReady } from '../workload/pods.ts';
import { firstOrdinal, ordinalOf, revisionNameOf } from './identity.ts';

export type Step =
  | { readonly type: 'create'; readonly ordinal: number; readonly revision: ControllerRevision }
  /** `scaledDown`: it is not made again. */
  | { readonly type: 'delete'; readonly pod: Pod; readonly scaledDown: boolean };

/** A pod of which claims have the owners that the policy asks for. */
export interface Upkeep {
  readonly pod: Pod;
  /** It waits to start: claims that went missing are made again. */
  readonly makesClaims: boolean;
  /** Its labels say which of the pods it is. */
  readonly hasIdentity: boolean;
}

export interface StatefulPlan {
  /** Comes before the steps. */
  readonly upkeep: readonly Upkeep[];
  readonly steps: readonly Step[];
  readonly status: StatefulSetStatus;
  readonly after?: number;
}

export interface Revisions {
  /** What pods below the partition run, and all of them between updates. */
  readonly current: ControllerRevision;
  readonly update: ControllerRevision;
}

interface Situation {
  readonly set: StatefulSet;
  readonly revisions: Revisions;
  /** Pod by ordinal, within the wanted range. */
  readonly wanted: readonly { readonly ordinal: number; readonly pod: Pod | undefined }[];
  /** Pods outside the range, highest first. */
  readonly surplus: readonly Pod[];
  readonly ordered: boolean;
  readonly now: number;
}

export function planStatefulSet(
  set: StatefulSet,
  pods: readonly Pod[],
  revisions: Revisions,
  now: number,
): StatefulPlan {
  const start = firstOrdinal(set);
  const replicas = set.spec?.replicas ?? 1;
  const numbered = pods.flatMap((pod) => {
    const ordinal = ordinalOf(set, pod);
    return ordinal === undefined ? [] : [{ ordinal, pod }];
  });
  const byOrdinal = new Map(numbered.map(({ ordinal, pod }) => [ordinal, pod]));
  const situation: Situation = {
    set,
    revisions,
    wanted: Array.from({ length: replicas }, (_, at) => ({ ordinal: start + at, pod: byOrdinal.get(start + at) })),
    surplus: numbered
      .filter(({ ordinal }) => ordinal < start || ordinal >= start + replicas)
      .toSorted((a, b) => b.ordinal - a.ordinal)
      .map(({ pod }) => pod),
    ordered: set.spec?.podManagementPolicy !== 'Parallel',
    now,
  };
  const work = set.metadata.deletionTimestamp === undefined ? workOf(situation) : { upkeep: [], steps: [] };
  const minReady = set.spec?.minReadySeconds ?? 0;
  const due = pods.flatMap((pod) => availableAt(pod, minReady) ?? []).filter((at) => at > now);
  return {
    ...work,
    status: statusOf(situation, pods),
    ...(due.length === 0 ? {} : { after: Math.min(...due) - now }),
  };
}

type Work = Pick<StatefulPlan, 'upkeep' | 'steps'>;

function workOf(situation: Situation): Work {
  const { ordered, surplus } = situation;
  const begun = startWork(situation);
  if (ordered && (begun.steps.length > 0 || !allHealthy(situation))) return begun;
  const stopping = stopSteps(situation);
  // Before the pods go: claims that go with a pod are its own, and those of pods that somebody else deleted, too.
  const upkeep = [...begun.upkeep, ...surplus.map((pod) => ({ pod, makesClaims: false, hasIdentity: false }))];
  if (ordered && surplus.length > 0) return { upkeep, steps: stopping };
  const first = [...begun.steps, ...stopping];
  return { upkeep, steps: first.length > 0 ? first : updateSteps(situation) };
}

/** Missing and ended pods, in order; ordered management stops at the first that is not healthy. */
function startWork({ set, wanted, revisions, ordered, now }: Situation): Work {
  const steps: Step[] = [];
  const upkeep: Upkeep[] = [];
  for (const { ordinal, pod } of wanted) {
    const blocks = pod === undefined || !isHealthy(set, pod, now);
    if (pod === undefined) {
      steps.push({ type: 'create', ordinal, revision: revisionFor(set, revisions, ordinal) });
    } else if (hasEnded(pod)) {
      // Its replacement has the same name: it has to be gone first.
      if (!isGoing(pod)) steps.push({ type: 'delete', pod, scaledDown: false });
    } else {
      const makesClaims = isPending(pod);
      const hasIdentity = !ordered || !blocks;
      if (makesClaims || hasIdentity) upkeep.push({ pod, makesClaims, hasIdentity });
    }
    if (ordered && blocks) break;
  }
  return { upkeep, steps };
}

/** Highest first; ordered management waits for each to be gone, and for others to be well. */
function stopSteps({ set, surplus, ordered, now }: Situation): readonly Step[] {
  const living = surplus.filter((pod) => !isGoing(pod));
  if (!ordered) return living.map((pod) => ({ type: 'delete', pod, scaledDown: true }));
  const [highest] = surplus;
  if (highest === undefined || isGoing(highest)) return [];
  // One that is not well is stopped only when it is the only such.
  const unwell = surplus.filter((pod) => !isHealthy(set, pod, now));
  if (unwell.some((pod) => pod !== highest) && !isHealthy(set, highest, now)) return [];
  return [{ type: 'delete', pod: highest, scaledDown: true }];
}

/** Pods of another revision, highest first, down to the partition; those that are not well cost no availability. */
function updateSteps({ set, wanted, revisions, now }: Situation): readonly Step[] {
  const strategy = set.spec?.updateStrategy;
  if (strategy?.type === 'OnDelete') return [];
  const { partition = 0, maxUnavailable = 1 } = strategy?.rollingUpdate ?? {};
  const most = Math.max(1, amountOf(maxUnavailable, wanted.length, Math.ceil));
  const missing = wanted.filter(({ pod }) => pod === undefined || !isHealthy(set, pod, now)).length;
  const outdated = wanted
    .slice(partition)
    .toReversed()
    .flatMap(({ pod }) => (pod === undefined || isGoing(pod) || isUpdated(pod, revisions) ? [] : [pod]));
  const broken = outdated.filter((pod) => !isHealthy(set, pod, now));
  const working = outdated.filter((pod) => !broken.includes(pod)).slice(0, Math.max(0, most - missing));
  return [...broken, ...working].slice(0, most).map((pod) => ({ type: 'delete', pod, scaledDown: false }));
}

function isUpdated(pod: Pod, { update }: Revisions): boolean {
  return revisionNameOf(pod) === update.metadata.name;
}

/**
 * The revision of a pod that is made anew: the present one below the partition, else the new one, also while the update
 * has not come that far. Only a strategy that says nothing of its pace has the first `currentReplicas` come back as
 * they were.
 */
function revisionFor(set: StatefulSet, { current, update }: Revisions, ordinal: number): ControllerRevision {
  const position = ordinal - firstOrdinal(set);
  const { type, rollingUpdate } = set.spec?.updateStrategy ?? {};
  const pace = type === 'OnDelete' ? 0 : (set.status?.currentReplicas ?? 0);
  const kept = rollingUpdate === undefined ? pace : (rollingUpdate.partition ?? 0);
  return position < kept ? current : update;
}

/** One without a phase is newer than its first status. */
function isPending({ status }: Pod): boolean {
  return (status?.phase ?? 'Pending') === 'Pending';
}

function isGoing({ metadata }: Pod): boolean {
  return metadata.deletionTimestamp !== undefined;
}

function isHealthy(set: StatefulSet, pod: Pod, now: number): boolean {
  return !isGoing(pod) && pod.status?.phase === 'Running' && isAvailable(pod, set.spec?.minReadySeconds ?? 0, now);
}

function allHealthy({ set, wanted, now }: Situation): boolean {
  return wanted.every(({ pod }) => pod !== undefined && isHealthy(set, pod, now));
}

/** Counts every pod that there is, ended and going ones too; only those of a revision are to stay. */
function statusOf({ set, revisions, now }: Situation, pods: readonly Pod[]): StatefulSetStatus {
  const { current, update } = revisions;
  const minReady = set.spec?.minReadySeconds ?? 0;
  const on = (revision: ControllerRevision): number =>
    pods.filter((pod) => !isGoing(pod) && revisionNameOf(pod) === revision.metadata.name).length;
  const ready = pods.filter((pod) => pod.status?.phase === 'Running' && isReady(pod));
  const { collisionCount, conditions } = set.status ?? {};
  const status: StatefulSetStatus = {
    observedGeneration: set.metadata.generation ?? 0,
    replicas: pods.length,
    readyReplicas: ready.length,
    currentReplicas: on(current),
    updatedReplicas: on(update),
    availableReplicas: ready.filter((pod) => isAvailable(pod, minReady, now)).length,
    currentRevision: current.metadata.name,
    updateRevision: update.metadata.name,
    ...(collisionCount === undefined ? {} : { collisionCount }),
    ...(conditions === undefined ? {} : { conditions }),
  };
  // The update is over: what was new is now what is.
  return isComplete(set, status)
    ? { ...status, currentReplicas: status.updatedReplicas ?? 0, currentRevision: update.metadata.name }
    : status;
}

/** With a partition too, once every pod runs the new revision: nothing tells the old one apart any more. */
function isComplete({ spec }: StatefulSet, { replicas, readyReplicas, updatedReplicas }: StatefulSetStatus): boolean {
  const wanted = spec?.replicas ?? 1;
  return (
    spec?.updateStrategy?.type !== 'OnDelete' &&
    [replicas, readyReplicas, updatedReplicas].every((count) => count === wanted)
  );
}
