/**
 * What a Deployment needs next: a pure function of it, its ReplicaSets and their pods. One step at a time:
 * after each, the plan is made again from what is then there, so that a crash between two steps costs nothing
 * and limits of surge and availability hold at every moment.
 */
import type { Deployment } from '../../api/apps/deployment.ts';
import type { ReplicaSet } from '../../api/apps/replica-set.ts';
import type { Pod } from '../../api/core/pod.ts';
import { shortHash } from '../workload/hash.ts';
import { hasEnded } from '../workload/pods.ts';
import {
  byAge,
  inheritedAnnotations,
  isObserved,
  limitsOf,
  newSetOf,
  occupiedBy,
  replicasOf,
  revisionAnnotation,
  revisionHistoryAnnotation,
  revisionOf,
  scaleAnnotations,
  sum,
  wantedReplicas,
} from './replica-sets.ts';
import { isScalingEvent, scaleAll, scaleNew, scaleOld, type Scaling } from './scale.ts';
import { isComplete, progressOf, type Progress } from './status.ts';

export type Step =
  | {
      readonly type: 'create';
      readonly name: string;
      readonly hash: string;
      readonly replicas: number;
      readonly revision: string;
    }
  | { readonly type: 'scale'; readonly set: ReplicaSet; readonly replicas: number }
  /** The set's annotations and minReadySeconds follow the Deployment. */
  | {
      readonly type: 'adjust';
      readonly set: ReplicaSet;
      readonly annotations: Readonly<Record<string, string>>;
      readonly minReadySeconds: number;
    }
  /** The Deployment's own revision annotation. */
  | { readonly type: 'mark-revision'; readonly revision: string }
  | { readonly type: 'remove'; readonly set: ReplicaSet };

export interface DeploymentPlan extends Progress {
  readonly steps: readonly Step[];
}

export function planDeployment(
  deployment: Deployment,
  sets: readonly ReplicaSet[],
  podsOf: (set: ReplicaSet) => readonly Pod[],
  now: number,
): DeploymentPlan {
  const young = newSetOf(deployment, sets);
  const old = sets.filter((set) => set !== young);
  const progress = progressOf(deployment, young, old, now);
  if (deployment.metadata.deletionTimestamp !== undefined) return { ...progress, steps: [] };
  return { ...progress, steps: stepsOf(deployment, young, old, podsOf, progress) };
}

function stepsOf(
  deployment: Deployment,
  young: ReplicaSet | undefined,
  old: readonly ReplicaSet[],
  podsOf: (set: ReplicaSet) => readonly Pod[],
  progress: Progress,
): readonly Step[] {
  const all = [...old, ...(young === undefined ? [] : [young])];
  if (deployment.spec?.paused === true || isScalingEvent(deployment, all)) {
    return [
      ...scalings(scaleAll(deployment, young, old)),
      ...rescaled(deployment, all),
      ...cleanup(deployment, old, progress),
    ];
  }
  const upkeep = young === undefined ? [] : upkeepOf(deployment, young, old);
  const rollout =
    deployment.spec?.strategy?.type === 'Recreate'
      ? recreate(deployment, young, old, podsOf)
      : roll(deployment, young, old);
  return [...upkeep, ...rollout, ...(rollout.length === 0 ? cleanup(deployment, old, progress) : [])];
}

function scalings(changes: readonly Scaling[]): readonly Step[] {
  return changes.map((change) => ({ type: 'scale', ...change }));
}

/** Sets whose number stays still learn of the Deployment's new one, or the scaling would never end. */
function rescaled(deployment: Deployment, sets: readonly ReplicaSet[]): readonly Step[] {
  const annotations = scaleAnnotations(deployment);
  return sets
    .filter((set) => replicasOf(set) > 0 && differs(set, annotations))
    .map((set) => ({ type: 'adjust', set, annotations, minReadySeconds: set.spec?.minReadySeconds ?? 0 }));
}

function roll(deployment: Deployment, young: ReplicaSet | undefined, old: readonly ReplicaSet[]): readonly Step[] {
  if (young === undefined) return [creation(deployment, old, Math.max(0, roomFor(deployment, old)))];
  const up = scaleNew(deployment, young, [...old, young]);
  return up.length > 0 ? scalings(up) : scalings(scaleOld(deployment, young, old));
}

function roomFor(deployment: Deployment, old: readonly ReplicaSet[]): number {
  if (!old.every(isObserved)) return 0;
  const wanted = wantedReplicas(deployment);
  return Math.min(wanted, wanted + limitsOf(deployment).maxSurge - sum(old, occupiedBy));
}

function recreate(
  deployment: Deployment,
  young: ReplicaSet | undefined,
  old: readonly ReplicaSet[],
  podsOf: (set: ReplicaSet) => readonly Pod[],
): readonly Step[] {
  const running = old.filter((set) => replicasOf(set) > 0);
  if (running.length > 0) return scalings(running.map((set) => ({ set, replicas: 0 })));
  // Pods on their way out still run: nothing new before the last has ended.
  if (old.some((set) => podsOf(set).some((pod) => !hasEnded(pod)))) return [];
  const wanted = wantedReplicas(deployment);
  if (young === undefined) return [creation(deployment, old, wanted)];
  return replicasOf(young) === wanted ? [] : scalings([{ set: young, replicas: wanted }]);
}

function creation(deployment: Deployment, old: readonly ReplicaSet[], replicas: number): Step {
  const hash = shortHash(deployment.spec?.template ?? {}, deployment.status?.collisionCount ?? 0);
  return {
    type: 'create',
    name: `${deployment.metadata.name}-${hash}`,
    hash,
    replicas,
    revision: String(nextRevision(old)),
  };
}

/** A 64-bit number, as clients count: others than the controller may have set it. */
function nextRevision(old: readonly ReplicaSet[]): bigint {
  return old.map(revisionOf).reduce(larger, 0n) + 1n;
}

function larger(one: bigint, other: bigint): bigint {
  return one > other ? one : other;
}

/** The new set carries the Deployment's annotations and the highest revision; an undone one keeps its history. */
function upkeepOf(deployment: Deployment, young: ReplicaSet, old: readonly ReplicaSet[]): readonly Step[] {
  const revision = larger(revisionOf(young), nextRevision(old));
  const annotations = {
    ...inheritedAnnotations(deployment),
    ...scaleAnnotations(deployment),
    ...revisionAnnotations(young, revision),
  };
  const minReadySeconds = deployment.spec?.minReadySeconds ?? 0;
  const steps: Step[] = [];
  if (differs(young, annotations) || (young.spec?.minReadySeconds ?? 0) !== minReadySeconds) {
    steps.push({ type: 'adjust', set: young, annotations, minReadySeconds });
  }
  if (revisionOf(deployment) !== revision) steps.push({ type: 'mark-revision', revision: String(revision) });
  return steps;
}

function revisionAnnotations(young: ReplicaSet, revision: bigint): Readonly<Record<string, string>> {
  const before = revisionOf(young);
  if (before === revision) return { [revisionAnnotation]: String(revision) };
  const history = young.metadata.annotations?.[revisionHistoryAnnotation];
  const passed = [...(history === undefined ? [] : [history]), ...(before === 0n ? [] : [String(before)])].join(',');
  return { [revisionAnnotation]: String(revision), ...(passed === '' ? {} : { [revisionHistoryAnnotation]: passed }) };
}

function differs({ metadata }: ReplicaSet, annotations: Readonly<Record<string, string>>): boolean {
  return Object.entries(annotations).some(([name, value]) => metadata.annotations?.[name] !== value);
}

/** Old sets beyond the history limit go, the lowest revision first, once the rollout is complete. */
function cleanup(deployment: Deployment, old: readonly ReplicaSet[], { status }: Progress): readonly Step[] {
  const limit = deployment.spec?.revisionHistoryLimit ?? 10;
  if (limit === 2 ** 31 - 1 || !isComplete(deployment, status)) return [];
  const empty = old.filter(
    (set) =>
      replicasOf(set) === 0 &&
      (set.status?.replicas ?? 0) === 0 &&
      isObserved(set) &&
      set.metadata.deletionTimestamp === undefined,
  );
  const order = empty.toSorted((a, b) => Number(revisionOf(a) - revisionOf(b)) || byAge(a, b));
  return order.slice(0, Math.max(0, order.length - limit)).map((set) => ({ type: 'remove', set }));
}
