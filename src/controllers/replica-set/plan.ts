/** What a ReplicaSet or ReplicationController needs: a pure function of it and the pods that it owns. */
import type { Pod } from '../../api/core/pod.ts';
import type { ReplicaSet, ReplicaSetStatus } from '../../api/apps/replica-set.ts';
import { parseTimestamp } from '../../base/clock.ts';
import { matches, selectorOfMap } from '../../schema/selector.ts';
import { inDeletionOrder } from '../workload/deletion-order.ts';
import { availableAt, isActive, isReady } from '../workload/pods.ts';

/** Pods created or deleted in one round; the rest follows when these have been seen. */
export const burst = 500;

export interface ReplicaPlan {
  /** How many pods to create. */
  readonly create: number;
  readonly remove: readonly Pod[];
  readonly status: ReplicaSetStatus;
  /** Milliseconds until a pod will have been ready for long enough. */
  readonly after?: number;
}

/** `related`: pods of sibling ReplicaSets too, which tell how crowded nodes are. */
export function planReplicas(
  set: ReplicaSet,
  owned: readonly Pod[],
  related: () => readonly Pod[],
  now: number,
): ReplicaPlan {
  const active = owned.filter(isActive);
  const deleted = set.metadata.deletionTimestamp !== undefined;
  const replicas = set.spec?.replicas ?? 1;
  const difference = deleted ? 0 : replicas - active.length;
  const pause = difference > 0 ? pauseAfterFailures(owned, replicas, now) : 0;
  const minReadySeconds = set.spec?.minReadySeconds ?? 0;
  const due = active.flatMap((pod) => availableAt(pod, minReadySeconds) ?? []).filter((at) => at > now);
  if (pause > 0) due.push(now + pause);
  return {
    create: pause > 0 ? 0 : Math.min(burst, Math.max(0, difference)),
    remove: difference < 0 ? givenUp(active, -difference, related, now) : [],
    status: statusOf(set, owned, active, minReadySeconds, now),
    ...(due.length === 0 ? {} : { after: Math.min(...due) - now }),
  };
}

function givenUp(active: readonly Pod[], count: number, related: () => readonly Pod[], now: number): readonly Pod[] {
  // Of all of them none goes before another.
  if (count >= active.length) return active.slice(0, burst);
  return inDeletionOrder(active, { crowd: crowdOf(related()), now }).slice(0, Math.min(burst, count));
}

/** Milliseconds. */
const failures = { window: 600_000, firstPause: 1_000, longestPause: 300_000 };
/** How many pods may fail in the place of each before others have to wait. */
const patience = 3;

/**
 * Milliseconds until failed pods may be replaced again. Pods that a node refuses or throws out as soon as they come
 * would otherwise be made and fail without end, as fast as the API can. Each place may see three in ten minutes; from
 * then on the pause doubles with each further round. All of it is read off the failed pods, so a restart forgets
 * nothing, and who deletes them starts afresh.
 */
function pauseAfterFailures(owned: readonly Pod[], replicas: number, now: number): number {
  const failed = owned
    .filter(({ status, metadata }) => status?.phase === 'Failed' && metadata.deletionTimestamp === undefined)
    .map(({ metadata }) => parseTimestamp(metadata.creationTimestamp))
    .filter((at) => at > now - failures.window);
  const rounds = Math.floor(failed.length / Math.max(1, replicas));
  if (rounds < patience) return 0;
  const pause = Math.min(failures.longestPause, failures.firstPause * 2 ** (rounds - patience));
  return Math.max(0, Math.max(...failed) + pause - now);
}

function statusOf(
  set: ReplicaSet,
  owned: readonly Pod[],
  active: readonly Pod[],
  minReadySeconds: number,
  now: number,
): ReplicaSetStatus {
  const template = selectorOfMap(set.spec?.template?.metadata?.labels ?? {});
  const available = active.filter((pod) => (availableAt(pod, minReadySeconds) ?? Infinity) <= now);
  const { conditions } = set.status ?? {};
  return {
    replicas: active.length,
    fullyLabeledReplicas: active.filter(({ metadata }) => matches(template, metadata.labels)).length,
    readyReplicas: active.filter(isReady).length,
    availableReplicas: available.length,
    terminatingReplicas: owned.filter(({ metadata }) => metadata.deletionTimestamp !== undefined).length,
    observedGeneration: set.metadata.generation ?? 0,
    ...(conditions === undefined ? {} : { conditions }),
  };
}

function crowdOf(pods: readonly Pod[]): ReadonlyMap<string, number> {
  const crowd = new Map<string, number>();
  for (const { spec } of pods.filter(isActive))
    crowd.set(spec?.nodeName ?? '', (crowd.get(spec?.nodeName ?? '') ?? 0) + 1);
  return crowd;
}
