/** Defaults of autoscalers: four fifths of the processor, and how fast to go up and down. */
import type { Editable } from '../rules/draft.ts';
import type { HPAScalingRules, HorizontalPodAutoscalerSpec } from './v2/horizontal-pod-autoscaler.ts';

/** What an autoscaler without metrics goes by. */
export const defaultMetric = {
  type: 'Resource',
  resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 80 } },
} as const;

const doubling = { type: 'Percent', value: 100, periodSeconds: 15 } as const;
const four = { type: 'Pods', value: 4, periodSeconds: 15 } as const;

/** Rules that are given, filled up with those that hold where nothing is said. Down, the window is the controller's. */
export function autoscalerDefaults(draft: Record<string, unknown>): void {
  const { spec } = draft as { spec?: Editable<HorizontalPodAutoscalerSpec> };
  if (spec === undefined) return;
  if ((spec.metrics ?? []).length === 0) spec.metrics = [structuredClone(defaultMetric)];
  if (spec.behavior === undefined) return;
  const up: Editable<HPAScalingRules> = {
    stabilizationWindowSeconds: 0,
    selectPolicy: 'Max',
    policies: [{ ...four }, { ...doubling }],
  };
  const down: Editable<HPAScalingRules> = { selectPolicy: 'Max', policies: [{ ...doubling }] };
  spec.behavior.scaleUp = { ...up, ...spec.behavior.scaleUp };
  spec.behavior.scaleDown = { ...down, ...spec.behavior.scaleDown };
}
