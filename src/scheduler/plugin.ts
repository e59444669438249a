/**
 * What a scheduling plugin is. Plugins are pure: `prepare` looks at the pod and the cluster once for a
 * decision and returns closures that judge one node each, so that per-node work is as small as it can be.
 */
import type { Namespace } from '../api/core/namespace.ts';
import type { PersistentVolume } from '../api/core/persistent-volume.ts';
import type { PersistentVolumeClaim } from '../api/core/persistent-volume-claim.ts';
import type { Pod } from '../api/core/pod.ts';
import type { StorageClass } from '../api/storage/storage-class.ts';
import type { NodeView } from './snapshot.ts';

/** Why a node cannot take the pod, in upstream's words. */
export interface Rejection {
  readonly reasons: readonly string[];
  /** Removing other pods cannot help: preemption leaves this node alone. */
  readonly unresolvable: boolean;
}

/** What plugins may read beside nodes and pods. Synchronous: caches. */
export interface World {
  readonly nodes: readonly NodeView[];
  namespace(name: string): Namespace | undefined;
  claim(namespace: string, name: string): PersistentVolumeClaim | undefined;
  volume(name: string): PersistentVolume | undefined;
  volumes(): readonly PersistentVolume[];
  storageClass(name: string): StorageClass | undefined;
  /** Selectors of Services, ReplicaSets and the like that select the pod; for default spreading. */
  selectorsOf(pod: Pod): readonly Readonly<Record<string, string>>[];
}

export interface Prepared {
  /** The pod cannot go anywhere, whatever the node: said once instead of for each node. */
  readonly rejectsAll?: Rejection;
  /** undefined: the node is fine. Absent: the plugin has nothing to say about this pod. */
  readonly filter?: (node: NodeView) => Rejection | undefined;
  /** Raw score of a node that passed all filters. */
  readonly score?: (node: NodeView) => number;
  /** Turns the raw scores of all candidates into 0..100. Absent: they already are. */
  readonly normalize?: (scores: readonly number[]) => readonly number[];
}

export interface Plugin {
  /** Upstream's name. */
  readonly name: string;
  /** Factor of its score. */
  readonly weight: number;
  prepare(pod: Pod, world: World): Prepared;
}

export const unresolvable = (...reasons: readonly string[]): Rejection => ({ reasons, unresolvable: true });
export const resolvable = (...reasons: readonly string[]): Rejection => ({ reasons, unresolvable: false });

export const maxScore = 100;

/** Stretches scores so that the highest is 100; with `reverse`, so that the highest becomes 0. */
export function stretch(scores: readonly number[], reverse = false): readonly number[] {
  const highest = Math.max(0, ...scores);
  if (highest === 0) return reverse ? scores.map(() => maxScore) : scores;
  const scaled = scores.map((score) => Math.floor((score * maxScore) / highest));
  return reverse ? scaled.map((score) => maxScore - score) : scaled;
}
