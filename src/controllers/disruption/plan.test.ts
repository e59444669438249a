import { describe, expect, it } from 'vitest';
import type { Pod } from '../../api/core/pod.ts';
import type { PodDisruptionBudget, PodDisruptionBudgetSpec } from '../../api/policy/pod-disruption-budget.ts';
import { parseTimestamp } from '../../base/clock.ts';
import { planBudget } from './plan.ts';

const now = parseTimestamp('2026-01-01T00:10:00Z');
const meta = { namespace: 'default', uid: 'u', resourceVersion: '1', creationTimestamp: '2026-01-01T00:00:00Z' };

function pods(ready: number, broken = 0): readonly Pod[] {
  return Array.from({ length: ready + broken }, (_, index) => ({
    metadata: { ...meta, name: `pod-${index}` },
    status: { conditions: [{ type: 'Ready', status: index < ready ? 'True' : 'False' }] },
  }));
}

function budget(spec: PodDisruptionBudgetSpec, disruptedPods?: Readonly<Record<string, string>>): PodDisruptionBudget {
  const status = { disruptionsAllowed: 0, currentHealthy: 0, desiredHealthy: 0, expectedPods: 0 };
  return {
    metadata: { ...meta, name: 'budget', generation: 1 },
    spec,
    status: { ...status, ...(disruptedPods && { disruptedPods }) },
  };
}

describe('a PodDisruptionBudget', () => {
  it.each<[PodDisruptionBudgetSpec, number, number, number]>([
    [{ minAvailable: 2 }, 3, 2, 1],
    [{ minAvailable: '50%' }, 5, 3, 0],
    [{ maxUnavailable: 1 }, 5, 4, 0],
    [{ maxUnavailable: '30%' }, 5, 3, 0],
    [{ maxUnavailable: 10 }, 5, 0, 3],
  ])('%o of three ready pods', (spec, expectedPods, desiredHealthy, disruptionsAllowed) => {
    const { status } = planBudget(budget(spec), pods(3), 5, now);
    expect(status).toMatchObject({
      expectedPods,
      desiredHealthy,
      disruptionsAllowed,
      currentHealthy: 3,
      observedGeneration: 1,
    });
    expect(status.conditions?.[0]).toMatchObject({
      type: 'DisruptionAllowed',
      status: disruptionsAllowed > 0 ? 'True' : 'False',
      reason: disruptionsAllowed > 0 ? 'SufficientPods' : 'InsufficientPods',
    });
  });

  it('does not count pods whose eviction was granted, for two minutes', () => {
    const granted = budget({ minAvailable: 1 }, { 'pod-0': '2026-01-01T00:09:00Z', gone: '2026-01-01T00:09:00Z' });
    const plan = planBudget(granted, pods(2), 0, now);
    expect(plan.status).toMatchObject({
      currentHealthy: 1,
      disruptionsAllowed: 0,
      disruptedPods: { 'pod-0': '2026-01-01T00:09:00Z' },
    });
    expect(plan.after).toBe(60_000);
    const later = planBudget(granted, pods(2), 0, now + 60_000);
    expect(later.status).toMatchObject({ currentHealthy: 2, disruptionsAllowed: 1 });
    expect(later.notDeleted.map(({ metadata }) => metadata.name)).toEqual(['pod-0']);
  });

  it('planned again is the same', () => {
    const before = budget({ maxUnavailable: 1 });
    const { status } = planBudget(before, pods(2, 1), 3, now);
    expect(planBudget({ ...before, status }, pods(2, 1), 3, now + 5000).status).toEqual(status);
  });
});
