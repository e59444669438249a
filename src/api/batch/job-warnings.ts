/** About Jobs and CronJobs, in upstream's words (pkg/api/job/warnings.go, pkg/registry/batch/cronjob/strategy.go). */
import { podTemplateWarnings, workloadNameWarnings } from '../core/warnings/pod-warnings.ts';
import { isRespecified } from '../core/warnings/workload-warnings.ts';
import type { Loose, LooseObject } from '../rules/loose.ts';
import type { CronJobSpec } from './cron-job.ts';
import type { JobSpec } from './job.ts';

const manyCompletions = 100_000;
const manyAtOnce = 10_000;

export function jobWarnings(job: LooseObject<JobSpec>, old?: LooseObject): string[] {
  return [
    ...(old === undefined ? workloadNameWarnings(job.metadata?.name) : []),
    ...(isRespecified(job, old) ? jobSpecWarnings('spec', job.spec) : []),
  ];
}

export function cronJobWarnings(cronJob: LooseObject<CronJobSpec>, old?: LooseObject): string[] {
  const { metadata, spec } = cronJob;
  return [
    ...(old === undefined ? workloadNameWarnings(metadata?.name) : []),
    ...(isRespecified(cronJob, old) ? jobSpecWarnings('spec.jobTemplate.spec', spec?.jobTemplate?.spec) : []),
    ...(old === undefined ? [] : timeZoneWarnings(spec?.schedule)),
  ];
}

function jobSpecWarnings(path: string, spec: Loose<JobSpec> = {}): string[] {
  const { completionMode, completions = 0, parallelism = 0, template } = spec;
  const many = completionMode === 'Indexed' && completions > manyCompletions && parallelism > manyAtOnce;
  const text =
    'In Indexed Jobs with a number of completions higher than 10^5 and a parallelism higher than 10^4, ' +
    'Kubernetes might not be able to track completedIndexes when a big number of indexes fail';
  return [...(many ? [`${path}: ${text}`] : []), ...podTemplateWarnings(`${path}.template`, template)];
}

/** New schedules may not say so at all. The path is as upstream spells it. */
function timeZoneWarnings(schedule = ''): string[] {
  if (!schedule.includes('TZ')) return [];
  const page = 'https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/';
  return [`cannot use TZ or CRON_TZ in spec.spec.schedule, use timeZone instead, see ${page} for more details`];
}
