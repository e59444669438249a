/** A DaemonSet's pods as they are on each node, and how many of them an update may touch. */
import type { DaemonSet } from '../../api/apps/daemon-set.ts';
import type { Node } from '../../api/core/node.ts';
import type { Pod } from '../../api/core/pod.ts';
import { parseTimestamp } from '../../base/clock.ts';
import { amountOf } from '../workload/hash.ts';
import { revisionHashLabel } from '../workload/revisions.ts';

export interface NodePods {
  readonly node: Node;
  /** A pod should be started there. */
  readonly run: boolean;
  /** A pod that is there may stay. */
  readonly stay: boolean;
  /** Those that are being deleted, too, until they have ended. */
  readonly pods: readonly Pod[];
}

export interface Changes {
  /** Names of nodes that get a pod. */
  readonly create: readonly string[];
  readonly remove: readonly Pod[];
}

export function isLiving({ metadata }: Pod): boolean {
  return metadata.deletionTimestamp === undefined;
}

/** Of the present template. */
export function isYoung({ metadata }: Pod, hash: string): boolean {
  return metadata.labels?.[revisionHashLabel] === hash;
}

/** Which of several pods of a node is kept, and speaks for it: one that is scheduled, then the oldest. */
export function byPrecedence(left: Pod, right: Pod): number {
  const placed = (pod: Pod): number => ((pod.spec?.nodeName ?? '') === '' ? 1 : 0);
  const created = ({ metadata }: Pod): number => parseTimestamp(metadata.creationTimestamp);
  return (
    placed(left) - placed(right) ||
    created(left) - created(right) ||
    (left.metadata.name < right.metadata.name ? -1 : 1)
  );
}

interface Limits {
  readonly maxSurge: number;
  readonly maxUnavailable: number;
}

/** For so many nodes; shares are rounded up. */
export function limitsOf({ spec }: DaemonSet, nodes: number): Limits {
  if (spec?.updateStrategy?.type === 'OnDelete') return { maxSurge: 0, maxUnavailable: 0 };
  const { maxSurge = 0, maxUnavailable = 1 } = spec?.updateStrategy?.rollingUpdate ?? {};
  const surge = amountOf(maxSurge, nodes, Math.ceil);
  const unavailable = amountOf(maxUnavailable, nodes, Math.ceil);
  // With both zero nothing could ever move.
  return { maxSurge: surge, maxUnavailable: surge === 0 && unavailable === 0 ? 1 : unavailable };
}
