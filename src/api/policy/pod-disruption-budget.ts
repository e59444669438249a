import { defineKind, type ObjectOf } from '../kind.ts';
import { int32, int64, intOrString, list, map, of, string, struct, time, type Infer } from '../../schema/field.ts';
import { Condition } from '../meta/condition.ts';
import { LabelSelector } from '../meta/label-selector.ts';

export const PodDisruptionBudgetSpec = struct('io.k8s.api.policy.v1.PodDisruptionBudgetSpec', '', {
  minAvailable: intOrString(1).pointer(),
  selector: of(2, LabelSelector).replace(),
  maxUnavailable: intOrString(3).pointer(),
  unhealthyPodEvictionPolicy: string(4).enum('IfHealthyBudget', 'AlwaysAllow').pointer(),
});
export interface PodDisruptionBudgetSpec extends Infer<typeof PodDisruptionBudgetSpec> {}

export const PodDisruptionBudgetStatus = struct('io.k8s.api.policy.v1.PodDisruptionBudgetStatus', '', {
  observedGeneration: int64(1),
  disruptedPods: map(2, time()),
  disruptionsAllowed: int32(3).required(),
  currentHealthy: int32(4).required(),
  desiredHealthy: int32(5).required(),
  expectedPods: int32(6).required(),
  conditions: list(7, Condition).listMap('type').merge('type'),
});
export interface PodDisruptionBudgetStatus extends Infer<typeof PodDisruptionBudgetStatus> {}

export const PodDisruptionBudget = defineKind({
  group: 'policy',
  version: 'v1',
  kind: 'PodDisruptionBudget',
  plural: 'poddisruptionbudgets',
  scope: 'Namespaced',
  package: 'io.k8s.api.policy.v1',
  doc: '',
  fields: {
    spec: of(2, PodDisruptionBudgetSpec).always(),
    status: of(3, PodDisruptionBudgetStatus).always(),
  },
  subresources: { status: true },
});
export interface PodDisruptionBudget extends ObjectOf<typeof PodDisruptionBudget> {}
