/** StatefulSets: pods with names of their own. Their template's pods are checked when they are made. */
import { forbidden, invalid, type Fault } from '../../schema/fault.ts';
import { annotationFaults } from '../meta/validate-object-meta.ts';
import { sameMeaning } from '../rules/equal.ts';
import { nonNegativeFaults } from '../rules/faults.ts';
import { labelFaults } from '../rules/label-selector.ts';
import type { Loose } from '../rules/loose.ts';
import type { StatefulSetSpec, StatefulSetStatus, StatefulSetUpdateStrategy } from './stateful-set.ts';
import {
  amountOf,
  atMostAllFaults,
  collisionFaults,
  countFaults,
  everlastingFaults,
  mismatchFaults,
  selectorFaults,
  shareFaults,
} from './validate-workload.ts';

type Spec = Loose<StatefulSetSpec>;

/** Claim templates say what they are, as whole objects do. */
export function nameClaimTemplates(draft: Record<string, unknown>): void {
  const { spec } = draft as { spec?: { volumeClaimTemplates?: Record<string, unknown>[] } };
  for (const template of spec?.volumeClaimTemplates ?? []) {
    template['apiVersion'] = 'v1';
    template['kind'] = 'PersistentVolumeClaim';
    template['status'] = { phase: 'Pending', ...(template['status'] as object | undefined) };
  }
}

export function statefulSetFaults(spec: Spec): Fault[] {
  const { metadata } = spec.template ?? {};
  return [
    ...policyFaults(spec.podManagementPolicy),
    ...strategyFaults(spec.updateStrategy ?? {}),
    ...nonNegativeFaults('spec.replicas', spec.replicas),
    ...nonNegativeFaults('spec.minReadySeconds', spec.minReadySeconds),
    ...nonNegativeFaults('spec.ordinals.start', spec.ordinals?.start),
    ...selectorFaults(spec.selector, 'empty selector is invalid for statefulset'),
    ...mismatchFaults(spec.selector, spec.template),
    ...labelFaults(metadata?.labels, 'spec.template.labels'),
    ...annotationFaults(metadata?.annotations, 'spec.template.annotations'),
    ...everlastingFaults(spec.template, 'StatefulSet'),
  ];
}

function policyFaults(policy: string | undefined): Fault[] {
  if (policy === 'OrderedReady' || policy === 'Parallel') return [];
  return [invalid('spec.podManagementPolicy', policy ?? '', "must be 'OrderedReady' or 'Parallel'")];
}

function strategyFaults(strategy: Loose<StatefulSetUpdateStrategy>): Fault[] {
  const path = 'spec.updateStrategy';
  const { type, rollingUpdate } = strategy;
  if (type === 'OnDelete') {
    if (rollingUpdate === undefined) return [];
    return [invalid(`${path}.rollingUpdate`, rollingUpdate, "only allowed for updateStrategy 'RollingUpdate'")];
  }
  if (type !== 'RollingUpdate') return [invalid(path, strategy, "must be 'RollingUpdate' or 'OnDelete'")];
  const at = `${path}.rollingUpdate.maxUnavailable`;
  const away = rollingUpdate?.maxUnavailable;
  return [
    ...nonNegativeFaults(`${path}.rollingUpdate.partition`, rollingUpdate?.partition),
    ...shareFaults(at, away),
    ...(away !== undefined && amountOf(away) === 0 ? [invalid(at, away, 'cannot be 0')] : []),
    ...atMostAllFaults(at, away),
  ];
}

const changeable = [
  'replicas',
  'ordinals',
  'template',
  'updateStrategy',
  'revisionHistoryLimit',
  'persistentVolumeClaimRetentionPolicy',
  'minReadySeconds',
] as const;

export function statefulSetUpdateFaults(spec: Spec, old: Spec): Fault[] {
  const kept = { ...spec, ...Object.fromEntries(changeable.map((field) => [field, old[field]])) };
  if (sameMeaning(kept, old)) return [];
  const text =
    "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', " +
    "'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden";
  return [forbidden('spec', text)];
}

const parts = ['readyReplicas', 'currentReplicas', 'updatedReplicas', 'availableReplicas'] as const;
type Status = Partial<StatefulSetStatus>;

export function statefulSetStatusFaults(status: Status, old: Status): Fault[] {
  return [
    ...countFaults(status, ['replicas', ...parts, 'observedGeneration', 'collisionCount'], parts),
    ...collisionFaults(status, old),
  ];
}
