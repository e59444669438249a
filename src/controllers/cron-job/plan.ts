/** What a CronJob needs next: a pure function of it, its jobs and the time. */
import type { CronJob, CronJobStatus } from '../../api/batch/cron-job.ts';
import { Job } from '../../api/batch/job.ts';
import { parseTimestamp, timestamp } from '../../base/clock.ts';
import { messageOf } from '../../base/errors.ts';
import { referenceTo } from '../../client/event-recorder.ts';
import type { Occurrence } from '../job/plan.ts';
import { holds, isFinished } from '../job/conditions.ts';
import { parseSchedule, type Schedule } from './schedule.ts';

export interface CronPlan {
  /** Jobs of before that make room (Replace), and finished ones beyond the history limits. */
  readonly replace: readonly Job[];
  readonly expire: readonly Job[];
  /** The time for which a job is started, in milliseconds since the epoch. */
  readonly start?: number;
  readonly status: CronJobStatus;
  readonly events: readonly Occurrence[];
  readonly after?: number;
}

/** Schedules that are missed more often than this are worth a warning. */
const manyMissed = 100;
/** A look just after the time, never just before. */
const margin = 100;

/** `jobs`: those that the CronJob controls. `localZone`: where schedules without a zone are at home. */
export function planCronJob(cronJob: CronJob, jobs: readonly Job[], now: number, localZone = 'UTC'): CronPlan {
  const { status, events } = observe(cronJob, jobs);
  const expire = expired(cronJob, jobs);
  const idle = (...more: readonly Occurrence[]): CronPlan => ({
    replace: [],
    expire,
    status,
    events: [...events, ...more],
  });
  if (cronJob.metadata.deletionTimestamp !== undefined) return idle();
  const { schedule: text = '', timeZone = localZone, suspend } = cronJob.spec ?? {};
  let schedule: Schedule;
  try {
    schedule = parseSchedule(text, timeZone);
  } catch (error) {
    return idle(warning('UnknownTimeZone', `invalid timeZone: ${JSON.stringify(timeZone)}: ${messageOf(error)}`));
  }
  if (suspend === true) return idle();
  if (schedule.next(now) === undefined) return idle(warning('InvalidSchedule', `invalid schedule: ${text} : ${never}`));
  const decision = decide(cronJob, jobs, status, schedule, now);
  return { ...idle(...decision.events), ...decision.changes, ...waiting(cronJob, schedule, now) };
}

const never = 'time difference between two schedules is less than 1 second';

/** Until the time that follows the last one that is due: intervals are counted from there, and not from any look. */
function waiting(cronJob: CronJob, schedule: Schedule, now: number): Pick<CronPlan, 'after'> {
  const { time, missed } = lastDue(cronJob, schedule, now, Infinity);
  const next = schedule.next(time ?? (missed > 0 ? now : earliest(cronJob, now, Infinity)));
  return next === undefined ? {} : { after: Math.max(0, next - now) + margin };
}

interface Observation {
  readonly status: CronJobStatus;
  readonly events: readonly Occurrence[];
}

/** Which jobs run, and when one succeeded last. */
function observe({ status = {} }: CronJob, jobs: readonly Job[]): Observation {
  const { active: before = [], lastSuccessfulTime: last, ...rest } = status;
  const known = new Set(before.map(({ uid }) => uid));
  const byUid = new Map(jobs.map((job) => [job.metadata.uid, job]));
  const missing = before.filter(({ uid = '' }) => !byUid.has(uid));
  const active = before.filter(({ uid = '' }) => {
    const job = byUid.get(uid);
    return job !== undefined && !isFinished(job);
  });
  const successes = jobs.filter((job) => holds(job, 'Complete')).map((job) => job.status?.completionTime);
  const lastSuccessfulTime = successes.reduce(later, last);
  return {
    status: {
      ...rest,
      ...(active.length > 0 && { active }),
      ...(lastSuccessfulTime !== undefined && { lastSuccessfulTime }),
    },
    events: [
      ...jobs.flatMap((job) => occurrenceOf(job, known.has(job.metadata.uid))),
      ...missing.map(({ name }) => normal('MissingJob', `Active job went missing: ${name}`)),
    ],
  };
}

function occurrenceOf(job: Job, known: boolean): readonly Occurrence[] {
  const { name } = job.metadata;
  if (!isFinished(job)) {
    return known ? [] : [warning('UnexpectedJob', `Saw a job that the controller did not create or forgot: ${name}`)];
  }
  const condition = holds(job, 'Complete') ? 'Complete' : 'Failed';
  return known ? [normal('SawCompletedJob', `Saw completed job: ${name}, condition: ${condition}`)] : [];
}

function normal(reason: string, message: string): Occurrence {
  return { type: 'Normal', reason, message };
}

function warning(reason: string, message: string): Occurrence {
  return { type: 'Warning', reason, message };
}

function later(one: string | undefined, other: string | undefined): string | undefined {
  if (one === undefined || other === undefined) return one ?? other;
  return parseTimestamp(other) > parseTimestamp(one) ? other : one;
}

interface Decision {
  readonly events: readonly Occurrence[];
  readonly changes: Partial<Pick<CronPlan, 'start' | 'replace'>>;
}

function decide(
  cronJob: CronJob,
  jobs: readonly Job[],
  status: CronJobStatus,
  schedule: Schedule,
  now: number,
): Decision {
  const { time, missed } = lastDue(cronJob, schedule, now);
  const warnings: readonly Occurrence[] = missed > manyMissed ? [tooMany] : [];
  const { startingDeadlineSeconds: deadline = Infinity } = cronJob.spec ?? {};
  if (time === undefined) return { events: warnings, changes: {} };
  if (time + deadline * 1000 < now) return { events: [...warnings, missedEvent(time)], changes: {} };
  if (wasStarted(cronJob, status, time)) return { events: warnings, changes: {} };
  const { events, changes } = besideOthers(cronJob, jobs, status, time);
  return { events: [...warnings, ...events], changes };
}

const tooMany = warning(
  'TooManyMissedTimes',
  'too many missed start times. Set or decrease .spec.startingDeadlineSeconds or check clock skew',
);

function wasStarted(cronJob: CronJob, { active = [], lastScheduleTime = '' }: CronJobStatus, time: number): boolean {
  const name = jobName(cronJob, time);
  return active.some((each) => each.name === name) || parseTimestamp(lastScheduleTime) === time;
}

function besideOthers({ spec }: CronJob, jobs: readonly Job[], { active = [] }: CronJobStatus, time: number): Decision {
  if (spec?.concurrencyPolicy === 'Forbid' && active.length > 0) {
    const message = 'Not starting job because prior execution is running and concurrency policy is Forbid';
    return { events: [normal('JobAlreadyActive', message)], changes: {} };
  }
  const uids = new Set(active.map(({ uid }) => uid));
  const replace = spec?.concurrencyPolicy === 'Replace' ? jobs.filter(({ metadata }) => uids.has(metadata.uid)) : [];
  return { events: [], changes: { start: time, replace } };
}

function missedEvent(time: number): Occurrence {
  const when = new Intl.DateTimeFormat('en-GB', {
    timeZone: 'UTC',
    weekday: 'short',
    day: '2-digit',
    month: 'short',
    year: 'numeric',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
    hourCycle: 'h23',
  }).formatToParts(time);
  const part = (type: string): string => when.find((each) => each.type === type)?.value ?? '';
  const date = `${part('weekday')}, ${part('day')} ${part('month')} ${part('year')}`;
  const message = `Missed scheduled time to start a job: ${date} ${part('hour')}:${part('minute')}:${part('second')} +0000`;
  return warning('MissSchedule', message);
}

/** `patience`: for how many seconds a time that was missed can still be met. */
function earliest({ metadata, status }: CronJob, now: number, patience: number): number {
  const since = parseTimestamp(status?.lastScheduleTime ?? metadata.creationTimestamp);
  return Math.max(since, now - patience * 1000);
}

/**
 * The last time that is due, and about how many were. Long absences are jumped over by the distance of the
 * first two times, as `@every` needs.
 */
export function lastDue(
  cronJob: CronJob,
  schedule: Schedule,
  now: number,
  patience = cronJob.spec?.startingDeadlineSeconds ?? Infinity,
): { readonly time?: number; readonly missed: number } {
  const first = schedule.next(earliest(cronJob, now, patience));
  if (first === undefined || first > now) return { missed: 0 };
  const second = schedule.next(first);
  if (second === undefined || second > now) return { time: first, missed: 1 };
  const distance = Math.max(1000, second - first);
  const missed = Math.floor((now - first) / distance) + 1;
  let time = first;
  let next = schedule.next(first + (missed - 2) * distance);
  // A jump too far, over times that lie closer together than the first two, ends at now.
  if (next === undefined || next > now) next = schedule.next(first);
  for (; next !== undefined && next <= now; next = schedule.next(next)) time = next;
  return { time, missed };
}

/** Minutes since the epoch tell the jobs of a CronJob apart. */
export function jobName({ metadata }: CronJob, time: number): string {
  return `${metadata.name}-${Math.floor(time / 60_000)}`;
}

/** The status once the job has been started. */
export function withStarted(status: CronJobStatus, job: Job, time: number, replaced: readonly Job[]): CronJobStatus {
  const gone = new Set(replaced.map(({ metadata }) => metadata.uid));
  const active = (status.active ?? []).filter(({ uid = '' }) => !gone.has(uid) && uid !== job.metadata.uid);
  return { ...status, active: [...active, referenceTo(Job, job)], lastScheduleTime: timestamp(time) };
}

function expired({ spec }: CronJob, jobs: readonly Job[]): readonly Job[] {
  const beyond = (type: string, limit: number | undefined): readonly Job[] => {
    if (limit === undefined) return [];
    const ended = jobs.filter((job) => holds(job, type)).toSorted(byStart);
    return ended.slice(0, Math.max(0, ended.length - limit));
  };
  return [
    ...beyond('Complete', spec?.successfulJobsHistoryLimit),
    ...beyond('Failed', spec?.failedJobsHistoryLimit),
  ].filter(({ metadata }) => metadata.deletionTimestamp === undefined);
}

/** Those that never started come last. */
function byStart(left: Job, right: Job): number {
  const at = ({ status }: Job): number => parseTimestamp(status?.startTime ?? '') || Number.MAX_SAFE_INTEGER;
  return at(left) - at(right) || (left.metadata.name < right.metadata.name ? -1 : 1);
}
