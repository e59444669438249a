import { defineKind, type KubernetesObject, type ObjectOf } from '../kind.ts';
import { ageColumn, nameColumn } from '../rules/columns.ts';
import { formatLabels } from '../rules/format-labels.ts';
import { int32, int64, list, map, of, string, struct, time, type Infer } from '../../schema/field.ts';
import { PodTemplateSpec } from './pod-template-spec.ts';
import { controllerFaults, replicaStatusFaults, selectorFromTemplate } from './validate-replication-controller.ts';
import { templateColumns } from './workload-columns.ts';

export const ReplicationControllerSpec = struct('io.k8s.api.core.v1.ReplicationControllerSpec', '', {
  replicas: int32(1).default(1).pointer(),
  minReadySeconds: int32(4).default(0),
  selector: map(2, string()).atomic(),
  template: of(3, PodTemplateSpec),
});
export interface ReplicationControllerSpec extends Infer<typeof ReplicationControllerSpec> {}

export const ReplicationControllerCondition = struct('io.k8s.api.core.v1.ReplicationControllerCondition', '', {
  type: string(1).required(),
  status: string(2).required(),
  lastTransitionTime: time(3),
  reason: string(4),
  message: string(5),
});
export interface ReplicationControllerCondition extends Infer<typeof ReplicationControllerCondition> {}

export const ReplicationControllerStatus = struct('io.k8s.api.core.v1.ReplicationControllerStatus', '', {
  replicas: int32(1).required(),
  fullyLabeledReplicas: int32(2),
  readyReplicas: int32(4),
  availableReplicas: int32(5),
  observedGeneration: int64(3),
  conditions: list(6, ReplicationControllerCondition).listMap('type').merge('type'),
});
export interface ReplicationControllerStatus extends Infer<typeof ReplicationControllerStatus> {}

export const ReplicationController = defineKind({
  group: '',
  version: 'v1',
  kind: 'ReplicationController',
  plural: 'replicationcontrollers',
  shortNames: ['rc'],
  categories: ['all'],
  scope: 'Namespaced',
  package: 'io.k8s.api.core.v1',
  doc: '',
  fields: {
    spec: of(2, ReplicationControllerSpec).always(),
    status: of(3, ReplicationControllerStatus).always(),
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
    ...templateColumns<KubernetesObject & { readonly spec?: ReplicationControllerSpec }>(({ spec }) => spec?.template),
    {
      name: 'Selector',
      type: 'string',
      priority: 1,
      doc: 'Labels of its pods.',
      value: ({ spec }) => formatLabels(spec?.selector),
    },
  ],
  selectable: { 'status.replicas': ({ status }) => String(status?.replicas ?? 0) },
  defaults: selectorFromTemplate,
  validate: ({ spec }) => controllerFaults(spec ?? {}),
  validateStatusUpdate: ({ status }) => replicaStatusFaults(status ?? {}),
});
export interface ReplicationController extends ObjectOf<typeof ReplicationController> {}
