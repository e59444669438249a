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
  /** `scaledDown`: its claims may go with it. */
  | { readonly type: 'delete'; readonly pod: Pod; readonly scaledDown: boolean };

export interface StatefulPlan {
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
  const minReady = set.spec?.minReadySeconds ?? 0;
  const due = pods.flatMap((pod) => availableAt(pod, minReady) ?? []).filter((at) => at > now);
  return {
    steps: set.metadata.deletionTimestamp === undefined ? stepsOf(situation) : [],
    status: statusOf(situation, pods),
    ...(due.length === 0 ? {} : { after: Math.min(...due) - now }),
  };
}

function stepsOf(situation: Situation): readonly Step[] {
  const starting = startSteps(situation);
  if (situation.ordered && (starting.length > 0 || !allHealthy(situation))) return starting;
  const stopping = stopSteps(situation);
  if (situation.ordered && (stopping.length > 0 || situation.surplus.length > 0)) return stopping;
  const first = [...starting, ...stopping];
  return first.length > 0 ? first : updateSteps(situation);
}

/** Missing and ended pods, in order; ordered management stops at the first that is not healthy. */
function startSteps({ set, wanted, revisions, ordered, now }: Situation): readonly Step[] {
  const steps: Step[] = [];
  for (const { ordinal, pod } of wanted) {
    if (pod === undefined) steps.push({ type: 'create', ordinal, revision: revisionFor(set, revisions, ordinal) });
    // Its replacement has the same name: it has to be gone first.
    else if (hasEnded(pod) && !isGoing(pod)) steps.push({ type: 'delete', pod, scaledDown: false });
    else if (!ordered || isHealthy(set, pod, now)) continue;
    if (ordered) break;
  }
  return steps;
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

/** While an update is under way, pods that have not had their turn come back as they were. */
function revisionFor(set: StatefulSet, { current, update }: Revisions, ordinal: number): ControllerRevision {
  const position = ordinal - firstOrdinal(set);
  const { type, rollingUpdate } = set.spec?.updateStrategy ?? {};
  if (type === 'OnDelete') return update;
  const partition = rollingUpdate?.partition ?? 0;
  if (partition > 0) return position < partition ? current : update;
  return position < (set.status?.currentReplicas ?? 0) ? current : update;
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

function statusOf({ set, revisions, now }: Situation, pods: readonly Pod[]): StatefulSetStatus {
  const { current, update } = revisions;
  const living = pods.filter((pod) => !hasEnded(pod));
  const count = (test: (pod: Pod) => boolean): number => living.filter(test).length;
  const on = (revision: ControllerRevision): number =>
    count((pod) => !isGoing(pod) && revisionNameOf(pod) === revision.metadata.name);
  const ready = count((pod) => pod.status?.phase === 'Running' && isReady(pod));
  const { collisionCount, conditions } = set.status ?? {};
  const status: StatefulSetStatus = {
    observedGeneration: set.metadata.generation ?? 0,
    replicas: living.length,
    readyReplicas: ready,
    currentReplicas: on(current),
    updatedReplicas: on(update),
    availableReplicas: count((pod) => isHealthy(set, pod, now)),
    currentRevision: current.metadata.name,
    updateRevision: update.metadata.name,
    ...(collisionCount === undefined ? {} : { collisionCount }),
    ...(conditions === undefined ? {} : { conditions }),
  };
  // The update is over: what was new is now what is.
  const complete = status.updatedReplicas === status.replicas && ready === status.replicas && !hasPartition(set);
  return complete
    ? { ...status, currentReplicas: status.updatedReplicas ?? 0, currentRevision: update.metadata.name }
    : status;
}

function hasPartition(set: StatefulSet): boolean {
  return (set.spec?.updateStrategy?.rollingUpdate?.partition ?? 0) > 0;
}
