/** The conditions of a job, and how it comes to its end: first the decision, then, when all pods are gone, the end. */
import type { Job, JobCondition, JobStatus } from '../../api/batch/job.ts';
import { indexesOf, commonIndexes, totalOf, type IndexSet } from './indexes.ts';

export interface Verdict {
  readonly type: 'SuccessCriteriaMet' | 'FailureTarget';
  readonly reason: string;
  readonly message: string;
}

export const verdicts = {
  backoffLimit: {
    type: 'FailureTarget',
    reason: 'BackoffLimitExceeded',
    message: 'Job has reached the specified backoff limit',
  },
  deadline: {
    type: 'FailureTarget',
    reason: 'DeadlineExceeded',
    message: 'Job was active longer than specified deadline',
  },
  maxFailedIndexes: {
    type: 'FailureTarget',
    reason: 'MaxFailedIndexesExceeded',
    message: 'Job has exceeded the specified maximal number of failed indexes',
  },
  failedIndexes: { type: 'FailureTarget', reason: 'FailedIndexes', message: 'Job has failed indexes' },
  completions: {
    type: 'SuccessCriteriaMet',
    reason: 'CompletionsReached',
    message: 'Reached expected number of succeeded pods',
  },
} as const satisfies Readonly<Record<string, Verdict>>;

export function conditionOf({ status }: Pick<Job, 'status'>, type: string): JobCondition | undefined {
  return status?.conditions?.find((condition) => condition.type === type);
}

export function holds(job: Pick<Job, 'status'>, type: string): boolean {
  return conditionOf(job, type)?.status === 'True';
}

export function isFinished(job: Pick<Job, 'status'>): boolean {
  return holds(job, 'Complete') || holds(job, 'Failed');
}

/** What was decided in an earlier round. */
export function earlierVerdict(job: Job): Verdict | undefined {
  for (const type of ['SuccessCriteriaMet', 'FailureTarget'] as const) {
    const condition = conditionOf(job, type);
    if (condition?.status !== 'True') continue;
    return { type, reason: condition.reason ?? '', message: condition.message ?? '' };
  }
  return undefined;
}

type Statement = Pick<JobCondition, 'type' | 'status' | 'reason' | 'message'>;

/** Conditions with one more, or changed. `False` is not said of what never was. */
export function withCondition(
  conditions: readonly JobCondition[],
  said: Statement,
  now: string,
): readonly JobCondition[] {
  const present = conditions.find(({ type }) => type === said.type);
  if (present === undefined) {
    return said.status === 'False'
      ? conditions
      : [...conditions, { ...said, lastProbeTime: now, lastTransitionTime: now }];
  }
  if ((['status', 'reason', 'message'] as const).every((field) => present[field] === said[field])) return conditions;
  const next: JobCondition = { ...said, lastProbeTime: now, lastTransitionTime: now };
  return conditions.map((condition) => (condition === present ? next : condition));
}

/** The end that follows from a verdict. */
export function ended(status: JobStatus, { type, reason, message }: Verdict, now: string): JobStatus {
  const end = type === 'SuccessCriteriaMet' ? 'Complete' : 'Failed';
  const conditions = withCondition(status.conditions ?? [], { type: end, status: 'True', reason, message }, now);
  return { ...status, conditions, ...(end === 'Complete' && { completionTime: now }) };
}

/** Whether enough indexes have succeeded. */
export function judgeSuccess({ spec }: Job, succeeded: IndexSet): Verdict | undefined {
  if (totalOf(succeeded) === 0) return undefined;
  const completions = spec?.completions ?? 0;
  const met = (spec?.successPolicy?.rules ?? []).findIndex(({ succeededIndexes, succeededCount }) => {
    if (succeededIndexes === undefined) return totalOf(succeeded) >= (succeededCount ?? Infinity);
    const wanted = indexesOf(succeededIndexes, completions);
    return commonIndexes(wanted, succeeded) >= (succeededCount ?? totalOf(wanted));
  });
  if (met === -1) return undefined;
  return { type: 'SuccessCriteriaMet', reason: 'SuccessPolicy', message: `Matched rules at index ${met}` };
}
