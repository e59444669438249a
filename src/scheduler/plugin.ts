/**
 * What a scheduling plugin is. Plugins are pure: `prepare` looks at the pod and the cluster once for a
 * decision and returns closures that judge one node each, so that per-node work is as small as it can be.
 */
import type { Namespace } from '../api/core/namespace.ts';
import type { PersistentVolume } from '../api/core/persistent-volume.ts';
import type { PersistentVolumeClaim } from '../api/core/persistent-volume-claim.ts';
import type { Pod } from '../api/core/pod.ts';
import type { CSIDriver } from '../api/storage/csi-driver.ts';
import type { CSINode } from '../api/storage/csi-node.ts';
import type { CSIStorageCapacity } from '../api/storage/csi-storage-capacity.ts';
import type { StorageClass } from '../api/storage/storage-class.ts';
import type { VolumeAttachment } from '../api/storage/volume-attachment.ts';
import { matches, type Selector } from '../schema/selector.ts';
import type { NodeTraits } from './node-traits.ts';
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
  node(name: string): NodeView | undefined;
  /** Those of the nodes on which pods with inter-pod affinity or anti-affinity of their own are. */
  readonly nodesWithAffinity: readonly NodeView[];
  /** How many pods of the namespace the selector selects, by node; those that are being deleted do not count. */
  podsMatching(namespace: string, selector: Selector): ReadonlyMap<string, number>;
  /** The same by what nodes have in common. */
  podsMatchingByTraits(namespace: string, selector: Selector): ReadonlyMap<NodeTraits, number>;
  /** How many nodes have the image. */
  nodesWithImage(name: string): number;
  namespace(name: string): Namespace | undefined;
  claim(namespace: string, name: string): PersistentVolumeClaim | undefined;
  volume(name: string): PersistentVolume | undefined;
  volumes(): readonly PersistentVolume[];
  storageClass(name: string): StorageClass | undefined;
  csiDriver(name: string): CSIDriver | undefined;
  csiNode(name: string): CSINode | undefined;
  storageCapacities(): readonly CSIStorageCapacity[];
  /** What is attached to a node, or is about to be. */
  attachments(node: string): readonly VolumeAttachment[];
  /** Selectors of Services, ReplicaSets and the like that select the pod; for default spreading. */
  selectorsOf(pod: Pod): readonly Readonly<Record<string, string>>[];
}

export interface Prepared {
  /** The pod cannot go anywhere, whatever the node: said once instead of for each node. */
  readonly rejectsAll?: Rejection;
  /** Names of the only nodes that can do: no other is looked at. */
  readonly only?: ReadonlySet<string>;
  /** undefined: the node is fine. Absent: the plugin has nothing to say about this pod. */
  readonly filter?: (node: NodeView) => Rejection | undefined;
  /** Raw score of a node that passed all filters. */
  readonly score?: Scoring['score'];
  readonly normalize?: Scoring['normalize'];
  /** Instead of both, where what is to be prepared depends on which nodes are left. */
  readonly scoring?: (candidates: readonly NodeView[]) => Scoring;
}

export interface Scoring {
  readonly score: (node: NodeView) => number;
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

/** The same cluster with some nodes as they would be if something were done to them. */
export function worldWithNodes(world: World, nodes: readonly NodeView[]): World {
  return {
    ...world,
    nodes,
    node: (name) => nodes.find((view) => view.name === name),
    nodesWithAffinity: nodes.filter(({ podsWithAffinity }) => podsWithAffinity.size > 0),
    podsMatching: (namespace, selector) =>
      new Map(nodes.map((view) => [view.name, matchingOn(view, namespace, selector)] as const)),
    podsMatchingByTraits: (namespace, selector) => {
      const counts = new Map<NodeTraits, number>();
      for (const view of nodes) {
        counts.set(view.traits, (counts.get(view.traits) ?? 0) + matchingOn(view, namespace, selector));
      }
      return counts;
    },
  };
}

function matchingOn({ pods }: NodeView, namespace: string, selector: Selector): number {
  let count = 0;
  for (const { metadata } of pods.values()) {
    if (metadata.deletionTimestamp !== undefined || (metadata.namespace ?? '') !== namespace) continue;
    if (matches(selector, metadata.labels)) count += 1;
  }
  return count;
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
