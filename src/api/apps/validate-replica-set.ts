/** ReplicaSets: a template that the selector matches, and a selector that stays. */
import type { Fault } from '../../schema/fault.ts';
import { immutableFaults, nonNegativeFaults } from '../rules/faults.ts';
import type { Loose } from '../rules/loose.ts';
import type { ReplicaSetSpec } from './replica-set.ts';
import { everlastingTemplateFaults, mismatchFaults, selectorFaults } from './validate-workload.ts';

export function replicaSetFaults(spec: Loose<ReplicaSetSpec>, old: Loose<ReplicaSetSpec> | undefined): Fault[] {
  return [
    ...nonNegativeFaults('spec.replicas', spec.replicas),
    ...nonNegativeFaults('spec.minReadySeconds', spec.minReadySeconds),
    // Upstream's words: it took them from the Deployment.
    ...selectorFaults(spec.selector, 'empty selector is invalid for deployment'),
    ...mismatchFaults(spec.selector, spec.template),
    ...everlastingTemplateFaults(spec.template, 'ReplicaSet'),
    ...(old === undefined ? [] : immutableFaults('spec.selector', spec.selector, old.selector)),
  ];
}
