/** Faults that workloads must survive: a crash at each step, pods that never work, very many objects. */
import { afterEach, describe, expect, it } from 'vitest';
import { DaemonSet } from '../../api/apps/daemon-set.ts';
import { Deployment } from '../../api/apps/deployment.ts';
import { ReplicaSet } from '../../api/apps/replica-set.ts';
import { StatefulSet } from '../../api/apps/stateful-set.ts';
import { Job } from '../../api/batch/job.ts';
import { Pod } from '../../api/core/pod.ts';
import type { Draft, Kind, KubernetesObject } from '../../api/kind.ts';
import type { Service } from '../../base/service.ts';
import type { Events } from '../../client/event-recorder.ts';
import { daemonSetController } from '../daemon-set/controller.ts';
import type { Dependencies } from '../dependencies.ts';
import { deploymentController } from '../deployment/controller.ts';
import { jobController } from '../job/controller.ts';
import { isTracked } from '../job/job-pods.ts';
import { replicaSetController } from '../replica-set/controller.ts';
import { statefulSetController } from '../stateful-set/controller.ts';
import { Simulation, type SimulationOptions } from '../testing/simulation.ts';
import { isActive, isReady } from './pods.ts';

const second = 1000;
const minute = 60 * second;
const metadata = { name: 'web', namespace: 'default' };
const labels = { app: 'web' };
const selector = { matchLabels: labels };
const template = { metadata: { labels }, spec: { containers: [{ name: 'web', image: 'one' }] } };

const controllers = (deps: Dependencies, events: Events): readonly Service[] => [
  deploymentController(deps, events),
  replicaSetController(deps, events),
  daemonSetController(deps, events),
  statefulSetController(deps, events),
  ...jobController(deps, events),
];

let simulation: Simulation;
afterEach(() => simulation.stop());

function cluster(options: Partial<SimulationOptions> = {}): Simulation {
  simulation = new Simulation({ nodes: 3, controllers, ...options });
  return simulation;
}

function put(kind: Kind, spec: object): void {
  simulation.put(kind as Kind<KubernetesObject>, { metadata, spec } as Draft<KubernetesObject>);
}

async function setImage(kind: Kind, image: string): Promise<void> {
  const change = [{ op: 'replace', path: '/spec/template/spec/containers/0/image', value: image }];
  await simulation.client.patch(kind, metadata, change, { type: 'json' });
}

const active = (): readonly Pod[] => simulation.client.all(Pod).filter(isActive);
const imageOf = ({ spec }: Pod): string => spec?.containers[0]?.image ?? '';
const countsOf = (object: KubernetesObject | undefined): object => {
  const { status = {} } = (object ?? {}) as { readonly status?: object };
  return Object.fromEntries(Object.entries(status).filter(([name]) => name !== 'conditions'));
};
/** What the end is judged by: names, times and versions differ from run to run. */
const state = (kind: Kind): object => ({
  images: active().map(imageOf).toSorted(),
  ready: active().filter(isReady).length,
  pods: simulation.client.all(Pod).length,
  sets: simulation.client.all(ReplicaSet).map(({ spec }) => spec?.replicas),
  status: countsOf(simulation.client.all(kind)[0]),
});

interface Rollout {
  readonly kind: Kind;
  readonly spec: object;
  readonly most: number;
  readonly least: number;
}

const rollouts: readonly Rollout[] = [
  { kind: Deployment, spec: { replicas: 4, selector, template }, most: 5, least: 3 },
  { kind: StatefulSet, spec: { replicas: 3, serviceName: 'web', selector, template }, most: 3, least: 2 },
  { kind: DaemonSet, spec: { selector, template }, most: 3, least: 2 },
];

describe('a rollout whose controllers are killed', () => {
  it.each(rollouts)('after any of their writes ends as if they had not been: $kind.kind', async (rollout) => {
    const { kind, spec, most, least } = rollout;
    const look = (): void => {
      expect(active().length).toBeLessThanOrEqual(most);
      expect(active().filter(isReady).length).toBeGreaterThanOrEqual(least);
    };
    const begin = async (): Promise<void> => {
      cluster();
      put(kind, spec);
      await simulation.run(minute);
      await simulation.stop();
    };
    await begin();
    await simulation.restart();
    simulation.client.writes.length = 0;
    await setImage(kind, 'two');
    await simulation.run(minute, look);
    const expected = state(kind);
    const steps = simulation.client.writes.length;
    for (let diesAt = 1; diesAt <= steps; diesAt += 1) {
      await simulation.stop();
      await begin();
      await simulation.restart({ diesAt });
      await setImage(kind, 'two');
      await simulation.run(minute, look);
      await simulation.restart({});
      await simulation.run(minute, look);
      expect({ diesAt, ...state(kind) }).toEqual({ diesAt, ...expected });
    }
    expect(steps).toBeGreaterThan(15);
  });
});

describe('a wall clock that jumps', () => {
  const hour = 60 * minute;

  it.each([
    ['forward', hour],
    ['back', -hour],
  ])('%s in the middle of a rollout lets nobody exceed what is allowed, and the rollout ends', async (_, by) => {
    cluster();
    put(Deployment, { replicas: 4, minReadySeconds: 5, progressDeadlineSeconds: 120, selector, template });
    await simulation.run(minute);
    await setImage(Deployment, 'two');
    const look = (): void => {
      expect(active().length).toBeLessThanOrEqual(5);
      expect(active().filter(isReady).length).toBeGreaterThanOrEqual(3);
    };
    await simulation.run(4 * second, look);
    simulation.clock.jump(simulation.clock.now() + by);
    // Back, the pods that got ready "in an hour" have to wait that long to have been ready for five seconds.
    await simulation.run(hour + 5 * minute, look);
    expect(new Set(active().map(imageOf))).toEqual(new Set(['two']));
    expect(simulation.client.all(Deployment)[0]?.status).toMatchObject({ availableReplicas: 4, updatedReplicas: 4 });
    simulation.client.writes.length = 0;
    await simulation.run(hour);
    expect(simulation.client.writes).toEqual([]);
  });

  it('does not make a job start its pods twice, or count them wrong', async () => {
    cluster({ life: () => ({ start: second, stop: second, end: { after: 10 * second, phase: 'Succeeded' } }) });
    put(Job, { completions: 6, parallelism: 2, template: { spec: { ...template.spec, restartPolicy: 'Never' } } });
    for (const by of [hour, -2 * hour, hour]) {
      await simulation.run(7 * second);
      simulation.clock.jump(simulation.clock.now() + by);
    }
    await simulation.run(3 * hour, () => expect(active().length).toBeLessThanOrEqual(2));
    expect(simulation.client.all(Job)[0]?.status).toMatchObject({ succeeded: 6 });
    expect(simulation.client.all(Pod)).toHaveLength(6);
  });
});

describe('pods that never work', () => {
  it('are not made and thrown out without end: the pause between them grows, and lasts over a restart', async () => {
    // As pods fail that their node refuses.
    cluster({ life: () => ({ start: 0, stop: 0, end: { after: 0, phase: 'Failed' } }) });
    put(Deployment, { replicas: 2, selector, template });
    await simulation.run(5 * minute);
    await simulation.restart();
    await simulation.run(5 * minute);
    const made = simulation.client.all(Pod).length;
    expect(made).toBeGreaterThan(10);
    expect(made).toBeLessThan(40);
  });

  it('are replaced at once where pods fail now and then', async () => {
    cluster({ life: () => ({ start: second, stop: 0, end: { after: 4 * minute, phase: 'Failed' } }) });
    put(Deployment, { replicas: 2, selector, template });
    await simulation.run(61 * minute);
    expect(simulation.client.all(Pod).length).toBeGreaterThan(28);
  });

  it('cost their controllers little while they crash and start again for ever', async () => {
    cluster({ life: () => ({ start: second, stop: second, broken: true }) });
    put(Deployment, { replicas: 3, progressDeadlineSeconds: 60, selector, template });
    await simulation.run(10 * minute);
    simulation.client.writes.length = 0;
    await simulation.run(60 * minute);
    expect(simulation.client.writes).toEqual([]);
  });
});

describe('ten thousand Jobs', () => {
  it('all end, each with one pod, and nothing is left to do', async () => {
    cluster({ life: () => ({ start: second, stop: second, end: { after: second, phase: 'Succeeded' } }) });
    const spec = { template: { spec: { restartPolicy: 'Never', containers: [{ name: 'work', image: 'one' }] } } };
    for (let at = 0; at < 10_000; at += 1) {
      simulation.put(Job, { metadata: { name: `job-${at}`, namespace: 'default' }, spec } as Draft<Job>);
    }
    await simulation.run(minute);
    const jobs = simulation.client.all(Job);
    expect(jobs.filter(({ status }) => status?.succeeded === 1 && status.completionTime !== undefined)).toHaveLength(
      10_000,
    );
    expect(simulation.client.all(Pod)).toHaveLength(10_000);
    expect(simulation.client.all(Pod).some(isTracked)).toBe(false);
  }, 60_000);
});
