/**
 * Jobs and CronJobs. Texts are upstream's: pkg/apis/batch/v1/defaults.go, pkg/apis/batch/validation/validation.go,
 * printers.go (printJob, printCronJob) and robfig/cron's parser.
 */
import { describe, expect, test } from 'vitest';
import { cells, complaints, made, unheard, updateComplaints } from '../rules/fixture.ts';
import { faultMessage } from '../../schema/fault.ts';
import { CronJob } from './cron-job.ts';
import { overlap, parseIndexes } from './job-indexes.ts';
import { Job } from './job.ts';
import { scheduleComplaint } from './schedule.ts';

type Json = Readonly<Record<string, unknown>>;

const podSpec: Json = { restartPolicy: 'Never', containers: [{ name: 'c', image: 'i:1' }] };
const job = (spec: Json = {}): Json => ({ spec: { template: { spec: podSpec }, ...spec } });
/** With the selector that the server adds. */
const stored = (spec: Json = {}): Json => {
  const labels = {
    'batch.kubernetes.io/controller-uid': 'u',
    'batch.kubernetes.io/job-name': 'it',
    'controller-uid': 'u',
    'job-name': 'it',
  };
  return {
    metadata: { name: 'it', namespace: 'default', uid: 'u' },
    spec: {
      selector: { matchLabels: { 'batch.kubernetes.io/controller-uid': 'u' } },
      template: { metadata: { labels }, spec: podSpec },
      ...spec,
    },
  };
};
const cronJob = (spec: Json = {}): Json => ({
  spec: { schedule: '*/5 * * * *', jobTemplate: { spec: { template: { spec: podSpec } } }, ...spec },
});

describe('jobs', () => {
  test.for<[Json, Json]>([
    [
      {},
      {
        completions: 1,
        parallelism: 1,
        backoffLimit: 6,
        completionMode: 'NonIndexed',
        suspend: false,
        podReplacementPolicy: 'TerminatingOrFailed',
      },
    ],
    [{ parallelism: 3 }, { parallelism: 3 }],
    [{ completions: 3 }, { completions: 3, parallelism: 1 }],
    [{ backoffLimitPerIndex: 1 }, { backoffLimit: 2_147_483_647 }],
    [{ podFailurePolicy: { rules: [] } }, { podReplacementPolicy: 'Failed' }],
  ])('%j gets %j', ([spec, expected]) => {
    expect(made(Job, job(spec))['spec']).toMatchObject(expected);
  });

  test('with only a parallelism, completions stay open', () => {
    expect(made(Job, job({ parallelism: 3 }))['spec']).not.toHaveProperty('completions');
  });

  test.for<[Json, Json]>([
    [
      { ...stored(), status: { active: 1 } },
      { Status: 'Running', Completions: '0/1', Duration: '' },
    ],
    [
      {
        ...stored(),
        status: {
          succeeded: 1,
          startTime: '2026-01-01T00:00:00Z',
          completionTime: '2026-01-01T00:01:05Z',
          conditions: [{ type: 'Complete', status: 'True' }],
        },
      },
      { Status: 'Complete', Completions: '1/1', Duration: '65s' },
    ],
    [
      { ...stored(), status: { startTime: '2026-01-01T00:58:00Z', conditions: [{ type: 'Failed', status: 'True' }] } },
      { Status: 'Failed', Completions: '0/1', Duration: '2m' },
    ],
    [{ ...stored(), status: { conditions: [{ type: 'Suspended', status: 'True' }] } }, { Status: 'Suspended' }],
    [{ ...stored({ parallelism: 3 }), status: { succeeded: 2 } }, { Completions: '2/1 of 3' }],
  ])('%#: the row shows %j', ([content, expected]) => {
    expect(cells(Job, content)).toMatchObject(expected);
  });

  test.for<[string, Json, string[]]>([
    ['nothing wrong', stored(), []],
    [
      'a policy that would restart forever',
      stored({
        template: {
          metadata: (stored()['spec'] as { template: Json }).template['metadata'],
          spec: { ...podSpec, restartPolicy: 'Always' },
        },
      }),
      ['spec.template.spec.restartPolicy: Required value: valid values: "OnFailure", "Never"'],
    ],
    [
      'fewer than no pods',
      stored({ parallelism: -1 }),
      ['spec.parallelism: Invalid value: -1: must be greater than or equal to 0'],
    ],
    [
      'indexes without a count',
      stored({ completionMode: 'Indexed', parallelism: 1 }),
      ['spec.completions: Required value: when completion mode is Indexed'],
    ],
  ])('%s', ([, content, expected]) => {
    expect(complaints(Job, content)).toEqual(expected);
  });

  test("labels that are the server's to set are refused when they say something else", () => {
    const labels = { ...(stored()['spec'] as { template: { metadata: { labels: Json } } }).template.metadata.labels };
    const template = { metadata: { labels: { ...labels, 'job-name': 'mine' } }, spec: podSpec };
    const printed = JSON.stringify({ ...labels, 'job-name': 'mine' });
    expect(complaints(Job, stored({ template }))).toEqual([
      `spec.template.metadata.labels[job-name]: Invalid value: ${printed}: must be 'it'`,
    ]);
    const draft = structuredClone(made(Job, { metadata: { name: 'it', uid: 'u' }, spec: { template } })) as Record<
      string,
      unknown
    >;
    Job.prepareCreate?.(draft, unheard);
    expect(draft).toMatchObject({
      spec: { template: { metadata: { labels: { 'job-name': 'mine', 'controller-uid': 'u' } } } },
    });
  });

  test('a selector that does not select by the uid is none that the server has made', () => {
    const matchLabels = { 'batch.kubernetes.io/controller-uid': 'other' };
    expect(complaints(Job, stored({ selector: { matchLabels } }))).toEqual([
      'spec.selector: Invalid value: {"matchLabels":{"batch.kubernetes.io/controller-uid":"other"}}: `selector` not auto-generated',
      expect.stringContaining('`selector` does not match template `labels`'),
    ]);
  });

  test('an indexed job whose pods would have no valid name may not become one by an update', () => {
    const name = 'a'.repeat(62);
    const named = (completions: number): Json => {
      const spec = stored({ completionMode: 'Indexed', completions, parallelism: completions, manualSelector: true })[
        'spec'
      ];
      return { metadata: { name, namespace: 'default', uid: 'u' }, spec };
    };
    expect(updateComplaints(Job, named(0), named(1))).toEqual([
      `metadata.name: Invalid value: "${name}": will not able to create pod with invalid DNS label: ${name}-0`,
    ]);
  });

  test.for<[string, Json, Json, Json, string[]]>([
    [
      'successes may be forgotten by an indexed job that shrinks',
      { completionMode: 'Indexed', completions: 2, parallelism: 2 },
      { succeeded: 4, completedIndexes: '0-3' },
      { succeeded: 2, completedIndexes: '0,1' },
      [],
    ],
    [
      'and by no other',
      { completionMode: 'Indexed', completions: 2, parallelism: 1 },
      { succeeded: 4 },
      { succeeded: 2 },
      ['status.succeeded: Invalid value: 2: cannot decrease the succeeded counter'],
    ],
    [
      'indexes beyond the last may stay while something else changes',
      { completionMode: 'Indexed', completions: 2, parallelism: 2 },
      { completedIndexes: '0-3' },
      { completedIndexes: '0-3', active: 1 },
      [],
    ],
    [
      'but may not be added',
      { completionMode: 'Indexed', completions: 2, parallelism: 2 },
      { completedIndexes: '0' },
      { completedIndexes: '0-3' },
      ['status.completedIndexes: Invalid value: "0-3": error parsing completedIndexes: too large index: "3"'],
    ],
    [
      'a job that is complete was not otherwise so',
      {},
      {
        startTime: '2026-01-01T00:00:00Z',
        completionTime: '2026-01-01T00:00:01Z',
        conditions: [{ type: 'Complete', status: 'True' }],
      },
      {
        startTime: '2026-01-01T00:00:00Z',
        completionTime: '2026-01-01T00:00:01Z',
        conditions: [
          { type: 'Complete', status: 'True' },
          { type: 'SuccessCriteriaMet', status: 'True' },
        ],
      },
      [
        'status.conditions: Invalid value: cannot set SuccessCriteriaMet=True for Job already has Complete=true conditions',
      ],
    ],
  ])('%s', ([, spec, before, after, expected]) => {
    const with_ = (status: Json): Json => made(Job, { ...stored(spec), status });
    expect(Job.validateStatusUpdate?.(with_(after) as never, with_(before) as never).map(faultMessage)).toEqual(
      expected,
    );
  });

  test('names that are no DNS label are warned of, once', () => {
    const named = made(Job, { ...stored(), metadata: { name: 'a.b', namespace: 'default', uid: 'u' } }) as never;
    expect(Job.warnings?.(named)).toEqual([
      'metadata.name: this is used in Pod names and hostnames, which can result in surprising behavior; a DNS label is recommended: [must not contain dots]',
    ]);
    expect(Job.warnings?.(named, named)).toEqual([]);
  });

  test('completions may not change', () => {
    expect(updateComplaints(Job, stored({ completions: 1 }), stored({ completions: 2 }))).toEqual([
      'spec.completions: Invalid value: 2: field is immutable',
    ]);
  });
});

describe('cron jobs', () => {
  test('defaults', () => {
    expect(made(CronJob, cronJob())['spec']).toMatchObject({
      concurrencyPolicy: 'Allow',
      suspend: false,
      successfulJobsHistoryLimit: 3,
      failedJobsHistoryLimit: 1,
    });
  });

  test('columns', () => {
    const status = { active: [{}, {}], lastScheduleTime: '2026-01-01T00:55:00Z' };
    expect(cells(CronJob, { ...cronJob(), status })).toEqual({
      Name: 'it',
      Schedule: '*/5 * * * *',
      Timezone: '<none>',
      Suspend: 'False',
      Active: 2,
      'Last Schedule': '5m',
      Age: '60m',
      '+Containers': 'c',
      '+Images': 'i:1',
      '+Selector': '<none>',
    });
    expect(cells(CronJob, cronJob())).toMatchObject({ 'Last Schedule': '<none>' });
  });

  test.for<[Json, string[]]>([
    [{}, []],
    [
      { schedule: '* * * *' },
      ['spec.schedule: Invalid value: "* * * *": expected exactly 5 fields, found 4: [* * * *]'],
    ],
    [{ timeZone: 'Nowhere/Land' }, ['spec.timeZone: Invalid value: "Nowhere/Land": unknown time zone Nowhere/Land']],
    [{ timeZone: 'europe/berlin' }, ['spec.timeZone: Invalid value: "europe/berlin": unknown time zone europe/berlin']],
    [{ timeZone: '+01' }, ['spec.timeZone: Invalid value: "+01": unknown time zone +01']],
    [{ timeZone: 'US/Pacific' }, []],
    [{ timeZone: 'Etc/GMT-14' }, []],
    [
      { timeZone: 'local' },
      [
        'spec.timeZone: Invalid value: "local": timeZone must be an explicit time zone as defined in https://www.iana.org/time-zones',
        'spec.timeZone: Invalid value: "local": unknown time zone local',
      ],
    ],
  ])('%j: %j', ([spec, expected]) => {
    expect(complaints(CronJob, cronJob(spec))).toEqual(expected);
  });

  test('the name leaves room for the names of jobs', () => {
    const metadata = { name: 'a'.repeat(53), namespace: 'default' };
    expect(complaints(CronJob, { metadata, ...cronJob() })).toEqual([
      `metadata.name: Invalid value: "${metadata.name}": must be no more than 52 characters`,
    ]);
  });
});

describe('schedules', () => {
  test.each(['* * * * *', '*/5 1-3,7 * JAN-mar MON', '@hourly', '@every 1h30m', '? 0 1 * 0-6/2', '0 0 * * 6'])(
    '%s is one',
    (text) => {
      expect(scheduleComplaint(text)).toBeUndefined();
    },
  );

  test.each([
    ['60 * * * *', 'end of range (60) above maximum (59): 60'],
    ['* * 0 * *', 'beginning of range (0) below minimum (1): 0'],
    ['5-1 * * * *', 'beginning of range (5) beyond end of range (1): 5-1'],
    ['*/0 * * * *', 'step of range should be a positive number: */0'],
    ['x * * * *', 'failed to parse int from x: strconv.Atoi: parsing "x": invalid syntax'],
    ['@sometimes', 'unrecognized descriptor: @sometimes'],
  ])('%s is none', (text, complaint) => {
    expect(scheduleComplaint(text)).toBe(complaint);
  });
});

describe('indexes', () => {
  test('are counted', () => {
    expect(parseIndexes('1,3-5,7', 10)).toEqual({
      intervals: [
        [1, 1],
        [3, 5],
        [7, 7],
      ],
      total: 5,
    });
  });

  test.each([
    ['3,1', 'non-increasing order, previous: 3, current: 1'],
    ['10', 'too large index: "10"'],
    ['a', 'cannot convert string to integer for index: "a"'],
  ])('%s is refused', (text, problem) => {
    expect(parseIndexes(text, 10).problem).toBe(problem);
  });

  test('of two sets may meet', () => {
    expect(overlap(parseIndexes('1-3', 10), parseIndexes('3-5', 10))).toBe(3);
    expect(overlap(parseIndexes('1-3', 10), parseIndexes('4-5', 10))).toBeUndefined();
  });
});

// pkg/registry/batch/job/strategy.go (generateSelector), pkg/apis/batch/validation (validateGeneratedSelector)
describe('a job copied from another one', () => {
  /** As created: prepared, then validated. */
  const created = (spec: Json): string[] => {
    const draft = structuredClone(
      made(Job, { metadata: { name: 'it', namespace: 'default', uid: 'u' }, ...job(spec) }),
    );
    Job.prepareCreate?.(draft, unheard);
    return complaints(Job, draft);
  };
  const template = (labels: Json): Json => ({ template: { metadata: { labels }, spec: podSpec } });

  test('gets labels and a selector when it has none', () => {
    expect(created({})).toEqual([]);
  });

  test('does not get its labels replaced, but is refused', () => {
    expect(created(template({ 'job-name': 'other' }))).toEqual([
      'spec.template.metadata.labels[job-name]: Invalid value: {"batch.kubernetes.io/controller-uid":"u","batch.kubernetes.io/job-name":"it","controller-uid":"u","job-name":"other"}: must be \'it\'',
    ]);
  });

  test('does not get its selector replaced, but is refused', () => {
    const selector = { matchLabels: { 'batch.kubernetes.io/controller-uid': 'other' } };
    expect(created({ selector })).toContainEqual(
      'spec.selector: Invalid value: {"matchLabels":{"batch.kubernetes.io/controller-uid":"other"}}: `selector` not auto-generated',
    );
  });

  test('may select by labels of its own when it says so', () => {
    const labels = { a: 'b' };
    expect(created({ manualSelector: true, selector: { matchLabels: labels }, ...template(labels) })).toEqual([]);
  });
});
