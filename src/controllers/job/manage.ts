/** Which pods a job starts and stops, as long as it is undecided. Either, never both at once. */
import type { Job } from '../../api/batch/job.ts';
import type { Pod } from '../../api/core/pod.ts';
import { inDeletionOrder } from '../workload/deletion-order.ts';
import { judgeFailure } from './failure-policy.ts';
import { hasIndex, lowestMissing, withIndexes } from './indexes.ts';
import {
  failuresOf,
  hasLimitPerIndex,
  heldUntil,
  ignoredFailuresOf,
  indexHeldUntil,
  indexOf,
  isGoing,
  isIndexed,
  isSuspended,
  waitsForEnd,
} from './job-pods.ts';
import { lastFailures, type Tally } from './tally.ts';

/** Pods created or removed in one round. */
const burst = 500;

export interface NewPod {
  readonly index?: number;
  /** Failures of the index before, for jobs with a limit per index. */
  readonly failures?: { readonly counted: number; readonly ignored: number };
}

export interface Management {
  readonly create: readonly NewPod[];
  readonly remove: readonly Pod[];
  /** Milliseconds until pods may be started again after failures. */
  readonly after?: number;
}

const nothing: Management = { create: [], remove: [] };

export function manage(job: Job, pods: readonly Pod[], active: readonly Pod[], counts: Tally, now: number): Management {
  if (isSuspended(job)) return { create: [], remove: active };
  const wanted = wantedActive(job, active.length, counts);
  const remove = superfluous(job, active, Math.max(0, active.length - wanted));
  if (remove.length > 0) return { create: [], remove: remove.slice(0, burst) };
  const going = waitsForEnd(job) ? pods.filter(isGoing) : [];
  const missing = Math.min(burst, wanted - active.length - going.length);
  if (missing <= 0) return nothing;
  const taken = [...active, ...going];
  if (hasLimitPerIndex(job)) return perIndex(job, pods, taken, counts, missing, now);
  const held = heldUntil(job, pods) - now;
  if (held > 0) return { ...nothing, after: held };
  if (!isIndexed(job)) return { ...nothing, create: Array.from({ length: missing }, () => ({})) };
  return { ...nothing, create: openIndexes(job, taken, counts, missing).map((index) => ({ index })) };
}

function wantedActive({ spec }: Job, active: number, { succeeded, failedIndexes, succeededIndexes }: Tally): number {
  const { completions, parallelism = 1 } = spec ?? {};
  // A work queue whose first worker has found it empty: the others finish what they have.
  if (completions === undefined) return succeeded > 0 ? active : parallelism;
  const failed = failedIndexes.reduce(
    (sum, [first, last]) => sum + (hasIndex(succeededIndexes, first) ? 0 : last - first + 1),
    0,
  );
  return Math.max(0, Math.min(parallelism, completions - succeeded - failed));
}

/** At least so many; of indexed jobs those without an index, beyond the last one, or second of their index first. */
function superfluous(job: Job, active: readonly Pod[], least: number): readonly Pod[] {
  const extra = isIndexed(job) ? misplaced(job, active) : [];
  const rest = active.filter((pod) => !extra.includes(pod));
  return [...extra, ...inDeletionOrder(rest).slice(0, Math.max(0, least - extra.length))];
}

function misplaced({ spec }: Job, active: readonly Pod[]): readonly Pod[] {
  const groups = Map.groupBy(active, (pod) => indexOf(pod) ?? -1);
  return [...groups].flatMap(([index, group]) => {
    if (index < 0 || index >= (spec?.completions ?? 0)) return group;
    return group.length === 1 ? [] : inDeletionOrder(group).slice(0, -1);
  });
}

function indexesOfPods(pods: readonly Pod[]): readonly number[] {
  return pods.flatMap((pod) => indexOf(pod) ?? []);
}

/** Indexes that need no further pod: they have one, or had their last. */
export function closedIndexes(counts: Tally, active: readonly Pod[]): (index: number) => boolean {
  const running = new Set(indexesOfPods(active));
  return (index) =>
    running.has(index) || hasIndex(counts.succeededIndexes, index) || hasIndex(counts.failedIndexes, index);
}

function openIndexes({ spec }: Job, taken: readonly Pod[], counts: Tally, count: number): readonly number[] {
  const closed = withIndexes([...counts.succeededIndexes, ...counts.failedIndexes], indexesOfPods(taken));
  return lowestMissing(closed, count, spec?.completions ?? 0);
}

/** Each index waits for itself, and the first open ones for their turn: those behind them do not overtake. */
function perIndex(
  job: Job,
  pods: readonly Pod[],
  taken: readonly Pod[],
  counts: Tally,
  missing: number,
  now: number,
): Management {
  const last = lastFailures(job, pods, closedIndexes(counts, taken));
  const candidates = openIndexes(job, taken, counts, missing).map((index) => ({
    index,
    before: last.get(index),
    held: indexHeldUntil(last.get(index)) - now,
  }));
  const ready = candidates.filter(({ held }) => held <= 0);
  const waits = candidates.filter(({ held }) => held > 0).map(({ held }) => held);
  return {
    ...nothing,
    create: ready.map(({ index, before }) => ({ index, failures: failuresAfter(job, before) })),
    ...(waits.length > 0 && { after: Math.min(...waits) }),
  };
}

function failuresAfter(job: Job, pod: Pod | undefined): { readonly counted: number; readonly ignored: number } {
  if (pod === undefined) return { counted: 0, ignored: 0 };
  const { counts } = judgeFailure(job, pod);
  return { counted: failuresOf(pod) + (counts ? 1 : 0), ignored: ignoredFailuresOf(pod) + (counts ? 0 : 1) };
}
