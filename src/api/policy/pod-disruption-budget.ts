import { defineKind, type ObjectOf } from '../kind.ts';
import { int32, int64, intOrString, list, map, of, string, struct, time, type Infer } from '../../schema/field.ts';
import { Condition } from '../meta/condition.ts';
import { LabelSelector } from '../meta/label-selector.ts';
import { ageColumn, nameColumn } from '../rules/columns.ts';
import { budgetFaults, budgetStatusFaults } from './validate-pod-disruption-budget.ts';

export const PodDisruptionBudgetSpec = struct('io.k8s.api.policy.v1.PodDisruptionBudgetSpec', '', {
  minAvailable: intOrString(1).pointer(),
  selector: of(2, LabelSelector).replace(),
  maxUnavailable: intOrString(3).pointer(),
  unhealthyPodEvictionPolicy: string(4).enum('AlwaysAllow', 'IfHealthyBudget').pointer(),
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

const share = (value: number | string | undefined): string => (value === undefined ? 'N/A' : `${value}`);

export const PodDisruptionBudget = defineKind({
  group: 'policy',
  version: 'v1',
  kind: 'PodDisruptionBudget',
  plural: 'poddisruptionbudgets',
  shortNames: ['pdb'],
  scope: 'Namespaced',
  package: 'io.k8s.api.policy.v1',
  doc: '',
  fields: {
    spec: of(2, PodDisruptionBudgetSpec).always(),
    status: of(3, PodDisruptionBudgetStatus).always(),
  },
  subresources: { status: true },
  unconditionalUpdate: false,
  columns: [
    nameColumn,
    {
      name: 'Min Available',
      type: 'string',
      doc: 'Pods that must stay.',
      value: ({ spec }) => share(spec?.minAvailable),
    },
    {
      name: 'Max Unavailable',
      type: 'string',
      doc: 'Pods that may go.',
      value: ({ spec }) => share(spec?.maxUnavailable),
    },
    {
      name: 'Allowed Disruptions',
      type: 'integer',
      doc: 'Pods that may go now.',
      value: ({ status }) => status?.disruptionsAllowed ?? 0,
    },
    ageColumn,
  ],
  validate: ({ spec }) => budgetFaults(spec ?? {}),
  validateStatusUpdate: ({ status }) => budgetStatusFaults(status ?? {}),
});
export interface PodDisruptionBudget extends ObjectOf<typeof PodDisruptionBudget> {}
