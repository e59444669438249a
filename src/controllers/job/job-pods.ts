/** What a job wants to know of its pods. */
import type { Job } from '../../api/batch/job.ts';
import type { Pod } from '../../api/core/pod.ts';
import { parseTimestamp } from '../../base/clock.ts';
import { pauseAfter, type Pauses } from '../../base/pauses.ts';
import { judgeFailure } from './failure-policy.ts';

/** Keeps a pod until it has been counted. */
export const trackingFinalizer = 'batch.kubernetes.io/job-tracking';
export const indexAnnotation = 'batch.kubernetes.io/job-completion-index';
export const failureCount = 'batch.kubernetes.io/job-index-failure-count';
export const ignoredFailureCount = 'batch.kubernetes.io/job-index-ignored-failure-count';

/** Milliseconds before a pod follows one that failed: doubled for each further failure. */
const backoff: Pauses = { first: 10_000, longest: 600_000 };

export function isTracked({ metadata }: Pod): boolean {
  return metadata.finalizers?.includes(trackingFinalizer) === true;
}

export function isIndexed({ spec }: Job): boolean {
  return spec?.completionMode === 'Indexed';
}

export function isSuspended({ spec }: Job): boolean {
  return spec?.suspend === true;
}

export function hasLimitPerIndex(job: Job): boolean {
  return isIndexed(job) && job.spec?.backoffLimitPerIndex !== undefined;
}

/** Undefined: the pod has none, or none that is valid. */
export function indexOf({ metadata }: Pod): number | undefined {
  const index = Number(metadata.annotations?.[indexAnnotation] ?? Number.NaN);
  return Number.isInteger(index) && index >= 0 ? index : undefined;
}

/** Whether its end counts: pods of an indexed job must be one of its indexes. */
export function isEligible(job: Job, pod: Pod): boolean {
  return !isIndexed(job) || (indexOf(pod) ?? Infinity) < (job.spec?.completions ?? 0);
}

/** Pods are replaced when they have ended, not when they begin to go. */
export function waitsForEnd({ spec }: Job): boolean {
  return spec?.podReplacementPolicy === 'Failed' || spec?.podFailurePolicy !== undefined;
}

export function hasSucceeded({ status }: Pod): boolean {
  return status?.phase === 'Succeeded';
}

/** Pods on their way out count as failed, since some never get to say how they ended. */
export function hasFailed(job: Job, { metadata, status }: Pod): boolean {
  if (status?.phase === 'Failed') return true;
  if (waitsForEnd(job)) return false;
  return metadata.deletionTimestamp !== undefined && status?.phase !== 'Succeeded';
}

export function isGoing({ metadata, status }: Pod): boolean {
  return metadata.deletionTimestamp !== undefined && status?.phase !== 'Succeeded' && status?.phase !== 'Failed';
}

/** Milliseconds since the epoch: when its last container ended, or failing that, when it ceased to be ready, or was deleted. */
export function endedAt({ metadata, status }: Pod): number {
  const containers = status?.containerStatuses ?? [];
  const ends = containers.flatMap(({ state }) => state?.terminated?.finishedAt ?? []);
  if (ends.length > 0 && ends.length === containers.length) return Math.max(...ends.map(parseTimestamp));
  const ready = status?.conditions?.find((each) => each.type === 'Ready' && each.status === 'False');
  if (ready?.lastTransitionTime !== undefined) return parseTimestamp(ready.lastTransitionTime);
  const { deletionTimestamp, deletionGracePeriodSeconds = 0, creationTimestamp } = metadata;
  if (deletionTimestamp !== undefined) return parseTimestamp(deletionTimestamp) - deletionGracePeriodSeconds * 1000;
  return parseTimestamp(creationTimestamp) || 0;
}

/** Of any number of times: a job may have more pods than a call may have arguments. */
function latestOf(times: readonly number[]): number {
  return times.reduce((latest, at) => Math.max(latest, at), -Infinity);
}

/** Until when nothing is started, because of the failures since the last success. */
export function heldUntil(job: Job, pods: readonly Pod[]): number {
  const success = latestOf(pods.filter(hasSucceeded).map(endedAt));
  const failures = pods.filter((pod) => !hasSucceeded(pod) && hasFailed(job, pod)).map(endedAt);
  const since = failures.filter((at) => at > success);
  return since.length === 0 ? 0 : latestOf(since) + pauseAfter(since.length, backoff);
}

/** The same for one index, whose last failed pod knows of those before it. */
export function indexHeldUntil(last: Pod | undefined): number {
  return last === undefined ? 0 : endedAt(last) + pauseAfter(failuresOf(last) + ignoredFailuresOf(last) + 1, backoff);
}

export function failuresOf({ metadata }: Pod): number {
  return Number.parseInt(metadata.annotations?.[failureCount] ?? '0', 10) || 0;
}

export function ignoredFailuresOf({ metadata }: Pod): number {
  return Number.parseInt(metadata.annotations?.[ignoredFailureCount] ?? '0', 10) || 0;
}

/** Whether this failure ends its index. */
export function endsIndex(job: Job, pod: Pod): boolean {
  if (!hasFailed(job, pod)) return false;
  const { action, counts } = judgeFailure(job, pod);
  return action === 'FailIndex' || (counts && failuresOf(pod) >= (job.spec?.backoffLimitPerIndex ?? 0));
}

/** With restartPolicy OnFailure containers try again in their pods, which counts, too. */
export function restartsOver({ spec }: Job, pods: readonly Pod[]): boolean {
  const limit = spec?.backoffLimit ?? 6;
  if (spec?.template.spec?.restartPolicy !== 'OnFailure') return false;
  const restarts = pods
    .filter(({ status }) => status?.phase === 'Running' || status?.phase === 'Pending')
    .flatMap(({ status }) => [...(status?.initContainerStatuses ?? []), ...(status?.containerStatuses ?? [])])
    .reduce((sum, { restartCount }) => sum + restartCount, 0);
  return limit === 0 ? restarts > 0 : restarts >= limit;
}
