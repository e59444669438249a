import { afterEach, describe, expect, it } from 'vitest';
import { Job, type JobSpec } from '../../api/batch/job.ts';
import { Pod } from '../../api/core/pod.ts';
import { Simulation, type PodLife, type SimulationOptions } from '../testing/simulation.ts';
import { jobController } from './controller.ts';
import { indexAnnotation, indexOf, isTracked } from './job-pods.ts';

const second = 1000;
const minute = 60 * second;
const succeeds: PodLife = { start: second, stop: second, end: { after: 2 * second, phase: 'Succeeded' } };
const fails: PodLife = { start: second, stop: second, end: { after: 2 * second, phase: 'Failed', exitCode: 3 } };
const stays: PodLife = { start: second, stop: second };

let simulation: Simulation;

function clusterWhere(life: (pod: Pod) => PodLife, options: Partial<SimulationOptions> = {}): Simulation {
  simulation = new Simulation({ controllers: jobController, nodes: 3, life, ...options });
  return simulation;
}

const template = { spec: { restartPolicy: 'Never', containers: [{ name: 'work', image: 'busybox' }] } } as const;

function putJob(spec: Omit<JobSpec, 'template'> & { readonly template?: JobSpec['template'] } = {}): void {
  simulation.put(Job, { metadata: { name: 'job', namespace: 'default' }, spec: { template, ...spec } });
}

function job(): Job {
  const [found] = simulation.client.all(Job);
  if (found === undefined) throw new Error('there is no job');
  return found;
}

function conditions(): readonly string[] {
  return (job().status?.conditions ?? [])
    .filter(({ status }) => status === 'True')
    .map(({ type, reason }) => `${type}: ${reason}`);
}

const pods = (): readonly Pod[] => simulation.client.all(Pod);
const running = (): readonly Pod[] =>
  pods().filter(
    ({ status, metadata }) =>
      metadata.deletionTimestamp === undefined && status?.phase !== 'Succeeded' && status?.phase !== 'Failed',
  );

async function change(spec: Partial<JobSpec>): Promise<void> {
  await simulation.client.patch(Job, job().metadata, { spec }, { type: 'merge' });
}

afterEach(() => simulation.stop());

describe('a job', () => {
  it('runs so many pods at a time until so many have succeeded', async () => {
    clusterWhere(() => succeeds);
    putJob({ completions: 5, parallelism: 2 });
    let most = 0;
    await simulation.run(minute, () => (most = Math.max(most, running().length)));
    expect(most).toBe(2);
    expect(pods()).toHaveLength(5);
    expect(pods().some(isTracked)).toBe(false);
    expect(job().status).toMatchObject({
      succeeded: 5,
      active: 0,
      terminating: 0,
      ready: 0,
      uncountedTerminatedPods: {},
    });
    expect(conditions()).toEqual(['SuccessCriteriaMet: CompletionsReached', 'Complete: CompletionsReached']);
    expect(simulation.events.at(-1)).toMatchObject({ type: 'Normal', reason: 'Completed', message: 'Job completed' });
  });

  it('fails when it was tried again too often, later and later', async () => {
    clusterWhere(() => fails);
    putJob({ backoffLimit: 2 });
    const starts: number[] = [];
    await simulation.run(5 * minute, () => {
      while (starts.length < pods().length) starts.push(simulation.clock.now());
    });
    expect(pods()).toHaveLength(3);
    expect(starts.map((at) => at - (starts[0] ?? 0))).toEqual(
      [0, 12 * second, 34 * second].map((at, tries) => at + tries * second),
    );
    expect(job().status).toMatchObject({ failed: 3, active: 0 });
    expect(conditions()).toEqual(['FailureTarget: BackoffLimitExceeded', 'Failed: BackoffLimitExceeded']);
    expect(simulation.events.at(-1)).toMatchObject({
      type: 'Warning',
      reason: 'BackoffLimitExceeded',
      message: 'Job has reached the specified backoff limit',
    });
  });

  it('stops its pods at the deadline, and is Failed only when they are gone', async () => {
    clusterWhere(() => ({ ...stays, stop: 10 * second }));
    putJob({ activeDeadlineSeconds: 20, parallelism: 2, completions: 2 });
    await simulation.run(22 * second);
    expect(conditions()).toEqual(['FailureTarget: DeadlineExceeded']);
    expect(job().status).toMatchObject({ terminating: 2, active: 0 });
    await simulation.run(20 * second);
    expect(conditions()).toEqual(['FailureTarget: DeadlineExceeded', 'Failed: DeadlineExceeded']);
    expect(job().status).toMatchObject({ failed: 2, terminating: 0 });
  });

  it('of a work queue is complete when one pod has succeeded and the others have ended', async () => {
    let first = true;
    const lives = new Map<string, PodLife>();
    clusterWhere(({ metadata }) => {
      const life = lives.get(metadata.uid) ?? {
        ...succeeds,
        end: { after: (first ? 2 : 30) * second, phase: 'Succeeded' },
      };
      first = false;
      lives.set(metadata.uid, life);
      return life;
    });
    putJob({ parallelism: 3 });
    await simulation.run(20 * second);
    expect(running()).toHaveLength(2);
    expect(conditions()).toEqual([]);
    await simulation.run(minute);
    expect(job().status).toMatchObject({ succeeded: 3 });
    expect(conditions().at(-1)).toBe('Complete: CompletionsReached');
  });

  it('has no pods while it is suspended, and those do not count as failed', async () => {
    clusterWhere(() => stays);
    putJob({ parallelism: 2, completions: 2 });
    await simulation.run(5 * second);
    expect(running()).toHaveLength(2);
    await change({ suspend: true });
    await simulation.run(5 * second);
    expect(pods()).toHaveLength(0);
    expect(conditions()).toEqual(['Suspended: JobSuspended']);
    expect(job().status?.failed ?? 0).toBe(0);
    const before = job().status?.startTime;
    await change({ suspend: false });
    await simulation.run(5 * second);
    expect(running()).toHaveLength(2);
    expect(conditions()).toEqual([]);
    expect(job().status?.startTime).not.toBe(before);
    expect(simulation.events.map(({ reason }) => reason)).toContain('Resumed');
  });

  it('is left to the controller that it names', async () => {
    clusterWhere(() => succeeds);
    putJob({ managedBy: 'example.com/other' });
    await simulation.run(minute);
    expect(pods()).toHaveLength(0);
    expect(job().status).toEqual({});
  });

  it('replaces pods that go at once, or, when asked, once they have ended', async () => {
    for (const policy of ['TerminatingOrFailed', 'Failed'] as const) {
      clusterWhere(() => ({ ...stays, stop: 10 * second }));
      putJob({ podReplacementPolicy: policy });
      await simulation.run(5 * second);
      const [pod] = running();
      await simulation.client.delete(Pod, pod?.metadata ?? { name: '' });
      await simulation.run(5 * second);
      const { failed = 0, terminating } = job().status ?? {};
      expect({ pods: pods().length, failed, terminating }).toEqual(
        policy === 'Failed' ? { pods: 1, failed: 0, terminating: 1 } : { pods: 1, failed: 1, terminating: 1 },
      );
      await simulation.run(30 * second);
      expect(running()).toHaveLength(1);
      expect(job().status?.failed).toBe(1);
      await simulation.stop();
    }
  });

  it('takes back a pod that lost its owner, and lets go of one that it no longer selects', async () => {
    clusterWhere(() => stays);
    putJob({ completions: 4, parallelism: 2 });
    await simulation.run(minute);
    const [pod] = pods();
    const change = (metadata: object): Promise<Pod> =>
      simulation.client.patch(Pod, pod?.metadata ?? { name: '' }, { metadata }, { type: 'merge' });
    await change({ ownerReferences: null });
    await simulation.run(second);
    expect(pods()).toHaveLength(2);
    expect(await simulation.client.get(Pod, pod?.metadata ?? { name: '' })).toMatchObject({
      metadata: { ownerReferences: [{ kind: 'Job', uid: job().metadata.uid, controller: true }] },
    });
    await change({ labels: null });
    await simulation.run(minute);
    expect((await simulation.client.get(Pod, pod?.metadata ?? { name: '' })).metadata.ownerReferences ?? []).toEqual(
      [],
    );
    expect(pods()).toHaveLength(3);
  });

  it('lets go of its pods when it is deleted', async () => {
    clusterWhere(() => stays);
    putJob();
    await simulation.run(5 * second);
    expect(pods().every(isTracked)).toBe(true);
    simulation.client.remove(Job, job().metadata);
    await simulation.run(second);
    expect(pods().some(isTracked)).toBe(false);
  });
});

describe('an indexed job', () => {
  const failing =
    (...indexes: number[]) =>
    (pod: Pod): PodLife =>
      indexes.includes(indexOf(pod) ?? -1) ? fails : succeeds;

  it('gives each pod its index by annotation, label, host name and variable', async () => {
    clusterWhere(() => succeeds);
    putJob({ completions: 3, parallelism: 3, completionMode: 'Indexed' });
    await simulation.run(minute);
    expect(
      pods().map(({ metadata, spec }) => [
        metadata.annotations?.[indexAnnotation],
        metadata.labels?.[indexAnnotation],
        spec?.hostname,
      ]),
    ).toEqual([
      ['0', '0', 'job-0'],
      ['1', '1', 'job-1'],
      ['2', '2', 'job-2'],
    ]);
    expect(pods()[0]?.metadata.name).toMatch(/^job-0-[a-z0-9]{5}$/u);
    expect(pods()[0]?.spec?.containers[0]?.env).toEqual([
      {
        name: 'JOB_COMPLETION_INDEX',
        valueFrom: { fieldRef: { apiVersion: 'v1', fieldPath: `metadata.labels['${indexAnnotation}']` } },
      },
    ]);
    expect(job().status).toMatchObject({ completedIndexes: '0-2', succeeded: 3 });
  });

  it('tries each index as often as it says, and then fails with those that failed', async () => {
    clusterWhere(failing(1, 4));
    putJob({ completions: 6, parallelism: 6, completionMode: 'Indexed', backoffLimitPerIndex: 1 });
    await simulation.run(5 * minute);
    expect(job().status).toMatchObject({ completedIndexes: '0,2,3,5', failedIndexes: '1,4', succeeded: 4, failed: 4 });
    expect(conditions().at(-1)).toBe('Failed: FailedIndexes');
    expect(
      pods()
        .filter((pod) => indexOf(pod) === 1)
        .map(({ metadata }) => metadata.annotations?.['batch.kubernetes.io/job-index-failure-count'])
        .toSorted((a, b) => Number(a) - Number(b)),
    ).toEqual(['0', '1']);
    expect(pods().some(isTracked)).toBe(false);
  });

  it('gives up when too many indexes have failed', async () => {
    clusterWhere(failing(0, 1));
    putJob({
      completions: 100,
      parallelism: 2,
      completionMode: 'Indexed',
      backoffLimitPerIndex: 0,
      maxFailedIndexes: 1,
    });
    await simulation.run(5 * minute);
    expect(conditions().at(-1)).toBe('Failed: MaxFailedIndexesExceeded');
    expect(pods().length).toBeLessThan(5);
  });

  it('succeeds early by its success policy, and stops what still runs', async () => {
    clusterWhere((pod) => (indexOf(pod) === 0 ? succeeds : stays));
    putJob({
      completions: 3,
      parallelism: 3,
      completionMode: 'Indexed',
      successPolicy: { rules: [{ succeededIndexes: '0' }] },
    });
    await simulation.run(minute);
    expect(conditions()).toEqual(['SuccessCriteriaMet: SuccessPolicy', 'Complete: SuccessPolicy']);
    expect(job().status?.conditions?.[0]?.message).toBe('Matched rules at index 0');
    expect(job().status).toMatchObject({ succeeded: 1, active: 0 });
    expect(job().status?.failed ?? 0).toBe(0);
    expect(running()).toHaveLength(0);
  });

  it('of a pod failure policy FailIndex ends the index at once', async () => {
    clusterWhere(failing(1));
    putJob({
      completions: 2,
      parallelism: 2,
      completionMode: 'Indexed',
      backoffLimitPerIndex: 5,
      podFailurePolicy: { rules: [{ action: 'FailIndex', onExitCodes: { operator: 'In', values: [3] } }] },
    });
    await simulation.run(minute);
    expect(job().status).toMatchObject({ completedIndexes: '0', failedIndexes: '1' });
    expect(pods()).toHaveLength(2);
  });
});

describe('a pod failure policy', () => {
  it('fails the job for an exit code, saying which', async () => {
    clusterWhere(() => fails);
    putJob({ podFailurePolicy: { rules: [{ action: 'FailJob', onExitCodes: { operator: 'In', values: [3] } }] } });
    await simulation.run(minute);
    const [pod] = pods();
    expect(conditions()).toEqual(['FailureTarget: PodFailurePolicy', 'Failed: PodFailurePolicy']);
    expect(simulation.events.at(-1)?.message).toBe(
      `Container work for pod default/${pod?.metadata.name} failed with exit code 3 matching FailJob rule at index 0`,
    );
  });

  it('ignores what is no fault of the job', async () => {
    let first = '';
    clusterWhere(({ metadata }) => {
      first ||= metadata.uid;
      return first === metadata.uid ? fails : succeeds;
    });
    putJob({
      backoffLimit: 0,
      podFailurePolicy: { rules: [{ action: 'Ignore', onExitCodes: { operator: 'NotIn', values: [1] } }] },
    });
    await simulation.run(2 * minute);
    expect(conditions().at(-1)).toBe('Complete: CompletionsReached');
    expect(job().status?.failed ?? 0).toBe(0);
  });
});

describe('counting', () => {
  it('counts every pod once, whatever is lost, late or restarted', async () => {
    for (const seed of [1, 2, 3, 4]) {
      clusterWhere(() => succeeds, {
        seed,
        faults: {
          conflictEvery: 5,
          lostAnswers: 0.1,
          lostRequests: 0.05,
          duplicates: 0.1,
          brokenWatches: 0.02,
          delay: 300,
        },
      });
      putJob({ completions: 12, parallelism: 4, backoffLimit: 100 });
      const counts: number[] = [];
      const watch = (): void => void counts.push(job().status?.succeeded ?? 0);
      for (let time = 0; time < 5; time += 1) {
        await simulation.run(7 * second, watch);
        await simulation.restart();
      }
      await simulation.run(10 * minute, watch);
      expect(conditions().at(-1), `seed ${seed}`).toBe('Complete: CompletionsReached');
      expect(job().status?.succeeded, `seed ${seed}`).toBe(
        pods().filter(({ status }) => status?.phase === 'Succeeded').length,
      );
      expect(counts, `seed ${seed}`).toEqual(counts.toSorted((a, b) => a - b));
      await simulation.stop();
    }
  });
});
