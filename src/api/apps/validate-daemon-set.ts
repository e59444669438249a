/** DaemonSets: one pod per node, and an update that either makes room or makes way. */
import { invalid, notSupported, required, type Fault } from '../../schema/fault.ts';
import { immutableFaults, nonNegativeFaults } from '../rules/faults.ts';
import type { Loose } from '../rules/loose.ts';
import type { DaemonSetSpec, DaemonSetStatus, DaemonSetUpdateStrategy, RollingUpdateDaemonSet } from './daemon-set.ts';
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

type Spec = Loose<DaemonSetSpec>;

export function daemonSetFaults(spec: Spec, old: Spec | undefined): Fault[] {
  return [
    ...selectorFaults(spec.selector, 'empty selector is invalid for daemonset'),
    ...mismatchFaults(spec.selector, spec.template),
    ...everlastingTemplateFaults(spec.template, 'DaemonSet'),
    ...strategyFaults(spec.updateStrategy ?? {}),
    ...nonNegativeFaults('spec.minReadySeconds', spec.minReadySeconds),
    ...nonNegativeFaults('spec.revisionHistoryLimit', spec.revisionHistoryLimit),
    ...(old === undefined ? [] : immutableFaults('spec.selector', spec.selector, old.selector)),
  ];
}

function strategyFaults(strategy: Loose<DaemonSetUpdateStrategy>): Fault[] {
  const path = 'spec.updateStrategy';
  if (strategy.type === 'OnDelete') return [];
  if (strategy.type !== 'RollingUpdate') return [notSupported(path, strategy, ['RollingUpdate', 'OnDelete'])];
  return rollingFaults(strategy.rollingUpdate ?? {}, `${path}.rollingUpdate`);
}

function rollingFaults({ maxUnavailable, maxSurge }: Loose<RollingUpdateDaemonSet>, path: string): Fault[] {
  const [away, extra] = [amountOf(maxUnavailable) !== 0, amountOf(maxSurge) !== 0];
  return [
    ...shareFaults(`${path}.maxUnavailable`, maxUnavailable),
    ...shareFaults(`${path}.maxSurge`, maxSurge),
    ...atMostAllFaults(`${path}.maxUnavailable`, maxUnavailable),
    ...atMostAllFaults(`${path}.maxSurge`, maxSurge),
    ...(away && extra ? [invalid(`${path}.maxSurge`, maxSurge, 'may not be set when maxUnavailable is non-zero')] : []),
    ...(away || extra ? [] : [required(`${path}.maxUnavailable`, 'cannot be 0 when maxSurge is 0')]),
  ];
}

const counts = [
  'currentNumberScheduled',
  'numberMisscheduled',
  'desiredNumberScheduled',
  'numberReady',
  'observedGeneration',
  'updatedNumberScheduled',
  'numberAvailable',
  'numberUnavailable',
  'collisionCount',
] as const;

type Status = Partial<DaemonSetStatus>;

export function daemonSetStatusFaults(status: Status, old: Status): Fault[] {
  return [...countFaults(status, counts), ...collisionFaults(status, old)];
}
