import { defineKind, type KubernetesObject, type ObjectOf } from '../kind.ts';
import { int32, int64, list, of, string, struct, time, type Infer } from '../../schema/field.ts';
import { PodTemplateSpec } from '../core/pod-template-spec.ts';
import { replicaStatusFaults } from '../core/validate-replication-controller.ts';
import { templateColumns } from '../core/workload-columns.ts';
import { LabelSelector } from '../meta/label-selector.ts';
import { ageColumn, nameColumn } from '../rules/columns.ts';
import { selectorColumn } from './selector-column.ts';
import { replicaSetFaults } from './validate-replica-set.ts';

export const ReplicaSetSpec = struct('io.k8s.api.apps.v1.ReplicaSetSpec', '', {
  replicas: int32(1).default(1).pointer(),
  minReadySeconds: int32(4),
  selector: of(2, LabelSelector).required(),
  template: of(3, PodTemplateSpec).always(),
});
export interface ReplicaSetSpec extends Infer<typeof ReplicaSetSpec> {}

export const ReplicaSetCondition = struct('io.k8s.api.apps.v1.ReplicaSetCondition', '', {
  type: string(1).required(),
  status: string(2).required(),
  lastTransitionTime: time(3),
  reason: string(4),
  message: string(5),
});
export interface ReplicaSetCondition extends Infer<typeof ReplicaSetCondition> {}

export const ReplicaSetStatus = struct('io.k8s.api.apps.v1.ReplicaSetStatus', '', {
  replicas: int32(1).required(),
  fullyLabeledReplicas: int32(2),
  readyReplicas: int32(4),
  availableReplicas: int32(5),
  terminatingReplicas: int32(7).pointer(),
  observedGeneration: int64(3),
  conditions: list(6, ReplicaSetCondition).listMap('type').merge('type'),
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
  doc: '',
  fields: {
    spec: of(2, ReplicaSetSpec).always(),
    status: of(3, ReplicaSetStatus).always(),
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
