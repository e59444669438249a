/** PodDisruptionBudgets: one bound, of pods or of percent. */
import { invalid, type Fault } from '../../schema/fault.ts';
import { atMostAllFaults, shareFaults } from '../apps/validate-workload.ts';
import { conditionFaults } from '../meta/validate-conditions.ts';
import { nonNegativeFaults } from '../rules/faults.ts';
import { labelSelectorFaults } from '../rules/label-selector.ts';
import type { Loose } from '../rules/loose.ts';
import type { PodDisruptionBudgetSpec, PodDisruptionBudgetStatus } from './pod-disruption-budget.ts';

export function budgetFaults(spec: Loose<PodDisruptionBudgetSpec>): Fault[] {
  const both = spec.minAvailable !== undefined && spec.maxUnavailable !== undefined;
  return [
    ...(both ? [invalid('spec', spec, 'minAvailable and maxUnavailable cannot be both set')] : []),
    ...(['minAvailable', 'maxUnavailable'] as const).flatMap((field) => [
      ...shareFaults(`spec.${field}`, spec[field]),
      ...atMostAllFaults(`spec.${field}`, spec[field]),
    ]),
    ...labelSelectorFaults(spec.selector, 'spec.selector'),
  ];
}

const counts = ['disruptionsAllowed', 'currentHealthy', 'desiredHealthy', 'expectedPods'] as const;

export function budgetStatusFaults(status: Loose<PodDisruptionBudgetStatus>): Fault[] {
  return [
    ...conditionFaults(status.conditions, 'status.conditions'),
    ...counts.flatMap((field) => nonNegativeFaults(`status.${field}`, status[field])),
  ];
}
