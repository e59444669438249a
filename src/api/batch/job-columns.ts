/** The rows of `kubectl get jobs` and `kubectl get cronjobs`. */
import { parseTimestamp } from '../../base/clock.ts';
import { templateColumns } from '../core/workload-columns.ts';
import { selectorColumn } from '../apps/selector-column.ts';
import type { Column, KubernetesObject } from '../kind.ts';
import { ageColumn, nameColumn, shortDuration, since } from '../rules/columns.ts';
import type { CronJobSpec, CronJobStatus } from './cron-job.ts';
import type { JobSpec, JobStatus } from './job.ts';

interface JobRow extends KubernetesObject {
  readonly spec?: JobSpec;
  readonly status?: JobStatus;
}

interface CronJobRow extends KubernetesObject {
  readonly spec?: CronJobSpec;
  readonly status?: CronJobStatus;
}

/** The first one that holds is what the job is said to be. */
const conditions = [
  ['Complete', 'Complete'],
  ['Failed', 'Failed'],
  ['', 'Terminating'],
  ['Suspended', 'Suspended'],
  ['FailureTarget', 'FailureTarget'],
] as const;

function jobStatus({ metadata, status }: JobRow): string {
  const deleting = (metadata.deletionTimestamp ?? undefined) !== undefined;
  const holds = (type: string): boolean =>
    type === '' ? deleting : status?.conditions?.find((each) => each.type === type)?.status === 'True';
  return conditions.find(([type]) => holds(type))?.[1] ?? 'Running';
}

function completions({ spec, status }: JobRow): string {
  const done = status?.succeeded ?? 0;
  if (spec?.completions !== undefined) return `${done}/${spec.completions}`;
  const parallel = spec?.parallelism ?? 0;
  return parallel > 1 ? `${done}/1 of ${parallel}` : `${done}/1`;
}

function duration({ status }: JobRow, now: number): string {
  const start = status?.startTime ?? undefined;
  if (start === undefined) return '';
  const end = status?.completionTime ?? undefined;
  return shortDuration((end === undefined ? now : parseTimestamp(end)) - parseTimestamp(start));
}

export const jobColumns: readonly Column<JobRow>[] = [
  nameColumn,
  { name: 'Status', type: 'string', doc: 'How far the job is.', value: jobStatus },
  { name: 'Completions', type: 'string', doc: 'Pods that succeeded, of those that must.', value: completions },
  { name: 'Duration', type: 'string', doc: 'How long it has taken.', value: duration },
  ageColumn,
  ...templateColumns<JobRow>(({ spec }) => spec?.template),
  selectorColumn<JobRow>(({ spec }) => spec?.selector),
];

export const cronJobColumns: readonly Column<CronJobRow>[] = [
  nameColumn,
  { name: 'Schedule', type: 'string', doc: 'When jobs are made.', value: ({ spec }) => spec?.schedule ?? '' },
  {
    name: 'Timezone',
    type: 'string',
    doc: 'Time zone of the schedule.',
    value: ({ spec }) => spec?.timeZone ?? '<none>',
  },
  { name: 'Suspend', type: 'boolean', doc: 'Whether it rests.', value: ({ spec }) => suspended(spec?.suspend) },
  { name: 'Active', type: 'integer', doc: 'Jobs that run.', value: ({ status }) => status?.active?.length ?? 0 },
  {
    name: 'Last Schedule',
    type: 'string',
    doc: 'Time since a job was made last.',
    value: ({ status }, now) =>
      (status?.lastScheduleTime ?? undefined) === undefined ? '<none>' : since(status?.lastScheduleTime, now),
  },
  ageColumn,
  ...templateColumns<CronJobRow>(({ spec }) => spec?.jobTemplate?.spec?.template),
  selectorColumn<CronJobRow>(({ spec }) => spec?.jobTemplate?.spec?.selector),
];

/** As upstream prints a boolean. */
function suspended(suspend: boolean | undefined): string {
  if (suspend === undefined) return '<unset>';
  return suspend ? 'True' : 'False';
}
