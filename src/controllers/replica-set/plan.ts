/** What a ReplicaSet or ReplicationController needs: a pure function of it and the pods that it owns. */
import type { Pod } from '../../api/core/pod.ts';
import type { ReplicaSet, ReplicaSetStatus } from '../../api/apps/replica-set.ts';
import { matches, selectorOfMap } from '../../schema/selector.ts';
import { availableAt, inDeletionOrder, isActive, isReady } from '../workload/pods.ts';

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
  const difference = deleted ? 0 : (set.spec?.replicas ?? 1) - active.length;
  const minReadySeconds = set.spec?.minReadySeconds ?? 0;
  const due = active.flatMap((pod) => availableAt(pod, minReadySeconds) ?? []).filter((at) => at > now);
  return {
    create: Math.min(burst, Math.max(0, difference)),
    remove: difference < 0 ? inDeletionOrder(active, crowdOf(related())).slice(0, Math.min(burst, -difference)) : [],
    status: statusOf(set, owned, active, minReadySeconds, now),
    ...(due.length === 0 ? {} : { after: Math.min(...due) - now }),
  };
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
