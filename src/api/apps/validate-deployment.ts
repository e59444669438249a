/** Deployments: a strategy that can make progress, and a selector that stays. */
import { forbidden, invalid, notSupported, type Fault } from '../../schema/fault.ts';
import { immutableFaults, nonNegativeFaults } from '../rules/faults.ts';
import type { Loose } from '../rules/loose.ts';
import type { DeploymentSpec, DeploymentStatus, DeploymentStrategy, RollingUpdateDeployment } from './deployment.ts';
import {
  amountOf,
  atMostAllFaults,
  collisionFaults,
  countFaults,
  everlastingTemplateFaults,
  mismatchFaults,
  selectorFaults,
  shareFaults,
} from './validate-workload.ts';

type Spec = Loose<DeploymentSpec>;

export function deploymentFaults(spec: Spec, old: Spec | undefined): Fault[] {
  const deadline = spec.progressDeadlineSeconds;
  return [
    ...nonNegativeFaults('spec.replicas', spec.replicas),
    ...selectorFaults(spec.selector, 'empty selector is invalid for deployment'),
    ...mismatchFaults(spec.selector, spec.template),
    ...everlastingTemplateFaults(spec.template, 'ReplicaSet'),
    ...strategyFaults(spec.strategy ?? {}),
    ...nonNegativeFaults('spec.minReadySeconds', spec.minReadySeconds),
    ...nonNegativeFaults('spec.revisionHistoryLimit', spec.revisionHistoryLimit),
    ...nonNegativeFaults('spec.progressDeadlineSeconds', deadline),
    ...(deadline !== undefined && deadline <= (spec.minReadySeconds ?? 0)
      ? [invalid('spec.progressDeadlineSeconds', deadline, 'must be greater than minReadySeconds')]
      : []),
    ...(old === undefined ? [] : immutableFaults('spec.selector', spec.selector, old.selector)),
  ];
}

function strategyFaults(strategy: Loose<DeploymentStrategy>): Fault[] {
  const path = 'spec.strategy';
  const { type, rollingUpdate } = strategy;
  if (type === 'RollingUpdate') return rollingFaults(rollingUpdate ?? {}, `${path}.rollingUpdate`);
  if (type !== 'Recreate') return [notSupported(path, strategy, ['Recreate', 'RollingUpdate'])];
  if (rollingUpdate === undefined) return [];
  return [forbidden(`${path}.rollingUpdate`, "may not be specified when strategy `type` is 'Recreate'")];
}

function rollingFaults({ maxUnavailable, maxSurge }: Loose<RollingUpdateDeployment>, path: string): Fault[] {
  const stuck = amountOf(maxUnavailable) === 0 && amountOf(maxSurge) === 0;
  return [
    ...shareFaults(`${path}.maxUnavailable`, maxUnavailable),
    ...shareFaults(`${path}.maxSurge`, maxSurge),
    ...(stuck ? [invalid(`${path}.maxUnavailable`, maxUnavailable, 'may not be 0 when `maxSurge` is 0')] : []),
    ...atMostAllFaults(`${path}.maxUnavailable`, maxUnavailable),
  ];
}

export function deploymentStatusFaults(status: DeploymentStatus, old: DeploymentStatus): Fault[] {
  return [
    ...countFaults(
      status,
      [
        'observedGeneration',
        'replicas',
        'updatedReplicas',
        'readyReplicas',
        'availableReplicas',
        'unavailableReplicas',
        'collisionCount',
      ],
      ['updatedReplicas', 'readyReplicas', 'availableReplicas'],
    ),
    ...collisionFaults(status, old),
  ];
}
