/**
 * How many replicas each ReplicaSet of a Deployment should have next: pure arithmetic. Each function returns
 * the sets whose number changes; nothing is decided before an earlier change has been seen.
 */
import type { Deployment } from '../../api/apps/deployment.ts';
import type { ReplicaSet } from '../../api/apps/replica-set.ts';
import {
  availableOf,
  byAge,
  desiredAnnotation,
  isObserved,
  limitsOf,
  maxAnnotation,
  mostReplicas,
  occupiedBy,
  replicasOf,
  sum,
  wantedReplicas,
} from './replica-sets.ts';

export interface Scaling {
  readonly set: ReplicaSet;
  readonly replicas: number;
}

/**
 * Up as far as the surge allows, or down when the Deployment itself has become smaller. Up only when all sets have
 * told what the last change made of them: counting on a promise would exceed the surge for a moment.
 */
export function scaleNew(deployment: Deployment, young: ReplicaSet, all: readonly ReplicaSet[]): readonly Scaling[] {
  const wanted = wantedReplicas(deployment);
  const present = replicasOf(young);
  if (present === wanted) return [];
  if (present > wanted) return [{ set: young, replicas: wanted }];
  if (!all.every(isObserved)) return [];
  const room = mostReplicas(deployment) - sum(all, occupiedBy);
  const replicas = present + Math.min(room, wanted - present);
  return room <= 0 ? [] : [{ set: young, replicas }];
}

/** Old sets give up pods that are not available first, then as many others as availability allows. */
export function scaleOld(
  deployment: Deployment,
  young: ReplicaSet | undefined,
  old: readonly ReplicaSet[],
): readonly Scaling[] {
  const all = [...old, ...(young === undefined ? [] : [young])];
  const least = wantedReplicas(deployment) - limitsOf(deployment).maxUnavailable;
  const youngMissing = young === undefined ? 0 : replicasOf(young) - availableOf(young);
  const mostRemovable = sum(all, replicasOf) - least - youngMissing;
  if (sum(old, replicasOf) === 0 || mostRemovable <= 0) return [];
  const next = new Map(old.map((set) => [set, replicasOf(set)]));
  takeBroken(next, mostRemovable);
  // A set that shrinks still counts pods as available that it is about to delete.
  const spare = sum(all, (set) => Math.min(availableOf(set), replicasOf(set))) - least;
  take(next, Math.max(0, spare), (set, left) => Math.min(left, replicasOf(set)));
  return [...next]
    .filter(([set, replicas]) => replicas !== replicasOf(set))
    .map(([set, replicas]) => ({ set, replicas }));
}

function takeBroken(next: Map<ReplicaSet, number>, most: number): void {
  let left = most;
  for (const [set, replicas] of [...next].toSorted(([a], [b]) => byAge(a, b))) {
    const broken = Math.max(0, replicas - availableOf(set));
    const taken = Math.min(left, broken);
    left -= taken;
    next.set(set, replicas - taken);
  }
}

function take(next: Map<ReplicaSet, number>, most: number, share: (set: ReplicaSet, replicas: number) => number): void {
  let left = most;
  for (const [set, replicas] of [...next].toSorted(([a], [b]) => byAge(a, b))) {
    const taken = Math.min(left, share(set, replicas));
    left -= taken;
    next.set(set, replicas - taken);
  }
}

/** Whether the number of replicas was changed since the active sets were last scaled. */
export function isScalingEvent(deployment: Deployment, sets: readonly ReplicaSet[]): boolean {
  return sets.some((set) => {
    const desired = set.metadata.annotations?.[desiredAnnotation];
    return replicasOf(set) > 0 && desired !== undefined && Number(desired) !== wantedReplicas(deployment);
  });
}

/** A change of the Deployment's own number: one set takes all of it, several share it in proportion. */
export function scaleAll(
  deployment: Deployment,
  young: ReplicaSet | undefined,
  old: readonly ReplicaSet[],
): readonly Scaling[] {
  const wanted = wantedReplicas(deployment);
  const active = [...old, ...(young === undefined ? [] : [young])].filter((set) => replicasOf(set) > 0);
  const latest = young ?? old.toSorted(byAge).at(-1);
  if (active.length <= 1) {
    const only = active[0] ?? latest;
    return only === undefined || replicasOf(only) === wanted ? [] : [{ set: only, replicas: wanted }];
  }
  if (young !== undefined && isSaturated(deployment, young)) {
    return old.filter((set) => replicasOf(set) > 0).map((set) => ({ set, replicas: 0 }));
  }
  return deployment.spec?.strategy?.type === 'Recreate' ? [] : shareOut(deployment, active);
}

function isSaturated(deployment: Deployment, young: ReplicaSet): boolean {
  const wanted = wantedReplicas(deployment);
  const desired = Number(young.metadata.annotations?.[desiredAnnotation] ?? NaN);
  return replicasOf(young) === wanted && desired === wanted && availableOf(young) === wanted;
}

function shareOut(deployment: Deployment, active: readonly ReplicaSet[]): readonly Scaling[] {
  const allowed = wantedReplicas(deployment) > 0 ? mostReplicas(deployment) : 0;
  const toAdd = allowed - sum(active, replicasOf);
  // The largest first; among equals the younger when growing, the older when shrinking.
  const order = active.toSorted((a, b) => replicasOf(b) - replicasOf(a) || (toAdd > 0 ? byAge(b, a) : byAge(a, b)));
  let added = 0;
  const next = order.map((set) => {
    const share = toAdd === 0 ? 0 : bounded(shareOf(deployment, set), toAdd, added);
    added += share;
    return { set, replicas: replicasOf(set) + share };
  });
  return next
    .map((scaling, at) =>
      at === 0 ? { ...scaling, replicas: Math.max(0, scaling.replicas + toAdd - added) } : scaling,
    )
    .filter(({ set, replicas }) => replicas !== replicasOf(set));
}

/** Rounding must not hand out more than there is: nothing, once all is handed out. */
function bounded(share: number, toAdd: number, added: number): number {
  return toAdd > 0 ? Math.min(share, toAdd - added) : Math.max(share, toAdd - added);
}

function shareOf(deployment: Deployment, set: ReplicaSet): number {
  if (wantedReplicas(deployment) === 0) return -replicasOf(set);
  const before = Number(set.metadata.annotations?.[maxAnnotation] ?? deployment.status?.replicas ?? 0);
  if (before === 0) return 0;
  return Math.round((replicasOf(set) * mostReplicas(deployment)) / before) - replicasOf(set);
}
