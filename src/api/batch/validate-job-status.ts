/** What the controller may say of a job: counts that add up, and ends that are ends. */
import { parseTimestamp } from '../../base/clock.ts';
import { duplicate, invalid, required, type Fault } from '../../schema/fault.ts';
import { nonNegativeFaults } from '../rules/faults.ts';
import type { Loose } from '../rules/loose.ts';
import type { JobStatus } from './job.ts';
import { overlap, parseIndexes } from './job-indexes.ts';
import type { JobLike } from './validate-job.ts';

type Status = Loose<JobStatus>;

const counts = ['active', 'succeeded', 'failed', 'ready', 'terminating'] as const;

/** A fault about conditions, whose value upstream does not print. */
const wrong = (text: string): Fault => ({
  type: 'FieldValueInvalid',
  path: 'status.conditions',
  body: `Invalid value: ${text}`,
});

const holds = (status: Status, type: string): boolean =>
  status.conditions?.some((each) => each.type === type && each.status === 'True') === true;

export function jobStatusFaults(job: JobLike, old: JobLike): Fault[] {
  const status = job.status ?? {};
  return [
    ...counts.flatMap((field) => nonNegativeFaults(`status.${field}`, status[field])),
    ...uncountedFaults(status),
    ...conditionFaults(job, status),
    ...endFaults(status),
    ...indexFaults(job, status),
    ...((status.ready ?? 0) > (status.active ?? 0)
      ? [invalid('status.ready', status.ready, 'cannot set more ready pods than active')]
      : []),
    ...changeFaults(job, old.status ?? {}),
  ];
}

function uncountedFaults({ uncountedTerminatedPods }: Status): Fault[] {
  const seen = new Set<string>();
  return (['succeeded', 'failed'] as const).flatMap((field) =>
    (uncountedTerminatedPods?.[field] ?? []).flatMap((given, index) => {
      const uid = given ?? '';
      const path = `status.uncountedTerminatedPods.${field}[${index}]`;
      if (uid === '') return [invalid(path, uid, 'must not be empty')];
      if (seen.has(uid)) return [duplicate(path, uid)];
      seen.add(uid);
      return [];
    }),
  );
}

/** Pairs of conditions that cannot both be true. */
const exclusive = [
  ['Complete', 'Failed', 'cannot set Complete=True and Failed=true conditions'],
  ['Complete', 'FailureTarget', 'cannot set Complete=True and FailureTarget=true conditions'],
  ['SuccessCriteriaMet', 'Failed', 'cannot set SuccessCriteriaMet=True and Failed=true conditions'],
  ['SuccessCriteriaMet', 'FailureTarget', 'cannot set SuccessCriteriaMet=True and FailureTarget=true conditions'],
] as const;

/** Pairs of conditions of which the first needs the second. */
const dependent = [
  ['Failed', 'FailureTarget', 'cannot set Failed=True condition without the FailureTarget=true condition'],
  [
    'Complete',
    'SuccessCriteriaMet',
    'cannot set Complete=True condition without the SuccessCriteriaMet=true condition',
  ],
] as const;

function conditionFaults({ spec }: JobLike, status: Status): Fault[] {
  const success =
    spec?.successPolicy !== undefined && holds(status, 'Complete') && !holds(status, 'SuccessCriteriaMet');
  return [
    ...exclusive.filter(([one, other]) => holds(status, one) && holds(status, other)).map(([, , text]) => wrong(text)),
    ...dependent.filter(([one, other]) => holds(status, one) && !holds(status, other)).map(([, , text]) => wrong(text)),
    ...(success ? [wrong('cannot set Complete=True for Job with SuccessPolicy unless SuccessCriteriaMet=True')] : []),
  ];
}

function endFaults(status: Status): Fault[] {
  const finished = holds(status, 'Complete') || holds(status, 'Failed');
  return [...completionTimeFaults(status), ...(finished ? finishedFaults(status) : [])];
}

function completionTimeFaults(status: Status): Fault[] {
  const path = 'status.completionTime';
  const time = status.completionTime ?? undefined;
  const start = status.startTime ?? undefined;
  const complete = holds(status, 'Complete');
  if (time === undefined) return complete ? [required(path, 'completionTime is required for Complete jobs')] : [];
  const early = start !== undefined && parseTimestamp(time) < parseTimestamp(start);
  return [
    ...(complete ? [] : [invalid(path, time, 'cannot set completionTime when there is no Complete=True condition')]),
    ...(early ? [invalid(path, time, 'completionTime cannot be set before startTime')] : []),
  ];
}

function finishedFaults(status: Status): Fault[] {
  const { active = 0, terminating = 0, uncountedTerminatedPods: uncounted } = status;
  const left = (uncounted?.succeeded ?? []).length + (uncounted?.failed ?? []).length;
  const empty = 'uncountedTerminatedPods needs to be empty for finished job';
  return [
    ...(active > 0 ? [invalid('status.active', active, 'active>0 is invalid for finished job')] : []),
    ...((status.startTime ?? undefined) === undefined
      ? [required('status.startTime', 'startTime is required for finished job')]
      : []),
    ...(left > 0 ? [invalid('status.uncountedTerminatedPods', uncounted, empty)] : []),
    ...(terminating > 0
      ? [invalid('status.terminating', terminating, 'terminating>0 is invalid for finished job')]
      : []),
  ];
}

function indexFaults({ spec }: JobLike, { completedIndexes = '', failedIndexes }: Status): Fault[] {
  const completions = spec?.completions ?? Infinity;
  const completed = parseIndexes(completedIndexes, completions);
  const failed = parseIndexes(failedIndexes ?? '', completions);
  const met = overlap(completed, failed);
  const plain = spec?.completionMode !== 'Indexed' && completedIndexes !== '';
  const unlimited = spec?.backoffLimitPerIndex === undefined && failedIndexes !== undefined;
  const texts = [
    ['completedIndexes', completed.problem !== undefined, `error parsing completedIndexes: ${completed.problem}`],
    ['failedIndexes', failed.problem !== undefined, `error parsing failedIndexes: ${failed.problem}`],
    ['completedIndexes', plain, 'cannot set non-empty completedIndexes when non-indexed completion mode'],
    ['failedIndexes', unlimited, 'cannot set non-null failedIndexes when backoffLimitPerIndex is null'],
    ['failedIndexes', met !== undefined, `failedIndexes and completedIndexes overlap at index: ${met}`],
  ] as const;
  const values = { completedIndexes, failedIndexes };
  return texts.filter(([, broken]) => broken).map(([field, , text]) => invalid(`status.${field}`, values[field], text));
}

const lasting = ['Failed', 'Complete', 'FailureTarget'] as const;

function changeFaults({ spec, status = {} }: JobLike, old: Status): Fault[] {
  const lost = lasting.filter((type) => holds(old, type) && !holds(status, type));
  const fewer = (['failed', 'succeeded'] as const).filter((field) => (status[field] ?? 0) < (old[field] ?? 0));
  const undone = holds(old, 'SuccessCriteriaMet') && !holds(status, 'SuccessCriteriaMet');
  return [
    ...lost.map((type) => wrong(`cannot disable the terminal ${type}=True condition`)),
    ...fewer.map((field) => invalid(`status.${field}`, status[field] ?? 0, `cannot decrease the ${field} counter`)),
    ...timeChangeFaults(status, old, spec?.suspend === true),
    ...(undone ? [wrong('cannot disable the SuccessCriteriaMet=True condition')] : []),
  ];
}

function timeChangeFaults(status: Status, old: Status, suspended: boolean): Fault[] {
  const [end, oldEnd] = [status.completionTime ?? '', old.completionTime ?? ''];
  const [start, oldStart] = [status.startTime ?? '', old.startTime ?? ''];
  const moved = end !== '' && oldEnd !== '' && end !== oldEnd;
  const restarted = oldStart !== '' && start !== oldStart && !suspended;
  return [
    ...(moved ? [invalid('status.completionTime', end, 'completionTime cannot be mutated')] : []),
    ...(restarted ? [required('status.startTime', 'startTime cannot be removed for unsuspended job')] : []),
  ];
}
