/** What the controller may say of a job: counts that add up, and ends that are ends. */
import { parseTimestamp } from '../../base/clock.ts';
import { duplicate, invalid, required, type Fault } from '../../schema/fault.ts';
import { sameMeaning } from '../rules/equal.ts';
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

/**
 * Most rules are asked about what has changed only: a status may be in the wrong for a moment after its spec was
 * changed, and must then be mended in any order.
 */
export function jobStatusFaults(job: JobLike, old: JobLike): Fault[] {
  const status = job.status ?? {};
  const before = old.status ?? {};
  return [
    ...counts.flatMap((field) => nonNegativeFaults(`status.${field}`, status[field])),
    ...uncountedFaults(status),
    ...conditionFaults(job, status, before),
    ...endFaults(status, before),
    ...indexFaults(job, status, before),
    ...((status.ready ?? 0) > (status.active ?? 0)
      ? [invalid('status.ready', status.ready, 'cannot set more ready pods than active')]
      : []),
    ...changeFaults(job, before),
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

function conditionFaults({ spec }: JobLike, status: Status, old: Status): Fault[] {
  const success =
    spec?.successPolicy !== undefined && holds(status, 'Complete') && !holds(status, 'SuccessCriteriaMet');
  const turned = (type: string): boolean => holds(status, type) !== holds(old, type);
  const excluded = exclusive.filter(
    ([one, other]) =>
      holds(status, one) && holds(status, other) && (one !== 'Complete' || turned(one) || turned(other)),
  );
  return [
    ...excluded.map(([, , text]) => wrong(text)),
    ...dependent.filter(([one, other]) => holds(status, one) && !holds(status, other)).map(([, , text]) => wrong(text)),
    ...(success ? [wrong('cannot set Complete=True for Job with SuccessPolicy unless SuccessCriteriaMet=True')] : []),
  ];
}

const isFinished = (status: Status): boolean => holds(status, 'Complete') || holds(status, 'Failed');

function endFaults(status: Status, old: Status): Fault[] {
  return [...completionTimeFaults(status, old), ...(isFinished(status) ? finishedFaults(status, old) : [])];
}

type Rule = readonly [broken: boolean, fault: () => Fault];

const broken = (rules: readonly Rule[]): Fault[] => rules.filter(([is]) => is).map(([, fault]) => fault());

/** Absent and null are one. */
const given = <T>(value: T | null | undefined): T | undefined => value ?? undefined;

function completionTimeFaults(status: Status, old: Status): Fault[] {
  const path = 'status.completionTime';
  const [time, start] = [given(status.completionTime), given(status.startTime)];
  const complete = holds(status, 'Complete');
  const moved = time !== given(old.completionTime);
  const told = moved || complete !== holds(old, 'Complete');
  if (time === undefined) {
    return broken([[complete && told, () => required(path, 'completionTime is required for Complete jobs')]]);
  }
  const early = start !== undefined && parseTimestamp(time) < parseTimestamp(start);
  const misfit = 'cannot set completionTime when there is no Complete=True condition';
  return broken([
    [!complete && told, () => invalid(path, time, misfit)],
    [
      early && (moved || start !== given(old.startTime)),
      () => invalid(path, time, 'completionTime cannot be set before startTime'),
    ],
  ]);
}

function finishedFaults(status: Status, old: Status): Fault[] {
  const { active = 0, terminating = 0, uncountedTerminatedPods: uncounted } = status;
  const left = [...(uncounted?.succeeded ?? []), ...(uncounted?.failed ?? [])];
  const empty = 'uncountedTerminatedPods needs to be empty for finished job';
  const asked = (field: 'active' | 'startTime' | 'uncountedTerminatedPods'): boolean =>
    !isFinished(old) || !sameMeaning(status[field], old[field]);
  return broken([
    [active > 0 && asked('active'), () => invalid('status.active', active, 'active>0 is invalid for finished job')],
    [
      given(status.startTime) === undefined && asked('startTime'),
      () => required('status.startTime', 'startTime is required for finished job'),
    ],
    [
      left.length > 0 && asked('uncountedTerminatedPods'),
      () => invalid('status.uncountedTerminatedPods', uncounted, empty),
    ],
    [terminating > 0, () => invalid('status.terminating', terminating, 'terminating>0 is invalid for finished job')],
  ]);
}

function indexFaults(job: JobLike, status: Status, old: Status): Fault[] {
  const { completedIndexes = '', failedIndexes } = status;
  const completed = completedIndexes === (old.completedIndexes ?? '') ? [] : completedFaults(job, completedIndexes);
  const failed = failedIndexes === old.failedIndexes ? [] : failedFaults(job, failedIndexes);
  const changed = completedIndexes !== (old.completedIndexes ?? '') || failedIndexes !== old.failedIndexes;
  return [...completed, ...failed, ...(changed ? overlapFaults(job, status) : [])];
}

function completedFaults({ spec = {} }: JobLike, indexes: string): Fault[] {
  const path = 'status.completedIndexes';
  const { problem } = parseIndexes(indexes, spec.completions ?? Infinity);
  const plain = 'cannot set non-empty completedIndexes when non-indexed completion mode';
  return broken([
    [
      spec.completions !== undefined && problem !== undefined,
      () => invalid(path, indexes, `error parsing completedIndexes: ${problem}`),
    ],
    [spec.completionMode !== 'Indexed' && indexes !== '', () => invalid(path, indexes, plain)],
  ]);
}

function failedFaults({ spec = {} }: JobLike, indexes: string | undefined): Fault[] {
  if (indexes === undefined) return [];
  const path = 'status.failedIndexes';
  const unlimited = 'cannot set non-null failedIndexes when backoffLimitPerIndex is null';
  if (spec.backoffLimitPerIndex === undefined) return [invalid(path, indexes, unlimited)];
  const { problem } = parseIndexes(indexes, spec.completions ?? Infinity);
  return spec.completions === undefined || problem === undefined
    ? []
    : [invalid(path, indexes, `error parsing failedIndexes: ${problem}`)];
}

function overlapFaults({ spec = {} }: JobLike, { completedIndexes = '', failedIndexes = '' }: Status): Fault[] {
  const { completions } = spec;
  if (completions === undefined) return [];
  const met = overlap(parseIndexes(completedIndexes, completions), parseIndexes(failedIndexes, completions));
  const text = `failedIndexes and completedIndexes overlap at index: ${met}`;
  return met === undefined ? [] : [invalid('status.failedIndexes', failedIndexes, text)];
}

const lasting = ['Failed', 'Complete', 'FailureTarget'] as const;

function changeFaults({ spec, status = {} }: JobLike, old: Status): Fault[] {
  const lost = lasting.filter((type) => holds(old, type) && !holds(status, type));
  // An indexed job that may shrink forgets the successes of the indexes that it loses.
  const elastic = spec?.completionMode === 'Indexed' && spec.completions === spec.parallelism;
  const counters = elastic ? (['failed'] as const) : (['failed', 'succeeded'] as const);
  const fewer = counters.filter((field) => (status[field] ?? 0) < (old[field] ?? 0));
  const late = holds(old, 'Complete') && !holds(old, 'SuccessCriteriaMet') && holds(status, 'SuccessCriteriaMet');
  const undone = holds(old, 'SuccessCriteriaMet') && !holds(status, 'SuccessCriteriaMet');
  return [
    ...lost.map((type) => wrong(`cannot disable the terminal ${type}=True condition`)),
    ...fewer.map((field) => invalid(`status.${field}`, status[field] ?? 0, `cannot decrease the ${field} counter`)),
    ...timeChangeFaults(status, old, spec?.suspend === true),
    ...(undone ? [wrong('cannot disable the SuccessCriteriaMet=True condition')] : []),
    ...(late ? [wrong('cannot set SuccessCriteriaMet=True for Job already has Complete=true conditions')] : []),
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
