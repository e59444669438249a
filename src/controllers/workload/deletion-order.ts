/** The order in which controllers give up pods. */
import type { Pod } from '../../api/core/pod.ts';
import { parseTimestamp } from '../../base/clock.ts';
import { isReady, readyCondition } from './pods.ts';

const deletionCost = 'controller.kubernetes.io/pod-deletion-cost';
const phaseRank: Readonly<Record<string, number>> = { Pending: 0, Unknown: 1, Running: 2 };

export interface Ranking {
  /** Related pods by node. */
  readonly crowd: ReadonlyMap<string, number>;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

/**
 * Without a node before placed, pending before running, not ready before ready; then, for who ranks, cheap before dear
 * and on crowded nodes before others; then ready for a short time before long, restarted often before seldom, young
 * before old. Who ranks compares times by their order of magnitude, and takes any of about the same age: a burst of
 * new pods, which the scheduler may have put in one zone, shall not be the one that always goes.
 */
export function inDeletionOrder(pods: readonly Pod[], ranking?: Ranking): readonly Pod[] {
  return pods.toSorted(
    (left, right) =>
      Number(isPlaced(left)) - Number(isPlaced(right)) ||
      phaseOf(left) - phaseOf(right) ||
      Number(isReady(left)) - Number(isReady(right)) ||
      byRank(left, right, ranking) ||
      byTime(left, right, readySince, ranking) ||
      restartsOf(right) - restartsOf(left) ||
      sidecarRestartsOf(right) - sidecarRestartsOf(left) ||
      byTime(left, right, ({ metadata }) => parseTimestamp(metadata.creationTimestamp), ranking),
  );
}

function byRank(left: Pod, right: Pod, ranking: Ranking | undefined): number {
  if (ranking === undefined) return 0;
  const crowdOf = ({ spec }: Pod): number => ranking.crowd.get(spec?.nodeName ?? '') ?? 0;
  return costOf(left) - costOf(right) || crowdOf(right) - crowdOf(left);
}

/** What is not known counts as just now. */
function byTime(left: Pod, right: Pod, timeOf: (pod: Pod) => number, ranking: Ranking | undefined): number {
  const [a, b] = [timeOf(left), timeOf(right)].map((time) => (Number.isNaN(time) ? Infinity : time)) as [
    number,
    number,
  ];
  if (a === b) return 0;
  if (ranking === undefined || a === Infinity || b === Infinity) return a > b ? -1 : 1;
  const sooner = magnitudeOf(ranking.now - a) - magnitudeOf(ranking.now - b);
  return sooner === 0 ? (left.metadata.uid < right.metadata.uid ? -1 : 1) : sooner;
}

/** In powers of two of nanoseconds, where upstream's steps lie; -1 for what is still to come. */
function magnitudeOf(milliseconds: number): number {
  return milliseconds <= 0 ? -1 : Math.floor(Math.log2(milliseconds * 1e6));
}

function isPlaced({ spec }: Pod): boolean {
  return (spec?.nodeName ?? '') !== '';
}

function phaseOf({ status }: Pod): number {
  return phaseRank[status?.phase ?? ''] ?? 0;
}

/** What is no whole number of 32 bits, as Go writes it, is none. */
function costOf({ metadata }: Pod): number {
  const text = metadata.annotations?.[deletionCost] ?? '';
  const cost = Number(text);
  return /^(?:0|-\d+|[1-9]\d*)$/.test(text) && cost >= -(2 ** 31) && cost < 2 ** 31 ? cost : 0;
}

/** Zero for pods that are not ready: those are not told apart by it. */
function readySince(pod: Pod): number {
  return isReady(pod) ? parseTimestamp(readyCondition(pod)?.lastTransitionTime ?? '') : 0;
}

function restartsOf({ status }: Pod): number {
  return Math.max(0, ...(status?.containerStatuses ?? []).map(({ restartCount }) => restartCount));
}

function sidecarRestartsOf({ spec, status }: Pod): number {
  const sidecars = new Set(
    (spec?.initContainers ?? []).filter(({ restartPolicy }) => restartPolicy === 'Always').map(({ name }) => name),
  );
  const statuses = (status?.initContainerStatuses ?? []).filter(({ name }) => sidecars.has(name));
  return Math.max(0, ...statuses.map(({ restartCount }) => restartCount));
}
