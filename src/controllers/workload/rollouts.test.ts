/** Workloads in a simulated cluster whose API calls are lost, late, repeated and in conflict, and that is restarted. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ControllerRevision } from '../../api/apps/controller-revision.ts';
import { DaemonSet } from '../../api/apps/daemon-set.ts';
import { Deployment, type DeploymentSpec } from '../../api/apps/deployment.ts';
import { ReplicaSet } from '../../api/apps/replica-set.ts';
import { StatefulSet } from '../../api/apps/stateful-set.ts';
import { Node } from '../../api/core/node.ts';
import { Pod } from '../../api/core/pod.ts';
import type { Kind } from '../../api/kind.ts';
import type { Service } from '../../base/service.ts';
import type { Events } from '../../client/event-recorder.ts';
import type { Faults } from '../../client/testing/faulty-client.ts';
import { daemonSetController } from '../daemon-set/controller.ts';
import type { Dependencies } from '../dependencies.ts';
import { deploymentController } from '../deployment/controller.ts';
import { podGarbageCollector } from '../pod-garbage-collector/controller.ts';
import { replicaSetController } from '../replica-set/controller.ts';
import { statefulSetController } from '../stateful-set/controller.ts';
import { Simulation, type PodLife } from '../testing/simulation.ts';
import { amountOf } from './hash.ts';
import { isActive, isReady } from './pods.ts';

const second = 1000;
const minute = 60 * second;
const faults: Faults = {
  conflictEvery: 10,
  lostAnswers: 0.05,
  lostRequests: 0.05,
  duplicates: 0.05,
  brokenWatches: 0.02,
  delay: 400,
};
/**
 * A creation that went through although its answer was lost cannot be told from one that did not: its pod, whose
 * name the server made, may be one too many for a moment.
 */
const answered: Faults = { ...faults, lostAnswers: 0 };
/** Other runs every time: fast-check prints the seed of a failure, `CORACLE_TEST_SEED` repeats it, `CORACLE_TEST_RUNS` asks for more. */
const runs = { numRuns: Number(process.env['CORACLE_TEST_RUNS'] ?? 16), ...seeded(process.env['CORACLE_TEST_SEED']) };

function seeded(seed: string | undefined): { readonly seed?: number } {
  return seed === undefined ? {} : { seed: Number(seed) };
}

const controllers = (deps: Dependencies, events: Events): readonly Service[] => [
  deploymentController(deps, events),
  replicaSetController(deps, events),
  daemonSetController(deps, events),
  statefulSetController(deps, events),
];

const labels = { app: 'web' };
const template = (image: string): NonNullable<DeploymentSpec['template']> => ({
  metadata: { labels },
  spec: { containers: [{ name: 'web', image }] },
});
const named = { metadata: { name: 'web', namespace: 'default' } };
const selector = { matchLabels: labels };

async function within(
  options: Partial<ConstructorParameters<typeof Simulation>[0]>,
  test: (simulation: Simulation) => Promise<void>,
): Promise<void> {
  const simulation = new Simulation({ nodes: 3, controllers, ...options });
  try {
    await test(simulation);
  } finally {
    await simulation.stop();
  }
}

const active = (simulation: Simulation): readonly Pod[] => simulation.client.all(Pod).filter(isActive);
const ready = (simulation: Simulation): readonly Pod[] => active(simulation).filter(isReady);
const imagesOf = (pods: readonly Pod[]): ReadonlySet<string> =>
  new Set(pods.flatMap(({ spec }) => spec?.containers.map(({ image = '' }) => image) ?? []));

async function setImage(simulation: Simulation, kind: Kind, image: string): Promise<void> {
  const ref = { namespace: 'default', name: 'web' };
  const change = [{ op: 'replace', path: '/spec/template/spec/containers/0/image', value: image }];
  await simulation.client.patch(kind, ref, change, { type: 'json' });
}

/** Whether a while without any cause brings no write. */
async function rests(simulation: Simulation): Promise<boolean> {
  simulation.client.writes.length = 0;
  await simulation.run(5 * minute);
  return simulation.client.writes.length === 0;
}

const amount = fc.oneof(fc.integer({ min: 0, max: 4 }), fc.constantFrom('0%', '20%', '50%', '100%'));

describe('a Deployment', () => {
  it('never exceeds surge or unavailability, whatever goes wrong, and converges', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 8 }),
        amount,
        amount,
        fc.nat(),
        async (replicas, maxSurge, maxUnavailable, seed) => {
          fc.pre(amountOf(maxSurge, replicas, Math.ceil) > 0 || amountOf(maxUnavailable, replicas, Math.floor) > 0);
          await within({ faults: answered, seed }, async (simulation) => {
            const strategy = { type: 'RollingUpdate', rollingUpdate: { maxSurge, maxUnavailable } } as const;
            simulation.put(Deployment, { ...named, spec: { replicas, selector, strategy, template: template('one') } });
            await simulation.run(2 * minute);
            expect(ready(simulation)).toHaveLength(replicas);
            const most = replicas + amountOf(maxSurge, replicas, Math.ceil);
            const least = replicas - Math.max(amountOf(maxUnavailable, replicas, Math.floor), 0);
            const look = (): void => {
              expect(active(simulation).length).toBeLessThanOrEqual(most);
              expect(ready(simulation).length).toBeGreaterThanOrEqual(least);
            };
            await setImage(simulation, Deployment, 'two');
            await simulation.run(3 * second, look);
            await simulation.restart();
            await simulation.run(2 * second, look);
            await setImage(simulation, Deployment, 'three');
            await simulation.run(2 * second, look);
            await simulation.restart();
            await simulation.run(10 * minute, look);
            expect(imagesOf(active(simulation))).toEqual(new Set(['three']));
            expect(ready(simulation)).toHaveLength(replicas);
          });
        },
      ),
      runs,
    );
  }, 60_000);

  it('at rest writes nothing, and plans nothing anew after a restart', async () => {
    await within({}, async (simulation) => {
      simulation.put(Deployment, { ...named, spec: { replicas: 3, selector, template: template('one') } });
      await simulation.run(minute);
      await setImage(simulation, Deployment, 'two');
      await simulation.run(minute);
      expect(await rests(simulation)).toBe(true);
      await simulation.restart();
      expect(await rests(simulation)).toBe(true);
      expect(simulation.client.all(Deployment)[0]?.status).toMatchObject({
        replicas: 3,
        updatedReplicas: 3,
        readyReplicas: 3,
        availableReplicas: 3,
        observedGeneration: 2,
      });
      expect(
        simulation.client
          .all(ReplicaSet)
          .map(({ metadata }) => metadata.annotations?.['deployment.kubernetes.io/revision'])
          .toSorted((a, b) => Number(a) - Number(b)),
      ).toEqual(['1', '2']);
    });
  });

  it('that is recreated never runs old and new pods at the same time', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(), async (seed) => {
        await within({ faults, seed }, async (simulation) => {
          const spec = { replicas: 3, selector, strategy: { type: 'Recreate' }, template: template('one') } as const;
          simulation.put(Deployment, { ...named, spec });
          await simulation.run(2 * minute);
          await setImage(simulation, Deployment, 'two');
          await simulation.run(5 * minute, () => {
            const left = simulation.client.all(Pod).filter(({ status }) => status?.phase !== 'Failed');
            expect(imagesOf(left).size).toBeLessThanOrEqual(1);
          });
          expect(imagesOf(ready(simulation))).toEqual(new Set(['two']));
        });
      }),
      runs,
    );
  }, 60_000);

  it('stays with its old pods when the new ones never get ready, and says so', async () => {
    const life = ({ spec }: Pod): { start: number; stop: number; broken?: boolean } => ({
      start: second,
      stop: second,
      broken: spec?.containers[0]?.image === 'broken',
    });
    await within({ life }, async (simulation) => {
      const spec = { replicas: 4, selector, progressDeadlineSeconds: 60, template: template('one') };
      simulation.put(Deployment, { ...named, spec });
      await simulation.run(minute);
      await setImage(simulation, Deployment, 'broken');
      await simulation.run(5 * minute);
      expect(ready(simulation)).toHaveLength(3);
      const progressing = simulation.client
        .all(Deployment)[0]
        ?.status?.conditions?.find(({ type }) => type === 'Progressing');
      expect(progressing).toMatchObject({ status: 'False', reason: 'ProgressDeadlineExceeded' });
      await setImage(simulation, Deployment, 'one');
      await simulation.run(minute);
      expect(ready(simulation)).toHaveLength(4);
    });
  });

  it('counts revisions on from any that it finds, as 64-bit numbers', async () => {
    await within({}, async (simulation) => {
      const revision = 'deployment.kubernetes.io/revision';
      const spec = { replicas: 1, selector, template: template('zero') };
      simulation.put(ReplicaSet, {
        metadata: { ...named.metadata, labels, annotations: { [revision]: '3546343826724305832' } },
        spec,
      });
      simulation.put(Deployment, { ...named, spec: { replicas: 1, selector, template: template('one') } });
      await simulation.run(minute);
      const [deployment] = simulation.client.all(Deployment);
      expect(deployment?.metadata.annotations?.[revision]).toBe('3546343826724305833');
    });
  });
});

describe('a ReplicaSet', () => {
  it('never has more pods than it should, whatever goes wrong, and ends with exactly so many', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 30 }), fc.nat(), async (replicas, seed) => {
        await within({ faults: answered, seed }, async (simulation) => {
          simulation.put(ReplicaSet, { ...named, spec: { replicas, selector, template: template('one') } });
          const look = (): void => expect(active(simulation).length).toBeLessThanOrEqual(replicas);
          await simulation.run(2 * second, look);
          for (const { metadata } of active(simulation).slice(0, 2)) await simulation.client.delete(Pod, metadata);
          await simulation.run(3 * minute, look);
          expect(active(simulation)).toHaveLength(replicas);
        });
      }),
      runs,
    );
  }, 60_000);

  it('adopts what fits, and lets go of what no longer does', async () => {
    await within({}, async (simulation) => {
      simulation.client.seed(Pod, {
        metadata: { name: 'orphan', namespace: 'default', labels },
        spec: { containers: [] },
      });
      simulation.put(ReplicaSet, { ...named, spec: { replicas: 2, selector, template: template('one') } });
      await simulation.run(10 * second);
      expect(simulation.client.all(Pod)).toHaveLength(2);
      await simulation.client.patch(
        Pod,
        { namespace: 'default', name: 'orphan' },
        { metadata: { labels: { app: 'quarantine' } } },
        { type: 'merge' },
      );
      await simulation.run(10 * second);
      const orphan = simulation.client.all(Pod).find(({ metadata }) => metadata.name === 'orphan');
      expect(orphan?.metadata.ownerReferences ?? []).toEqual([]);
      expect(simulation.client.all(Pod)).toHaveLength(3);
      expect(await rests(simulation)).toBe(true);
    });
  });
});

describe('a DaemonSet', () => {
  it('has one pod on each node, and while it rolls as many out of work as it may, whatever goes wrong', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 2, max: 6 }),
        fc.integer({ min: 1, max: 3 }),
        fc.boolean(),
        fc.nat(),
        async (nodes, limit, surges, seed) => {
          await within({ nodes, faults: answered, seed }, async (simulation) => {
            const rollingUpdate = surges ? { maxSurge: limit, maxUnavailable: 0 } : { maxUnavailable: limit };
            const updateStrategy = { type: 'RollingUpdate', rollingUpdate } as const;
            simulation.put(DaemonSet, { ...named, spec: { selector, updateStrategy, template: template('one') } });
            await simulation.run(2 * minute);
            expect(ready(simulation)).toHaveLength(nodes);
            await setImage(simulation, DaemonSet, 'two');
            const look = (): void => {
              expect(active(simulation).length).toBeLessThanOrEqual(nodes + (surges ? limit : 0));
              expect(ready(simulation).length).toBeGreaterThanOrEqual(nodes - (surges ? 0 : limit));
            };
            await simulation.run(3 * second, look);
            await simulation.restart();
            await simulation.run(10 * minute, look);
            expect(imagesOf(active(simulation))).toEqual(new Set(['two']));
            expect(new Set(active(simulation).map(({ spec }) => spec?.nodeName)).size).toBe(nodes);
            expect(active(simulation)).toHaveLength(nodes);
          });
        },
      ),
      runs,
    );
  }, 60_000);

  it('follows nodes that come and go, and is at rest between', async () => {
    const withCollector = (deps: Dependencies, events: Events): readonly Service[] => [
      ...controllers(deps, events),
      podGarbageCollector(deps),
    ];
    await within({ nodes: 2, controllers: withCollector }, async (simulation) => {
      simulation.put(DaemonSet, { ...named, spec: { selector, template: template('one') } });
      await simulation.run(minute);
      simulation.addNode('late');
      await simulation.run(minute);
      expect(active(simulation)).toHaveLength(3);
      simulation.client.remove(Node, { name: 'node-1' });
      // The node may come back: its pod is given up by those who collect pods, after a while.
      await simulation.run(30 * second);
      expect(active(simulation)).toHaveLength(3);
      await simulation.run(30 * second);
      expect(active(simulation)).toHaveLength(2);
      expect(simulation.client.all(ControllerRevision)).toHaveLength(1);
      expect(await rests(simulation)).toBe(true);
    });
  });
});

describe('a StatefulSet', () => {
  it('starts its pods one after the other and updates them from the last, one out of work at a time, whatever goes wrong', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 5 }), fc.nat(), async (replicas, seed) => {
        await within({ faults, seed }, async (simulation) => {
          simulation.put(StatefulSet, {
            ...named,
            spec: { replicas, selector, serviceName: 'web', template: template('one') },
          });
          await simulation.run(2 * minute, () => {
            const waiting = active(simulation).filter((pod) => !isReady(pod));
            expect(waiting.length).toBeLessThanOrEqual(1);
          });
          const names = Array.from({ length: replicas }, (_, ordinal) => `web-${ordinal}`);
          expect(ready(simulation).map(({ metadata }) => metadata.name)).toEqual(names);
          await setImage(simulation, StatefulSet, 'two');
          const look = (): void => expect(ready(simulation).length).toBeGreaterThanOrEqual(replicas - 1);
          await simulation.run(4 * second, look);
          await simulation.restart();
          await simulation.run(10 * minute, look);
          expect(imagesOf(active(simulation))).toEqual(new Set(['two']));
          expect(ready(simulation).map(({ metadata }) => metadata.name)).toEqual(names);
        });
      }),
      runs,
    );
  }, 60_000);

  it('goes down from the last, keeps those below the partition, and is at rest afterwards', async () => {
    await within({}, async (simulation) => {
      const updateStrategy = { type: 'RollingUpdate', rollingUpdate: { partition: 2 } } as const;
      const spec = { replicas: 4, selector, serviceName: 'web', updateStrategy, template: template('one') };
      simulation.put(StatefulSet, { ...named, spec });
      await simulation.run(minute);
      await setImage(simulation, StatefulSet, 'two');
      await simulation.run(minute);
      const images = active(simulation).map(({ spec: pod }) => pod?.containers[0]?.image);
      expect(images).toEqual(['one', 'one', 'two', 'two']);
      await simulation.client.patch(
        StatefulSet,
        { namespace: 'default', name: 'web' },
        { spec: { replicas: 1 } },
        { type: 'merge' },
      );
      await simulation.run(minute);
      expect(active(simulation).map(({ metadata }) => metadata.name)).toEqual(['web-0']);
      expect(await rests(simulation)).toBe(true);
    });
  });
});

describe('pods that end by themselves are made again, and it is told how they ended', () => {
  const ends = (phase: 'Failed' | 'Succeeded') => (): PodLife => ({
    start: second,
    stop: second,
    end: { after: 10 * second, phase },
  });
  const told = (simulation: Simulation): readonly string[] => [
    ...new Set(
      simulation.events
        .filter(({ reason }) => !reason.startsWith('Successful'))
        .map(({ type, reason, message }) => `${type} ${reason} ${message.replace(/web-[a-z0-9]{5}\b/, 'web-X')}`),
    ),
  ];

  // upstream pkg/controller/statefulset/stateful_set_control.go
  it.each([
    ['Failed', 'Warning RecreatingFailedPod StatefulSet default/web is recreating failed Pod web-0'],
    ['Succeeded', 'Normal RecreatingTerminatedPod StatefulSet default/web is recreating terminated Pod web-0'],
  ] as const)('by a StatefulSet: %s', async (phase, expected) => {
    await within({ life: ends(phase) }, async (simulation) => {
      simulation.put(StatefulSet, {
        ...named,
        spec: { replicas: 1, selector, serviceName: 'web', template: template('one') },
      });
      await simulation.run(minute);
      expect(told(simulation)).toEqual([expected]);
    });
  });

  // upstream pkg/controller/daemon/daemon_controller.go
  it.each([
    ['Failed', 'Warning FailedDaemonPod Found failed daemon pod default/web-X on node node-1, will try to kill it'],
    [
      'Succeeded',
      'Normal SucceededDaemonPod Found succeeded daemon pod default/web-X on node node-1, will try to delete it',
    ],
  ] as const)('by a DaemonSet: %s', async (phase, expected) => {
    await within({ nodes: 1, life: ends(phase) }, async (simulation) => {
      simulation.put(DaemonSet, { ...named, spec: { selector, template: template('one') } });
      await simulation.run(minute);
      expect(told(simulation)).toEqual([expected]);
    });
  });
});
