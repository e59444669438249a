import { afterEach, describe, expect, it } from 'vitest';
import { CronJob, type CronJobSpec } from '../../api/batch/cron-job.ts';
import { Job } from '../../api/batch/job.ts';
import { parseTimestamp, timestamp } from '../../base/clock.ts';
import { jobController } from '../job/controller.ts';
import { Simulation, type PodLife } from '../testing/simulation.ts';
import { cronJobController } from './controller.ts';
import { parseSchedule } from './schedule.ts';

const second = 1000;
const minute = 60 * second;
const at = (text: string): number => parseTimestamp(text);

function firstOf(text: string, zone: string, since: string, count: number): readonly string[] {
  const schedule = parseSchedule(text, zone);
  const found: string[] = [];
  for (let time = schedule.next(at(since)); time !== undefined && found.length < count; time = schedule.next(time)) {
    found.push(timestamp(time));
  }
  return found;
}

describe('a schedule', () => {
  it.each([
    ['*/15 * * * *', '2026-01-01T00:07:00Z', ['2026-01-01T00:15:00Z', '2026-01-01T00:30:00Z']],
    ['0 0 29 2 *', '2026-01-01T00:00:00Z', ['2028-02-29T00:00:00Z', '2032-02-29T00:00:00Z']],
    ['30 4 * jan,Mar MON-WED', '2026-01-28T05:00:00Z', ['2026-03-02T04:30:00Z', '2026-03-03T04:30:00Z']],
    ['@every 90m', '2026-01-01T00:00:30.5Z', ['2026-01-01T01:30:30Z', '2026-01-01T03:00:30Z']],
    ['@weekly', '2026-01-01T00:00:00Z', ['2026-01-04T00:00:00Z', '2026-01-11T00:00:00Z']],
    ['TZ=Asia/Tokyo 0 9 * * *', '2026-01-01T00:00:00Z', ['2026-01-02T00:00:00Z']],
  ])('%s after %s', (text, since, expected) => {
    expect(firstOf(text, 'UTC', since, expected.length)).toEqual(expected);
  });

  it('takes days of month or of week, both when one of them is a star', () => {
    expect(firstOf('0 0 13 * 5', 'UTC', '2026-02-01T00:00:00Z', 3)).toEqual([
      '2026-02-06T00:00:00Z',
      '2026-02-13T00:00:00Z',
      '2026-02-20T00:00:00Z',
    ]);
    expect(firstOf('0 0 13 * *', 'UTC', '2026-02-01T00:00:00Z', 2)).toEqual([
      '2026-02-13T00:00:00Z',
      '2026-03-13T00:00:00Z',
    ]);
  });

  it('never fires on a day that does not exist', () => {
    expect(parseSchedule('0 0 30 2 *', 'UTC').next(0)).toBeUndefined();
  });

  it('leaves out a time that the clock skips, and meets one that it shows twice, twice', () => {
    expect(firstOf('30 2 * * *', 'Europe/Berlin', '2026-03-28T00:00:00Z', 2)).toEqual([
      '2026-03-28T01:30:00Z',
      '2026-03-30T00:30:00Z',
    ]);
    expect(firstOf('30 2 * * *', 'Europe/Berlin', '2026-10-24T12:00:00Z', 3)).toEqual([
      '2026-10-25T00:30:00Z',
      '2026-10-25T01:30:00Z',
      '2026-10-26T01:30:00Z',
    ]);
    expect(firstOf('0 * * * *', 'America/New_York', '2026-03-08T05:30:00Z', 3)).toEqual([
      '2026-03-08T06:00:00Z',
      '2026-03-08T07:00:00Z',
      '2026-03-08T08:00:00Z',
    ]);
  });

  it('knows a year of quarter hours at once', () => {
    const schedule = parseSchedule('*/15 * * * *', 'Europe/Berlin');
    const [begin, end] = [at('2026-01-01T00:00:00Z'), at('2027-01-01T00:00:00Z')];
    let count = 0;
    for (let time = schedule.next(begin); time !== undefined && time <= end; time = schedule.next(time)) count += 1;
    expect(count).toBe(365 * 96);
  });
});

let simulation: Simulation;

function cluster(runs: number, start = at('2026-01-01T00:00:30Z')): void {
  const life: PodLife = { start: second, stop: second, end: { after: runs, phase: 'Succeeded' } };
  simulation = new Simulation({
    start,
    life: () => life,
    controllers: (deps, events) => [cronJobController(deps, events), ...jobController(deps, events)],
  });
}

function put(spec: Partial<CronJobSpec> = {}): void {
  const template = { spec: { restartPolicy: 'Never', containers: [{ name: 'work', image: 'busybox' }] } } as const;
  const jobTemplate = { spec: { template } };
  simulation.put(CronJob, {
    metadata: { name: 'tick', namespace: 'default', creationTimestamp: timestamp(simulation.clock.now()) },
    spec: { schedule: '* * * * *', jobTemplate, ...spec },
  });
}

const jobs = (): readonly string[] => simulation.client.all(Job).map(({ metadata }) => metadata.name);
const cronJob = (): CronJob => simulation.client.all(CronJob)[0] as CronJob;
const reasons = (): ReadonlySet<string> =>
  new Set(simulation.events.filter(({ about }) => about.startsWith('CronJob')).map(({ reason }) => reason));
const nameAt = (text: string): string => `tick-${at(text) / minute}`;

describe('a CronJob', () => {
  afterEach(() => simulation.stop());

  it('starts a job at each time, names it after the minute, and keeps the last three', async () => {
    cluster(5 * second);
    put();
    await simulation.run(5 * minute);
    expect(jobs()).toEqual(['2026-01-01T00:03:00Z', '2026-01-01T00:04:00Z', '2026-01-01T00:05:00Z'].map(nameAt));
    expect(cronJob().status).toEqual({
      lastScheduleTime: '2026-01-01T00:05:00Z',
      lastSuccessfulTime: '2026-01-01T00:05:06Z',
    });
    expect(reasons()).toEqual(new Set(['SuccessfulCreate', 'SawCompletedJob', 'SuccessfulDelete']));
    expect(simulation.client.all(Job)[0]?.metadata.annotations).toEqual({
      'batch.kubernetes.io/cronjob-scheduled-timestamp': '2026-01-01T00:03:00Z',
    });
  });

  it('with Allow runs several jobs at once, with Forbid one, with Replace the last', async () => {
    const counts: Record<string, readonly string[]> = {};
    const told: Record<string, boolean> = {};
    for (const concurrencyPolicy of ['Allow', 'Forbid', 'Replace'] as const) {
      cluster(100 * second);
      put({ concurrencyPolicy });
      await simulation.run(2 * minute);
      counts[concurrencyPolicy] = (cronJob().status?.active ?? []).map(({ name = '' }) => name);
      told[concurrencyPolicy] = reasons().has('JobAlreadyActive');
      await simulation.stop();
    }
    const [first, later] = ['2026-01-01T00:01:00Z', '2026-01-01T00:02:00Z'].map(nameAt);
    expect(counts).toEqual({ Allow: [first, later], Forbid: [first], Replace: [later] });
    expect(told).toEqual({ Allow: false, Forbid: true, Replace: false });
  });

  it('starts one job for all the times that it missed, unless that is too late', async () => {
    cluster(second);
    put();
    await simulation.stop();
    simulation.clock.jump(at('2026-01-01T05:00:10Z'));
    await simulation.restart();
    await simulation.run(5 * second);
    expect(jobs()).toEqual([nameAt('2026-01-01T05:00:00Z')]);
    expect(reasons()).toContain('TooManyMissedTimes');
    await simulation.stop();

    cluster(second);
    put({ schedule: '0 * * * *', startingDeadlineSeconds: 60 });
    await simulation.stop();
    simulation.clock.jump(at('2026-01-01T05:10:00Z'));
    await simulation.restart();
    await simulation.run(5 * second);
    expect(jobs()).toEqual([]);
  });

  it('counts intervals from the last start, whenever it is looked at in between', async () => {
    cluster(35 * second);
    put({ schedule: '@every 1m', successfulJobsHistoryLimit: 10 });
    await simulation.run(5 * minute + second);
    expect(jobs()).toHaveLength(5);
  });

  it('says when its schedule meets no day that there is', async () => {
    cluster(second);
    put({ schedule: '0 0 31 2 *' });
    await simulation.run(second);
    expect(simulation.events).toMatchObject([
      {
        type: 'Warning',
        reason: 'InvalidSchedule',
        message: 'invalid schedule: 0 0 31 2 * : time difference between two schedules is less than 1 second',
      },
    ]);
  });

  it('says when its time zone is none', async () => {
    cluster(second);
    put({ timeZone: 'europe/berlin' });
    await simulation.run(second);
    expect(simulation.events[0]).toMatchObject({
      reason: 'UnknownTimeZone',
      message: 'invalid timeZone: "europe/berlin": unknown time zone europe/berlin',
    });
  });

  it('keeps failed jobs that never started longest', async () => {
    cluster(second);
    put({ suspend: true, failedJobsHistoryLimit: 1 });
    const ownerReferences = [
      { apiVersion: 'batch/v1', kind: 'CronJob', name: 'tick', uid: cronJob().metadata.uid, controller: true },
    ];
    const failed = (name: string, startTime?: string): void => {
      const status = {
        conditions: [{ type: 'Failed', status: 'True' }],
        ...(startTime !== undefined && { startTime }),
      };
      simulation.client.seed(Job, { metadata: { name, namespace: 'default', ownerReferences }, status });
    };
    failed('never');
    failed('once', '2026-01-01T00:00:00Z');
    await simulation.run(second);
    expect(jobs()).toEqual(['never']);
  });

  it('notes a job that had ended before its creation was known', async () => {
    cluster(second);
    put();
    const name = nameAt('2026-01-01T00:01:00Z');
    const ownerReferences = [
      { apiVersion: 'batch/v1', kind: 'CronJob', name: 'tick', uid: cronJob().metadata.uid, controller: true },
    ];
    const ended = { conditions: [{ type: 'Complete', status: 'True' }], completionTime: '2026-01-01T00:01:01Z' };
    simulation.client.seed(Job, { metadata: { name, namespace: 'default', ownerReferences }, status: ended });
    await simulation.run(35 * second);
    expect(cronJob().status).toEqual({
      lastScheduleTime: '2026-01-01T00:01:00Z',
      lastSuccessfulTime: '2026-01-01T00:01:01Z',
    });
    expect(reasons()).toEqual(new Set(['SawCompletedJob']));
  });

  it('starts nothing while it is suspended', async () => {
    cluster(second);
    put({ suspend: true });
    await simulation.run(5 * minute);
    expect(jobs()).toEqual([]);
  });

  it('starts each job once although answers get lost and controllers are restarted', async () => {
    simulation = new Simulation({
      start: at('2026-01-01T00:00:30Z'),
      faults: { conflictEvery: 3, lostAnswers: 0.2, lostRequests: 0.1, delay: 500 },
      life: () => ({ start: second, stop: second, end: { after: second, phase: 'Succeeded' } }),
      controllers: (deps, events) => [cronJobController(deps, events), ...jobController(deps, events)],
    });
    put({ successfulJobsHistoryLimit: 100 });
    for (let time = 0; time < 5; time += 1) {
      await simulation.run(minute);
      await simulation.restart();
    }
    await simulation.run(30 * second);
    expect(jobs()).toEqual([1, 2, 3, 4, 5].map((each) => nameAt(`2026-01-01T00:0${each}:00Z`)));
  });
});
