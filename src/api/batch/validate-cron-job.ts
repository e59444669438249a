/** CronJobs: a schedule in a time zone, and the job that it makes. */
import { invalid, notSupported, type Fault } from '../../schema/fault.ts';
import type { ObjectMeta } from '../meta/object-meta.ts';
import { nonNegativeFaults } from '../rules/faults.ts';
import type { Loose } from '../rules/loose.ts';
import type { CronJobSpec } from './cron-job.ts';
import { scheduleComplaint } from './schedule.ts';
import { isTimeZone } from './time-zone.ts';
import { jobSpecFaults } from './validate-job.ts';

/** Jobs are named after their CronJob, with eleven characters more, and must fit a label. */
const longestName = 52;

interface CronJobLike {
  readonly metadata?: Loose<ObjectMeta> | undefined;
  readonly spec?: Loose<CronJobSpec> | undefined;
}

type Spec = Loose<CronJobSpec>;

export function cronJobFaults({ metadata, spec = {} }: CronJobLike, old: CronJobLike | undefined): Fault[] {
  const name = metadata?.name ?? '';
  const isNew = old === undefined;
  return [
    ...scheduleFaults(spec, old?.spec),
    ...nonNegativeFaults('spec.startingDeadlineSeconds', spec.startingDeadlineSeconds),
    ...(isNew || old.spec?.timeZone !== spec.timeZone ? timeZoneFaults(spec.timeZone) : []),
    ...templateFaults(spec),
    ...nonNegativeFaults('spec.successfulJobsHistoryLimit', spec.successfulJobsHistoryLimit),
    ...nonNegativeFaults('spec.failedJobsHistoryLimit', spec.failedJobsHistoryLimit),
    ...(isNew && name.length > longestName
      ? [invalid('metadata.name', name, `must be no more than ${longestName} characters`)]
      : []),
  ];
}

/** A zone in the schedule itself is an old way, which those that have it may keep. */
function scheduleFaults({ schedule = '', timeZone }: Spec, old: Spec | undefined): Fault[] {
  if (schedule === '') return [];
  const path = 'spec.schedule';
  const complaint = scheduleComplaint(schedule);
  const zoned = schedule.includes('TZ');
  const kept = old?.schedule?.includes('TZ') === true;
  return [
    ...(complaint === undefined ? [] : [invalid(path, schedule, complaint)]),
    ...(zoned && kept && timeZone !== undefined
      ? [invalid(path, schedule, 'cannot use both timeZone field and TZ or CRON_TZ in schedule')]
      : []),
    ...(zoned && !kept
      ? [invalid(path, schedule, 'cannot use TZ or CRON_TZ in schedule, use timeZone field instead')]
      : []),
  ];
}

function timeZoneFaults(zone: string | undefined): Fault[] {
  const path = 'spec.timeZone';
  if (zone === undefined) return [];
  if (zone === '') return [invalid(path, zone, 'timeZone must be nil or non-empty string')];
  const unknown = invalid(path, zone, `unknown time zone ${zone}`);
  if (!zone.split('/').every((part) => /^(?!-|\.{1,2}$)[A-Za-z.\-_0-9+]{1,14}$/u.test(part))) return [unknown];
  const text = 'timeZone must be an explicit time zone as defined in https://www.iana.org/time-zones';
  return [
    ...(zone.toLowerCase() === 'local' ? [invalid(path, zone, text)] : []),
    // The machine's own zone is one that can be had, by this spelling.
    ...(isTimeZone(zone) || zone === 'Local' ? [] : [unknown]),
  ];
}

function templateFaults({ jobTemplate }: Spec): Fault[] {
  const path = 'spec.jobTemplate.spec';
  const job = jobTemplate?.spec ?? {};
  return [
    ...jobSpecFaults(job, path),
    ...(job.selector === undefined
      ? []
      : [invalid(`${path}.selector`, job.selector, '`selector` will be auto-generated')]),
    ...(job.manualSelector === true ? [notSupported(`${path}.manualSelector`, true, ['nil', 'false'])] : []),
  ];
}
