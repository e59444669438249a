import { afterEach, expect, test } from 'vitest';
import { Node } from '../../api/core/node.ts';
import { Pod } from '../../api/core/pod.ts';
import { timestamp } from '../../base/clock.ts';
import { Simulation, type PodLife } from '../testing/simulation.ts';
import { podGarbageCollector } from './controller.ts';

const minute = 60_000;
let simulation: Simulation;
afterEach(() => simulation.stop());

const names = (): readonly string[] => simulation.client.all(Pod).map(({ metadata }) => metadata.name);

type Phase = 'Running' | 'Succeeded' | 'Failed';

function seed(name: string, phase: Phase, metadata: Partial<Pod['metadata']> = {}, nodeName = 'node-1'): void {
  simulation.client.seed(Pod, {
    metadata: { name, namespace: 'default', ...metadata },
    spec: { nodeName, containers: [{ name: 'main', image: 'one' }] },
    status: { phase, conditions: [] },
  });
}

test('of more ended pods than are kept the oldest go, and those that run stay', async () => {
  simulation = new Simulation({ controllers: (deps) => [podGarbageCollector(deps, { keptEnded: 3 })] });
  for (let age = 1; age <= 5; age += 1) {
    const creationTimestamp = timestamp(simulation.clock.now() - age * minute);
    seed(`ended-${age}`, age % 2 === 0 ? 'Failed' : 'Succeeded', { creationTimestamp });
  }
  seed('running', 'Running', { creationTimestamp: timestamp(simulation.clock.now() - 60 * minute) });
  await simulation.run(minute);
  expect(names()).toEqual(['ended-1', 'ended-2', 'ended-3', 'running']);
});

test('of more ended pods than are kept those that were evicted go first', async () => {
  simulation = new Simulation({ controllers: (deps) => [podGarbageCollector(deps, { keptEnded: 1 })] });
  const creationTimestamp = timestamp(simulation.clock.now() - minute);
  seed('old', 'Failed', { creationTimestamp });
  simulation.client.seed(Pod, {
    metadata: { name: 'young', namespace: 'default' },
    spec: { nodeName: 'node-1', containers: [{ name: 'main', image: 'one' }] },
    status: { phase: 'Failed', reason: 'Evicted' },
  });
  await simulation.run(minute);
  expect(names()).toEqual(['old']);
});

test('pods that go on a node that is out of service go at once, and nowhere else', async () => {
  // Nodes that take very long to end what they run.
  const life = (): PodLife => ({ start: 0, stop: 10 * minute });
  simulation = new Simulation({ nodes: 0, life, controllers: (deps) => [podGarbageCollector(deps)] });
  const taints = [{ key: 'node.kubernetes.io/out-of-service', value: 'nodeshutdown', effect: 'NoExecute' as const }];
  const node = (name: string, ready: string, tainted: boolean): void =>
    void simulation.client.seed(Node, {
      metadata: { name },
      spec: tainted ? { taints } : {},
      status: { conditions: [{ type: 'Ready', status: ready }] },
    });
  node('off', 'Unknown', true);
  // It is said to be off, and tells the contrary.
  node('on', 'True', true);
  node('silent', 'Unknown', false);
  const going = { deletionTimestamp: timestamp(simulation.clock.now()), deletionGracePeriodSeconds: 30 };
  for (const name of ['off', 'on', 'silent']) seed(`on-${name}`, 'Running', going, name);
  seed('stays', 'Running', {}, 'off');
  await simulation.run(minute);
  expect(names()).toEqual(['on-on', 'on-silent', 'stays']);
});
