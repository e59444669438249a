import { describe, expect, it } from 'vitest';
import type {
  HorizontalPodAutoscaler,
  HorizontalPodAutoscalerSpec,
} from '../../api/autoscaling/v2/horizontal-pod-autoscaler.ts';
import type { Pod } from '../../api/core/pod.ts';
import { parseTimestamp, timestamp } from '../../base/clock.ts';
import { advise, noHistory, type History } from './plan.ts';
import { demandFor, groupPods, type PodUse } from './replicas.ts';

const now = parseTimestamp('2026-01-01T01:00:00Z');
const meta = { namespace: 'default', uid: 'u', resourceVersion: '1', creationTimestamp: timestamp(now - 3_600_000) };

function autoscaler(spec: Partial<HorizontalPodAutoscalerSpec> = {}): HorizontalPodAutoscaler {
  return {
    metadata: { ...meta, name: 'web' },
    spec: { scaleTargetRef: { kind: 'Deployment', name: 'web' }, minReplicas: 1, maxReplicas: 20, ...spec },
  };
}

const podsOf = (count: number, ready = count): readonly Pod[] =>
  Array.from({ length: count }, (_, index) => ({
    metadata: { ...meta, name: `web-${index}` },
    status: {
      phase: index < ready ? 'Running' : 'Pending',
      startTime: timestamp(now - 3_000_000),
      conditions: [
        { type: 'Ready', status: index < ready ? 'True' : 'False', lastTransitionTime: timestamp(now - 2_900_000) },
      ],
    },
  }));

function demand(uses: readonly number[], pods: readonly Pod[], current = pods.length): number {
  const map = new Map(
    uses.map((value, index): [string, PodUse] => [`web-${index}`, { value, at: now, window: 15_000 }]),
  );
  const weights = new Map(pods.map(({ metadata }) => [metadata.name, 1000]));
  return demandFor(current, groupPods(pods, map, true, now), map, {
    goal: 50,
    weights,
    tolerance: { up: 0.1, down: 0.1 },
  }).replicas;
}

describe('demand', () => {
  it.each([
    ['twice the target asks for twice the pods', [1000, 1000], podsOf(2), 4],
    ['within a tenth nothing changes', [540, 540], podsOf(2), 2],
    ['half the target asks for half the pods', [250, 250, 250, 250], podsOf(4), 2],
    ['pods without figures are idle when there is more to do', [1000, 1000], podsOf(4), 4],
    ['and fully busy when there is less', [100, 100], podsOf(4), 4],
    ['pods that are not ready are idle when there is more to do', [1000, 1000, 0], podsOf(3, 2), 4],
  ] as const)('%s', (_, uses, pods, expected) => expect(demand(uses, pods)).toBe(expected));
});

describe('advice', () => {
  const go = (
    hpa: HorizontalPodAutoscaler,
    current: number,
    wanted: number,
    history: History = noHistory,
  ): readonly [number, readonly string[]] => {
    const { replicas, conditions } = advise(hpa, current, wanted, history, now);
    return [replicas, conditions.map(({ reason }) => reason)];
  };

  // upstream pkg/controller/podautoscaler/horizontal.go, calculateScaleUpLimit
  it('goes up to four or to the double, whichever is more, and not beyond the bounds', () => {
    expect(go(autoscaler(), 1, 10)).toEqual([4, ['ReadyForNewScale', 'ScaleUpLimit']]);
    expect(go(autoscaler({ behavior: {} }), 1, 10)).toEqual([5, ['ReadyForNewScale', 'ScaleUpLimit']]);
    expect(go(autoscaler(), 8, 30)).toEqual([16, ['ReadyForNewScale', 'ScaleUpLimit']]);
    expect(go(autoscaler(), 15, 30)).toEqual([20, ['ReadyForNewScale', 'TooManyReplicas']]);
    expect(go(autoscaler({ minReplicas: 3 }), 3, 1)).toEqual([3, ['ReadyForNewScale', 'TooFewReplicas']]);
  });

  it('goes down to the highest advice of the last five minutes', () => {
    const history = { advice: [{ at: now - 290_000, replicas: 7 }], changes: [] };
    expect(go(autoscaler(), 10, 2, history)).toEqual([7, ['ScaleDownStabilized', 'DesiredWithinRange']]);
    const older = { advice: [{ at: now - 310_000, replicas: 7 }], changes: [] };
    expect(go(autoscaler(), 10, 2, older)[0]).toBe(2);
  });

  it('recent advice holds though somebody has set less since, unless a behaviour is given', () => {
    const history = { advice: [{ at: now - 60_000, replicas: 8 }], changes: [] };
    expect(go(autoscaler(), 5, 2, history)).toEqual([8, ['ScaleDownStabilized', 'DesiredWithinRange']]);
    expect(go(autoscaler({ behavior: {} }), 5, 2, history)[0]).toBe(5);
  });

  it('keeps to policies, counting what was changed within their periods', () => {
    const scaleUp = { policies: [{ type: 'Pods', value: 3, periodSeconds: 60 }] };
    const history = { advice: [], changes: [{ at: now - 30_000, by: 2 }] };
    expect(go(autoscaler({ behavior: { scaleUp } }), 5, 20, history)).toEqual([
      6,
      ['ReadyForNewScale', 'ScaleUpLimit'],
    ]);
    // upstream horizontal_test.go, TestScalingWithRules: what went within the period may come back beside.
    const down = { advice: [], changes: [{ at: now - 30_000, by: -4 }] };
    expect(go(autoscaler({ behavior: { scaleUp } }), 5, 20, down)[0]).toBe(12);
    const scaleDown = { selectPolicy: 'Disabled' as const, stabilizationWindowSeconds: 0 };
    expect(go(autoscaler({ behavior: { scaleDown } }), 5, 1)[0]).toBe(5);
  });
});
