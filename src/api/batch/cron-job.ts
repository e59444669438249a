import { defineKind, type ObjectOf } from '../kind.ts';
import { boolean, int32, int64, list, of, string, struct, time, type Infer } from '../../schema/field.ts';
import { JobSpec } from './job.ts';
import { cronJobColumns } from './job-columns.ts';
import { cronJobFaults, cronJobWarnings } from './validate-cron-job.ts';
import { ObjectReference } from '../core/object-reference.ts';
import { ObjectMeta } from '../meta/object-meta.ts';

export const JobTemplateSpec = struct('io.k8s.api.batch.v1.JobTemplateSpec', 'A job to be made later.', {
  metadata: of(1, ObjectMeta).always().doc('Name, labels and the other data that every object has.'),
  spec: of(2, JobSpec).always().doc('What the job is to do.'),
});
export interface JobTemplateSpec extends Infer<typeof JobTemplateSpec> {}

export const CronJobSpec = struct('io.k8s.api.batch.v1.CronJobSpec', 'Which job, and when.', {
  schedule: string(1).required().doc('Minute, hour, day, month and weekday, as in cron.'),
  timeZone: string(8).pointer().doc('Time zone of the schedule; that of the controller when left out.'),
  startingDeadlineSeconds: int64(2).pointer().doc('How many seconds late a job may still be started.'),
  concurrencyPolicy: string(3)
    .enum('Allow', 'Forbid', 'Replace')
    .default('Allow')
    .doc('`Allow`, `Forbid` or `Replace`: what happens when the last job still runs.'),
  suspend: boolean(4).default(false).pointer().doc('Whether no further jobs are started.'),
  jobTemplate: of(5, JobTemplateSpec).required().doc('The job that is started.'),
  successfulJobsHistoryLimit: int32(6).default(3).pointer().doc('How many jobs that succeeded are kept.'),
  failedJobsHistoryLimit: int32(7).default(1).pointer().doc('How many jobs that failed are kept.'),
});
export interface CronJobSpec extends Infer<typeof CronJobSpec> {}

export const CronJobStatus = struct('io.k8s.api.batch.v1.CronJobStatus', 'What a CronJob did last.', {
  active: list(1, ObjectReference).doc('Jobs that run.'),
  lastScheduleTime: time(4).doc('When a job was started last.'),
  lastSuccessfulTime: time(5).doc('When a job succeeded last.'),
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
  doc: 'Starts a job at certain times.',
  fields: {
    spec: of(2, CronJobSpec).always().doc('What is wanted.'),
    status: of(3, CronJobStatus).always().doc('What was observed last.'),
  },
  subresources: { status: true },
  columns: cronJobColumns,
  validate: (cronJob, old) => cronJobFaults(cronJob, old),
  warnings: (cronJob, old) => cronJobWarnings(cronJob, old),
});
export interface CronJob extends ObjectOf<typeof CronJob> {}
