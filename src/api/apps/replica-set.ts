import { defineKind, type KubernetesObject, type ObjectOf } from '../kind.ts';
import { int32, int64, list, of, string, struct, time, type Infer } from '../../schema/field.ts';
import { PodTemplateSpec } from '../core/pod-template-spec.ts';
import { replicaStatusFaults } from '../core/validate-replication-controller.ts';
import { templateColumns } from '../core/workload-columns.ts';
import { LabelSelector } from '../meta/label-selector.ts';
import { ageColumn, nameColumn } from '../rules/columns.ts';
import { selectorColumn } from './selector-column.ts';
import { replicaSetFaults } from './validate-replica-set.ts';

export const ReplicaSetSpec = struct('io.k8s.api.apps.v1.ReplicaSetSpec', 'Which pods and how many.', {
  replicas: int32(1).default(1).pointer().doc('How many pods there should be; 1 when left out.'),
  minReadySeconds: int32(4).doc('How many seconds a new pod must be ready before it counts as available.'),
  selector: of(2, LabelSelector).required().doc('Which pods belong to it.'),
  template: of(3, PodTemplateSpec).always().doc('The pod that is made for each replica.'),
});
export interface ReplicaSetSpec extends Infer<typeof ReplicaSetSpec> {}

export const ReplicaSetCondition = struct(
  'io.k8s.api.apps.v1.ReplicaSetCondition',
  'One statement about the state of a ReplicaSet.',
  {
    type: string(1).required().doc('Which sort it is.'),
    status: string(2).required().doc('`True`, `False` or `Unknown`.'),
    lastTransitionTime: time(3).doc('When the status of this condition changed last.'),
    reason: string(4).doc('One word in camel case for programs that says why.'),
    message: string(5).doc('Explanation for a human reader.'),
  },
);
export interface ReplicaSetCondition extends Infer<typeof ReplicaSetCondition> {}

export const ReplicaSetStatus = struct('io.k8s.api.apps.v1.ReplicaSetStatus', 'How many pods there are.', {
  replicas: int32(1).required().doc('How many pods there are.'),
  fullyLabeledReplicas: int32(2).doc('How many pods carry all labels of the template.'),
  readyReplicas: int32(4).doc('How many pods are ready.'),
  availableReplicas: int32(5).doc('How many pods have been ready for long enough.'),
  terminatingReplicas: int32(7).pointer().doc('How many pods are on their way out.'),
  observedGeneration: int64(3).doc('The generation of the object that this status is about.'),
  conditions: list(6, ReplicaSetCondition)
    .listMap('type')
    .merge('type')
    .doc('Statements about its state, one per type.'),
});
export interface ReplicaSetStatus extends Infer<typeof ReplicaSetStatus> {}

interface Row extends KubernetesObject {
  readonly spec?: ReplicaSetSpec;
}

export const ReplicaSet = defineKind({
  group: 'apps',
  version: 'v1',
  kind: 'ReplicaSet',
  plural: 'replicasets',
  shortNames: ['rs'],
  categories: ['all'],
  scope: 'Namespaced',
  package: 'io.k8s.api.apps.v1',
  doc: 'Keeps a number of equal pods running; usually made by a Deployment.',
  fields: {
    spec: of(2, ReplicaSetSpec).always().doc('What is wanted.'),
    status: of(3, ReplicaSetStatus).always().doc('What was observed last.'),
  },
  subresources: {
    status: true,
    scale: { replicas: 'spec.replicas', statusReplicas: 'status.replicas', selector: 'spec.selector' },
  },
  columns: [
    nameColumn,
    { name: 'Desired', type: 'integer', doc: 'Pods that should run.', value: ({ spec }) => spec?.replicas ?? 0 },
    { name: 'Current', type: 'integer', doc: 'Pods that exist.', value: ({ status }) => status?.replicas ?? 0 },
    { name: 'Ready', type: 'integer', doc: 'Pods that are ready.', value: ({ status }) => status?.readyReplicas ?? 0 },
    ageColumn,
    ...templateColumns<Row>(({ spec }) => spec?.template),
    selectorColumn<Row>(({ spec }) => spec?.selector),
  ],
  selectable: { 'status.replicas': ({ status }) => String(status?.replicas ?? 0) },
  validate: ({ spec }, old) => replicaSetFaults(spec ?? {}, old?.spec),
  validateStatusUpdate: ({ status }) => replicaStatusFaults(status ?? {}),
});
export interface ReplicaSet extends ObjectOf<typeof ReplicaSet> {}
