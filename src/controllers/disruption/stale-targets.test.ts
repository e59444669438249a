import { afterEach, expect, test } from 'vitest';
import { Pod } from '../../api/core/pod.ts';
import { timestamp } from '../../base/clock.ts';
import { Simulation } from '../testing/simulation.ts';
import { staleTargetsController } from './stale-targets.ts';

let simulation: Simulation;
afterEach(() => simulation.stop());

function announce(name: string, more: { readonly reason?: string; readonly phase?: 'Running' | 'Failed' } = {}): void {
  const { reason = 'EvictionByEvictionAPI', phase = 'Running' } = more;
  simulation.client.seed(Pod, {
    metadata: { name, namespace: 'default' },
    spec: { nodeName: 'node-1', containers: [{ name: 'main', image: 'one' }] },
    status: {
      phase,
      conditions: [
        { type: 'Ready', status: 'True' },
        {
          type: 'DisruptionTarget',
          status: 'True',
          reason,
          lastTransitionTime: timestamp(simulation.clock.now()),
        },
      ],
    },
  });
}

const targets = (): readonly string[] =>
  simulation.client.all(Pod).map(({ metadata, status }) => {
    const target = status?.conditions?.find(({ type }) => type === 'DisruptionTarget');
    return `${metadata.name} ${target?.status} ${target?.reason}, ${status?.conditions?.length} conditions`;
  });

test('a disruption that did not happen within two minutes is taken back, but for what the node itself announced', async () => {
  simulation = new Simulation({ controllers: (deps) => [staleTargetsController(deps)] });
  announce('spared');
  announce('of-kubelet', { reason: 'TerminationByKubelet' });
  announce('ended', { phase: 'Failed' });
  await simulation.run(119_000);
  expect(targets()[2]).toBe('spared True EvictionByEvictionAPI, 2 conditions');
  await simulation.restart();
  await simulation.run(2_000);
  expect(targets()).toEqual([
    'ended True EvictionByEvictionAPI, 2 conditions',
    'of-kubelet True TerminationByKubelet, 2 conditions',
    'spared False undefined, 2 conditions',
  ]);
});
