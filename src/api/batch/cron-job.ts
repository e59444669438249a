import { defineKind, type ObjectOf } from '../kind.ts';
import { boolean, int32, int64, list, of, string, struct, time, type Infer } from '../../schema/field.ts';
import { JobSpec } from './job.ts';
import { cronJobColumns } from './job-columns.ts';
import { cronJobFaults } from './validate-cron-job.ts';
import { ObjectReference } from '../core/object-reference.ts';
import { ObjectMeta } from '../meta/object-meta.ts';

export const JobTemplateSpec = struct('io.k8s.api.batch.v1.JobTemplateSpec', '', {
  metadata: of(1, ObjectMeta).always(),
  spec: of(2, JobSpec).always(),
});
export interface JobTemplateSpec extends Infer<typeof JobTemplateSpec> {}

export const CronJobSpec = struct('io.k8s.api.batch.v1.CronJobSpec', '', {
  schedule: string(1).required(),
  timeZone: string(8).pointer(),
  startingDeadlineSeconds: int64(2).pointer(),
  concurrencyPolicy: string(3).enum('Allow', 'Forbid', 'Replace').default('Allow'),
  suspend: boolean(4).default(false).pointer(),
  jobTemplate: of(5, JobTemplateSpec).required(),
  successfulJobsHistoryLimit: int32(6).default(3).pointer(),
  failedJobsHistoryLimit: int32(7).default(1).pointer(),
});
export interface CronJobSpec extends Infer<typeof CronJobSpec> {}

export const CronJobStatus = struct('io.k8s.api.batch.v1.CronJobStatus', '', {
  active: list(1, ObjectReference),
  lastScheduleTime: time(4),
  lastSuccessfulTime: time(5),
});
export interface CronJobStatus extends Infer<typeof CronJobStatus> {}

export const CronJob = defineKind({
  group: 'batch',
  version: 'v1',
  kind: 'CronJob',
  plural: 'cronjobs',
  shortNames: ['cj'],
  categories: ['all'],
  scope: 'Namespaced',
  package: 'io.k8s.api.batch.v1',
  doc: '',
  fields: {
    spec: of(2, CronJobSpec).always(),
    status: of(3, CronJobStatus).always(),
  },
  subresources: { status: true },
  columns: cronJobColumns,
  validate: (cronJob, old) => cronJobFaults(cronJob, old),
});
export interface CronJob extends ObjectOf<typeof CronJob> {}
