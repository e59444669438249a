/** Pods that come to a job and leave it, with the finalizer that has them counted; and when failures are made up for. */
import { afterEach, describe, expect, it } from 'vitest';
import { Job, type JobSpec } from '../../api/batch/job.ts';
import { Pod } from '../../api/core/pod.ts';
import { parseTimestamp } from '../../base/clock.ts';
import { Simulation, type PodLife } from '../testing/simulation.ts';
import { jobController } from './controller.ts';
import { endedAt, heldUntil, indexOf, isTracked, trackingFinalizer } from './job-pods.ts';

const second = 1000;
const succeeds: PodLife = { start: second, stop: second, end: { after: 2 * second, phase: 'Succeeded' } };
const fails: PodLife = { start: second, stop: second, end: { after: 2 * second, phase: 'Failed', exitCode: 3 } };
const stays: PodLife = { start: second, stop: second };
const spec = { restartPolicy: 'Never', containers: [{ name: 'work', image: 'busybox' }] } as const;

let simulation: Simulation;

function cluster(life: (pod: Pod) => PodLife): void {
  simulation = new Simulation({ controllers: jobController, nodes: 1, life });
}

function put(jobSpec: Partial<JobSpec> = {}): void {
  simulation.put(Job, { metadata: { name: 'job', namespace: 'default' }, spec: { template: { spec }, ...jobSpec } });
}

const job = (): Job => simulation.client.all(Job)[0] as Job;
const pods = (): readonly Pod[] => simulation.client.all(Pod);
const pod = (name: string): Pod | undefined => pods().find(({ metadata }) => metadata.name === name);

afterEach(() => simulation.stop());

const labels = { app: 'work' };
/** Pods that are there before the job is. */
const own = { manualSelector: true, selector: { matchLabels: labels }, template: { metadata: { labels }, spec } };

describe('a pod that the job adopts', () => {
  it('is tracked from then on, and its end counts', async () => {
    cluster(() => succeeds);
    for (const name of ['one', 'two']) simulation.put(Pod, { metadata: { name, namespace: 'default', labels }, spec });
    await simulation.run(1.5 * second);
    put({ ...own, completions: 2, parallelism: 2 });
    await simulation.run(0.5 * second);
    expect(pods().map(({ metadata }) => metadata.finalizers)).toEqual([[trackingFinalizer], [trackingFinalizer]]);
    await simulation.run(10 * second);
    expect(pods().map(({ metadata }) => metadata.name)).toEqual(['one', 'two']);
    expect(job().status).toMatchObject({ succeeded: 2, conditions: [{}, { type: 'Complete' }] });
  });

  it('may be one too many', async () => {
    cluster(() => succeeds);
    for (const name of ['one', 'two']) {
      simulation.client.seed(Pod, {
        metadata: { name, namespace: 'default', labels },
        spec,
        status: { phase: 'Succeeded' },
      });
    }
    put({ ...own, completions: 1 });
    await simulation.run(10 * second);
    expect(job().status).toMatchObject({ succeeded: 2, conditions: [{}, { type: 'Complete' }] });
    expect(simulation.events.slice(-2).map(({ type, reason, message }) => [type, reason, message])).toEqual([
      ['Warning', 'TooManySucceededPods', 'Too many succeeded pods running after completion count reached'],
      ['Normal', 'Completed', 'Job completed'],
    ]);
  });

  it('keeps its other owners and finalizers', async () => {
    cluster(() => stays);
    const other = { apiVersion: 'example.com/v1', kind: 'Ward', name: 'ward', uid: 'ward' };
    simulation.put(Pod, {
      metadata: {
        name: 'one',
        namespace: 'default',
        labels,
        ownerReferences: [other],
        finalizers: ['example.com/hold'],
      },
      spec,
    });
    await simulation.run(second);
    put({ ...own, completions: 1 });
    await simulation.run(second);
    expect(pod('one')?.metadata).toMatchObject({
      ownerReferences: [{ kind: 'Job', controller: true }, other],
      finalizers: [trackingFinalizer, 'example.com/hold'],
    });
    await simulation.client.patch(
      Pod,
      { namespace: 'default', name: 'one' },
      { metadata: { labels: null } },
      { type: 'merge' },
    );
    await simulation.run(second);
    expect(pod('one')?.metadata).toMatchObject({ ownerReferences: [other], finalizers: ['example.com/hold'] });
  });
});

describe('the finalizer of a pod that no job will count', () => {
  it('goes at once when nobody controls the pod', async () => {
    cluster(() => stays);
    simulation.put(Pod, { metadata: { name: 'one', namespace: 'default', finalizers: [trackingFinalizer] }, spec });
    await simulation.run(second);
    expect(pod('one')?.metadata.finalizers ?? []).toEqual([]);
  });

  it('stays when another controller has put it there', async () => {
    cluster(() => stays);
    const owner = { apiVersion: 'example.com/v1', kind: 'Job', name: 'job', uid: 'other', controller: true };
    simulation.put(Pod, {
      metadata: { name: 'one', namespace: 'default', finalizers: [trackingFinalizer], ownerReferences: [owner] },
      spec,
    });
    await simulation.run(second);
    await simulation.client.delete(Pod, { namespace: 'default', name: 'one' });
    await simulation.run(10 * second);
    expect(pods().some(isTracked)).toBe(true);
  });
});

describe('a suspended job', () => {
  it('stops all of its pods in one go, however many', async () => {
    cluster(() => stays);
    put({ completions: 510, parallelism: 510 });
    await simulation.run(10 * second);
    expect(pods()).toHaveLength(510);
    await simulation.client.patch(Job, job().metadata, { spec: { suspend: true } }, { type: 'merge' });
    await simulation.run(0);
    expect(pods().filter(({ metadata }) => metadata.deletionTimestamp === undefined)).toEqual([]);
  });
});

describe('with a limit per index', () => {
  it('an index that waits after a failure keeps its turn', async () => {
    cluster((each) => (indexOf(each) === 0 ? fails : succeeds));
    put({ completions: 3, parallelism: 1, completionMode: 'Indexed', backoffLimitPerIndex: 1 });
    await simulation.run(12 * second);
    expect(pods().map(indexOf)).toEqual([0]);
    await simulation.run(60 * second);
    expect(
      pods()
        .map((each) => indexOf(each) ?? -1)
        .toSorted((left, right) => left - right),
    ).toEqual([0, 0, 1, 2]);
    expect(job().status).toMatchObject({ completedIndexes: '1,2', failedIndexes: '0' });
  });
});

describe('the end of a pod', () => {
  const at = (minute: number): string => `2026-01-01T00:0${minute}:00Z`;
  const ended = (minute: number): object => ({ state: { terminated: { exitCode: 1, finishedAt: at(minute) } } });
  const made = (metadata: object, status: object): Pod =>
    ({ metadata: { name: 'one', creationTimestamp: at(0), ...metadata }, status }) as Pod;
  const notReady = [{ type: 'Ready', status: 'False', lastTransitionTime: at(4) }];

  it.each([
    ['its last container', {}, { containerStatuses: [ended(1), ended(2)], conditions: notReady }, 2],
    [
      'its readiness while a container has not ended',
      {},
      { containerStatuses: [ended(1), {}], conditions: notReady },
      4,
    ],
    [
      'when its deletion was asked for',
      { deletionTimestamp: at(6), deletionGracePeriodSeconds: 60 },
      { containerStatuses: [{}] },
      5,
    ],
    ['its creation', {}, {}, 0],
  ])('is that of %s', (_, metadata, status, minute) => {
    expect(endedAt(made(metadata, status))).toBe(parseTimestamp(at(minute)));
  });

  it('holds new pods up only when it was a failure later than the last success', () => {
    const pair = (failure: number, success: number): Pod[] => [
      made({}, { phase: 'Failed', containerStatuses: [ended(failure)] }),
      made({}, { phase: 'Succeeded', containerStatuses: [ended(success)] }),
    ];
    const some = { metadata: { name: 'job' }, spec: {} } as Job;
    expect(heldUntil(some, pair(1, 2))).toBe(0);
    expect(heldUntil(some, pair(2, 2))).toBe(0);
    expect(heldUntil(some, pair(3, 2))).toBe(parseTimestamp(at(3)) + 10 * second);
  });
});
