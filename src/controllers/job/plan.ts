/** What a Job needs next: a pure function of it and its pods. */
import type { Job, JobStatus } from '../../api/batch/job.ts';
import type { Pod } from '../../api/core/pod.ts';
import { parseTimestamp, timestamp } from '../../base/clock.ts';
import { isActive, isReady } from '../workload/pods.ts';
import {
  conditionOf,
  earlierVerdict,
  ended,
  isFinished,
  judgeSuccess,
  verdicts,
  withCondition,
  type Verdict,
} from './conditions.ts';
import { judgeFailure } from './failure-policy.ts';
import { totalOf } from './indexes.ts';
import { hasFailed, hasLimitPerIndex, isGoing, isSuspended, restartsOver } from './job-pods.ts';
import { closedIndexes, manage, type NewPod } from './manage.ts';
import { lastFailures, note, settled, tally, type Tally } from './tally.ts';

export interface Occurrence {
  readonly type: 'Normal' | 'Warning';
  readonly reason: string;
  readonly message: string;
}

export interface JobPlan {
  readonly create: readonly NewPod[];
  readonly remove: readonly Pod[];
  /** Whether the pods removed still count (their job is over), or lose their finalizer before (they were too many). */
  readonly removedCount: boolean;
  /** To be written before pods are released. */
  readonly status: JobStatus;
  /** Pods whose finalizer goes. */
  readonly release: readonly Pod[];
  /** To be told once the status is written. */
  readonly events: readonly Occurrence[];
  /** Milliseconds. */
  readonly after?: number;
}

/** `current`: the cache has seen all pods that were created and removed; if not, they are only counted. */
export function planJob(job: Job, pods: readonly Pod[], current: boolean, now: number): JobPlan | undefined {
  if (isFinished(job)) return undefined;
  const active = pods.filter(isActive);
  const base = started(job, settled(job, pods), now);
  const counts = tally(job, base, pods);
  const verdict = verdictOf(job, base, pods, counts, now);
  const steps = stepsFor(job, pods, active, counts, verdict, current, now);
  const count = active.length - steps.remove.length + steps.create.length;
  const reached = verdict ?? (hasCompleted(job, counts, count) ? verdicts.completions : undefined);
  const noted = note(job, base, pods, {
    tally: counts,
    failing: reached?.type === 'FailureTarget',
    ...keeping(job, pods, active, counts, reached),
  });
  const status = withCounts(noted.status, pods, active, steps);
  const open = !current || !noted.whole || noted.release.length > 0;
  const outcome =
    reached === undefined ? undecided(job, status, current, now) : decided(job, status, reached, open, now);
  const waiting = reached === undefined ? nextDue(job, outcome.status, steps.after, now) : {};
  return { ...steps, ...outcome, ...waiting, release: noted.release };
}

/** Once the job is decided or deleted all pods are released; until then some carry what is still needed. */
function keeping(
  job: Job,
  pods: readonly Pod[],
  active: readonly Pod[],
  counts: Tally,
  reached: Verdict | undefined,
): { readonly over: boolean; readonly keep: ReadonlySet<Pod> } {
  if (reached !== undefined || !isLiving(job)) return { over: true, keep: new Set() };
  return { over: false, keep: new Set(lastFailures(job, pods, closedIndexes(counts, active)).values()) };
}

type Outcome = Pick<JobPlan, 'status' | 'events'>;

function withCounts(
  status: JobStatus,
  pods: readonly Pod[],
  active: readonly Pod[],
  { create, remove }: Pick<JobPlan, 'create' | 'remove'>,
): JobStatus {
  const left = active.filter((pod) => !remove.includes(pod));
  const terminating = pods.filter(isGoing).length + remove.length;
  return { ...status, active: left.length + create.length, ready: left.filter(isReady).length, terminating };
}

function undecided(job: Job, status: JobStatus, current: boolean, now: number): Outcome {
  return current && isLiving(job) ? suspension(job, status, now) : { status, events: [] };
}

/** The job ends when nothing of it runs and all is counted. */
function decided(job: Job, status: JobStatus, verdict: Verdict, open: boolean, now: number): Outcome {
  const judged = withVerdict(status, verdict, now);
  const running = (judged.active ?? 0) + (judged.terminating ?? 0) > 0;
  if (open || running || hasNotes(judged)) return { status: judged, events: [] };
  return { status: ended(judged, verdict, timestamp(now)), events: endEvents(job, judged, verdict) };
}

function isLiving({ metadata }: Job): boolean {
  return metadata.deletionTimestamp === undefined;
}

function hasNotes({ uncountedTerminatedPods: notes }: JobStatus): boolean {
  return (notes?.succeeded?.length ?? 0) + (notes?.failed?.length ?? 0) > 0;
}

function started(job: Job, status: JobStatus, now: number): JobStatus {
  if (status.startTime !== undefined || isSuspended(job)) return status;
  return { ...status, startTime: timestamp(now) };
}

function stepsFor(
  job: Job,
  pods: readonly Pod[],
  active: readonly Pod[],
  counts: Tally,
  verdict: Verdict | undefined,
  current: boolean,
  now: number,
): Pick<JobPlan, 'create' | 'remove' | 'removedCount' | 'after'> {
  if (verdict !== undefined) return { create: [], remove: active, removedCount: true };
  if (!current || !isLiving(job)) return { create: [], remove: [], removedCount: false };
  return { ...manage(job, pods, active, counts, now), removedCount: false };
}

function verdictOf(job: Job, status: JobStatus, pods: readonly Pod[], counts: Tally, now: number): Verdict | undefined {
  const earlier = earlierVerdict(job) ?? policyVerdict(job, pods);
  if (earlier !== undefined) return earlier;
  if (counts.failed > (job.spec?.backoffLimit ?? 6) || restartsOver(job, pods)) return verdicts.backoffLimit;
  const deadline = deadlineOf(job, status);
  if (deadline !== undefined && deadline <= now) return verdicts.deadline;
  return indexVerdict(job, counts) ?? judgeSuccess(job, counts.succeededIndexes);
}

function policyVerdict(job: Job, pods: readonly Pod[]): Verdict | undefined {
  if (job.spec?.podFailurePolicy === undefined) return undefined;
  for (const pod of pods.filter((each) => hasFailed(job, each))) {
    const { message } = judgeFailure(job, pod);
    if (message !== undefined) return { type: 'FailureTarget', reason: 'PodFailurePolicy', message };
  }
  return undefined;
}

function indexVerdict(job: Job, { failedIndexes, succeededIndexes }: Tally): Verdict | undefined {
  const failed = totalOf(failedIndexes);
  if (!hasLimitPerIndex(job) || failed === 0) return undefined;
  if (failed > (job.spec?.maxFailedIndexes ?? Infinity)) return verdicts.maxFailedIndexes;
  return failed + totalOf(succeededIndexes) >= (job.spec?.completions ?? 0) ? verdicts.failedIndexes : undefined;
}

function hasCompleted(job: Job, { succeeded }: Tally, active: number): boolean {
  if (active > 0) return false;
  const { completions } = job.spec ?? {};
  return completions === undefined ? succeeded > 0 : succeeded >= completions;
}

/** Milliseconds since the epoch; undefined when there is none, or the clock does not run. */
function deadlineOf(job: Job, { startTime }: JobStatus): number | undefined {
  const { activeDeadlineSeconds } = job.spec ?? {};
  if (activeDeadlineSeconds === undefined || startTime === undefined || isSuspended(job)) return undefined;
  return parseTimestamp(startTime) + activeDeadlineSeconds * 1000;
}

function withVerdict(status: JobStatus, { type, reason, message }: Verdict, now: number): JobStatus {
  const present = conditionOf({ status }, type);
  if (present?.status === 'True') return status;
  const condition = { type, status: 'True', reason, message };
  return { ...status, conditions: withCondition(status.conditions ?? [], condition, timestamp(now)) };
}

const tooMany: Occurrence = {
  type: 'Warning',
  reason: 'TooManySucceededPods',
  message: 'Too many succeeded pods running after completion count reached',
};

function endEvents(job: Job, status: JobStatus, { type, reason, message }: Verdict): readonly Occurrence[] {
  if (type === 'FailureTarget') return [{ type: 'Warning', reason, message }];
  const many = (status.succeeded ?? 0) > (job.spec?.completions ?? Infinity);
  return [...(many ? [tooMany] : []), { type: 'Normal', reason: 'Completed', message: 'Job completed' }];
}

/** The condition Suspended. Resuming starts the clock of the deadline anew. */
function suspension(job: Job, status: JobStatus, now: number): Outcome {
  const held = isSuspended(job);
  const condition = held
    ? { type: 'Suspended', status: 'True', reason: 'JobSuspended', message: 'Job suspended' }
    : { type: 'Suspended', status: 'False', reason: 'JobResumed', message: 'Job resumed' };
  const before = status.conditions ?? [];
  const conditions = withCondition(before, condition, timestamp(now));
  if (conditions === before) return { status, events: [] };
  return {
    status: { ...status, conditions, ...(!held && { startTime: timestamp(now) }) },
    events: [{ type: 'Normal', reason: held ? 'Suspended' : 'Resumed', message: condition.message }],
  };
}

function nextDue(job: Job, status: JobStatus, after: number | undefined, now: number): Pick<JobPlan, 'after'> {
  const deadline = deadlineOf(job, status);
  const due = [...(after === undefined ? [] : [after]), ...(deadline === undefined ? [] : [deadline - now])];
  return due.length === 0 ? {} : { after: Math.max(1, Math.min(...due)) };
}
