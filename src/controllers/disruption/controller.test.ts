import { afterEach, expect, test } from 'vitest';
import { DaemonSet } from '../../api/apps/daemon-set.ts';
import { Pod } from '../../api/core/pod.ts';
import type { Kind } from '../../api/kind.ts';
import { PodDisruptionBudget } from '../../api/policy/pod-disruption-budget.ts';
import { Simulation } from '../testing/simulation.ts';
import { disruptionController } from './controller.ts';

let simulation: Simulation;
afterEach(() => simulation.stop());

const labels = { app: 'web' };

function budgetOverPodOf(kind: string, kinds: readonly Kind[]): void {
  simulation = new Simulation({ controllers: (deps, events) => [disruptionController(deps, events, () => kinds)] });
  const owner = { apiVersion: 'apps/v1', kind, name: 'owner', uid: 'owner', controller: true };
  simulation.put(Pod, {
    metadata: { name: 'one', namespace: 'default', labels, ownerReferences: [owner] },
    spec: { containers: [{ name: 'c', image: 'i' }] },
  });
  simulation.put(PodDisruptionBudget, {
    metadata: { name: 'budget', namespace: 'default', generation: 2 },
    spec: { maxUnavailable: 1, selector: { matchLabels: labels } },
  });
}

test.each([
  ['DaemonSet', [DaemonSet], 'daemonsets.apps does not implement the scale subresource'],
  ['Fleet', [], 'no matches for kind "Fleet" in version "apps/v1"'],
])('a budget over pods of a %s lets none go and says why, once', async (kind, kinds, message) => {
  budgetOverPodOf(kind, kinds);
  await simulation.run(10_000);
  const told = simulation.events.length;
  expect(simulation.events.at(-1)).toMatchObject({
    type: 'Warning',
    reason: 'CalculateExpectedPodCountFailed',
    message: `Failed to calculate the number of expected pods: ${message}`,
  });
  // As of the generation that was looked at last, so that evictions are told to come back.
  const [{ status } = { status: undefined }] = simulation.client.all(PodDisruptionBudget);
  expect(status).toMatchObject({
    disruptionsAllowed: 0,
    conditions: [{ type: 'DisruptionAllowed', status: 'False', reason: 'SyncFailed', message, observedGeneration: 0 }],
  });
  expect(status?.observedGeneration ?? 0).toBe(0);
  await simulation.run(3_600_000);
  expect(simulation.events.length).toBe(told);
});
