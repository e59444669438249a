/**
 * Counting pods so that each counts once, whatever is restarted when. A pod that has ended is first noted in
 * the status, by its uid (or, for successes of indexed jobs, by its index); then its finalizer is taken away;
 * and when the pod is seen without it, the note becomes a number.
 */
import type { Job, JobStatus } from '../../api/batch/job.ts';
import type { Pod } from '../../api/core/pod.ts';
import { judgeFailure } from './failure-policy.ts';
import { formatIndexes, indexesOf, totalOf, withIndexes, type IndexSet } from './indexes.ts';
import {
  endedAt,
  endsIndex,
  failuresOf,
  hasFailed,
  hasLimitPerIndex,
  hasSucceeded,
  ignoredFailuresOf,
  indexOf,
  isEligible,
  isIndexed,
  isTracked,
} from './job-pods.ts';

/** Pods noted in one round; the others follow. */
const mostNoted = 500;

export interface Tally {
  /** Those counted and those that ended since. */
  readonly succeeded: number;
  readonly failed: number;
  readonly succeededIndexes: IndexSet;
  readonly failedIndexes: IndexSet;
}

interface Notes {
  readonly succeeded: readonly string[];
  readonly failed: readonly string[];
}

/** The status with notes about pods that are released become numbers. */
export function settled({ status = {} }: Job, pods: readonly Pod[]): JobStatus {
  const { succeeded = [], failed = [] } = status.uncountedTerminatedPods ?? {};
  const tracked = new Set(pods.filter(isTracked).map(({ metadata }) => metadata.uid));
  const left = (uids: readonly string[]): readonly string[] => uids.filter((uid) => tracked.has(uid));
  return {
    ...status,
    uncountedTerminatedPods: notesOf(left(succeeded), left(failed)),
    succeeded: (status.succeeded ?? 0) + succeeded.length - left(succeeded).length,
    failed: (status.failed ?? 0) + failed.length - left(failed).length,
  };
}

function notesOf(succeeded: readonly string[], failed: readonly string[]): Partial<Notes> {
  return { ...(succeeded.length > 0 && { succeeded }), ...(failed.length > 0 && { failed }) };
}

export function tally(job: Job, status: JobStatus, pods: readonly Pod[]): Tally {
  const { succeeded = [], failed = [] } = status.uncountedTerminatedPods ?? {};
  const noted = new Set([...succeeded, ...failed]);
  const fresh = pods.filter((pod) => isTracked(pod) && isEligible(job, pod) && !noted.has(pod.metadata.uid));
  const failures = fresh.filter((pod) => hasFailed(job, pod) && judgeFailure(job, pod).counts);
  const succeededIndexes = succeededSet(job, pods);
  return {
    succeeded: isIndexed(job)
      ? totalOf(succeededIndexes)
      : (status.succeeded ?? 0) + succeeded.length + fresh.filter(hasSucceeded).length,
    failed: (status.failed ?? 0) + failed.length + failures.length,
    succeededIndexes,
    failedIndexes: failedSet(job, pods),
  };
}

function succeededSet(job: Job, pods: readonly Pod[]): IndexSet {
  if (!isIndexed(job)) return [];
  const fresh = pods.filter((pod) => isTracked(pod) && isEligible(job, pod) && hasSucceeded(pod));
  return withIndexes(
    indexesOf(job.status?.completedIndexes, job.spec?.completions ?? 0),
    fresh.map((pod) => indexOf(pod) ?? 0),
  );
}

function failedSet(job: Job, pods: readonly Pod[]): IndexSet {
  if (!hasLimitPerIndex(job)) return [];
  const fresh = pods.filter((pod) => isTracked(pod) && isEligible(job, pod) && endsIndex(job, pod));
  return withIndexes(
    indexesOf(job.status?.failedIndexes, job.spec?.completions ?? 0),
    fresh.map((pod) => indexOf(pod) ?? 0),
  );
}

/**
 * The last failed pod of each index that is to be tried again. It keeps its finalizer until its successor is
 * there, because it carries the count of the index's failures.
 */
export function lastFailures(
  job: Job,
  pods: readonly Pod[],
  closed: (index: number) => boolean,
): ReadonlyMap<number, Pod> {
  const result = new Map<number, Pod>();
  if (!hasLimitPerIndex(job)) return result;
  for (const pod of pods) {
    const index = indexOf(pod);
    if (index === undefined || !isEligible(job, pod) || !hasFailed(job, pod) || closed(index)) continue;
    const known = result.get(index);
    if (known === undefined || isLater(pod, known)) result.set(index, pod);
  }
  return result;
}

function isLater(pod: Pod, known: Pod): boolean {
  return (
    attemptsOf(pod) > attemptsOf(known) || (attemptsOf(pod) === attemptsOf(known) && endedAt(pod) >= endedAt(known))
  );
}

function attemptsOf(pod: Pod): number {
  return failuresOf(pod) + ignoredFailuresOf(pod);
}

export interface Noted {
  readonly status: JobStatus;
  /** Pods whose finalizer can go once the status is written. */
  readonly release: readonly Pod[];
  /** Whether everything fitted. */
  readonly whole: boolean;
}

export interface NoteOptions {
  readonly tally: Tally;
  /** The job fails: whatever still runs counts as failed. */
  readonly failing: boolean;
  /** The job is decided or deleted: all pods are released. */
  readonly over: boolean;
  readonly keep: ReadonlySet<Pod>;
}

export function note(job: Job, status: JobStatus, pods: readonly Pod[], options: NoteOptions): Noted {
  const succeeded = [...(status.uncountedTerminatedPods?.succeeded ?? [])];
  const failed = [...(status.uncountedTerminatedPods?.failed ?? [])];
  const known = new Set([...succeeded, ...failed]);
  const indexes: number[] = [];
  const release = pods.filter((pod) => isTracked(pod) && !options.keep.has(pod) && isReleasable(job, pod, options));
  const fitting = release.slice(0, mostNoted);
  for (const pod of fitting) {
    const { uid } = pod.metadata;
    if (known.has(uid) || !isEligible(job, pod)) continue;
    if (hasSucceeded(pod)) {
      if (isIndexed(job)) indexes.push(indexOf(pod) ?? 0);
      else succeeded.push(uid);
    } else if (countsAsFailed(job, pod, options)) failed.push(uid);
  }
  const next = { ...status, uncountedTerminatedPods: notesOf(succeeded, failed) };
  return {
    status: withIndexSets(job, next, indexes, options.tally),
    release: fitting,
    whole: fitting.length === release.length,
  };
}

function isReleasable(job: Job, pod: Pod, { over }: NoteOptions): boolean {
  return over || hasSucceeded(pod) || hasFailed(job, pod);
}

/** Pods that are stopped because the job fails have failed; those of one that has succeeded have not. */
function countsAsFailed(job: Job, pod: Pod, { failing, over }: NoteOptions): boolean {
  const failed = over ? failing || pod.status?.phase === 'Failed' : hasFailed(job, pod);
  return failed && judgeFailure(job, pod).counts;
}

function withIndexSets(job: Job, status: JobStatus, indexes: readonly number[], { failedIndexes }: Tally): JobStatus {
  if (!isIndexed(job)) return status;
  const completed = withIndexes(indexesOf(job.status?.completedIndexes, job.spec?.completions ?? 0), indexes);
  return {
    ...status,
    succeeded: totalOf(completed),
    completedIndexes: formatIndexes(completed),
    ...(hasLimitPerIndex(job) && { failedIndexes: formatIndexes(failedIndexes) }),
  };
}
