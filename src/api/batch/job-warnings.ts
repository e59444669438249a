/** What is let in but deserves a word, in jobs. Texts are those of Kubernetes 1.35 (pkg/api/job/warnings.go). */
import { isSameSpec, ownerNameWarnings, templateWarnings } from '../core/pod-warnings.ts';
import type { ObjectMeta } from '../meta/object-meta.ts';
import type { JobSpec } from './job.ts';

interface Named {
  readonly metadata: Partial<ObjectMeta>;
}
interface JobLike extends Named {
  readonly spec?: JobSpec;
}
interface CronJobLike extends Named {
  readonly spec?: { readonly jobTemplate?: { readonly spec?: JobSpec } };
}

export function jobWarnings(job: JobLike, old?: JobLike): string[] {
  return warningsOf(job, old, job.spec, 'spec');
}

export function cronJobWarnings(cronJob: CronJobLike, old?: CronJobLike): string[] {
  return warningsOf(cronJob, old, cronJob.spec?.jobTemplate?.spec, 'spec.jobTemplate.spec');
}

function warningsOf(object: Named, old: Named | undefined, spec: JobSpec | undefined, path: string): string[] {
  if (isSameSpec(object, old)) return [];
  return [
    ...(old === undefined ? ownerNameWarnings(object.metadata) : []),
    ...(isTooLarge(spec) ? [`${path}: ${tooLargeText}`] : []),
    ...templateWarnings(spec?.template, `${path}.template`),
  ];
}

const tooLargeText =
  'In Indexed Jobs with a number of completions higher than 10^5 and a parallelism higher than 10^4, ' +
  'Kubernetes might not be able to track completedIndexes when a big number of indexes fail';

function isTooLarge({ completionMode, completions = 0, parallelism = 0 }: Partial<JobSpec> = {}): boolean {
  return completionMode === 'Indexed' && completions > 100_000 && parallelism > 10_000;
}
