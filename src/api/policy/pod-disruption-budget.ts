import { defineKind, type ObjectOf } from '../kind.ts';
import { int32, int64, intOrString, list, map, of, string, struct, time, type Infer } from '../../schema/field.ts';
import { Condition } from '../meta/condition.ts';
import { LabelSelector } from '../meta/label-selector.ts';
import { ageColumn, nameColumn } from '../rules/columns.ts';
import { budgetFaults, budgetStatusFaults } from './validate-pod-disruption-budget.ts';

export const PodDisruptionBudgetSpec = struct(
  'io.k8s.api.policy.v1.PodDisruptionBudgetSpec',
  'Which pods, and how many must stay.',
  {
    minAvailable: intOrString(1).pointer().doc('How many pods must stay, as a number or a percentage.'),
    selector: of(2, LabelSelector).replace().doc('Which pods belong to it.'),
    maxUnavailable: intOrString(3).pointer().doc('How many pods may be missing, as a number or a percentage.'),
    unhealthyPodEvictionPolicy: string(4)
      .enum('AlwaysAllow', 'IfHealthyBudget')
      .pointer()
      .doc('Whether pods that are not ready may go although the budget is spent.'),
  },
);
export interface PodDisruptionBudgetSpec extends Infer<typeof PodDisruptionBudgetSpec> {}

export const PodDisruptionBudgetStatus = struct(
  'io.k8s.api.policy.v1.PodDisruptionBudgetStatus',
  'How much of the budget is left.',
  {
    observedGeneration: int64(1).doc('The generation of the object that this status is about.'),
    disruptedPods: map(2, time()).doc('Pods whose eviction was granted and has not shown yet.'),
    disruptionsAllowed: int32(3).required().doc('How many pods may go now.'),
    currentHealthy: int32(4).required().doc('How many pods are healthy.'),
    desiredHealthy: int32(5).required().doc('How many pods must be healthy.'),
    expectedPods: int32(6).required().doc('How many pods the budget counts.'),
    conditions: list(7, Condition).listMap('type').merge('type').doc('Statements about its state, one per type.'),
  },
);
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
  doc: 'How many pods may be missing when they are evicted.',
  fields: {
    spec: of(2, PodDisruptionBudgetSpec).always().doc('What is wanted.'),
    status: of(3, PodDisruptionBudgetStatus).always().doc('What was observed last.'),
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
