import { defineKind, type KubernetesObject, type ObjectOf } from '../kind.ts';
import { int32, int64, intOrString, list, of, string, struct, time, type Infer } from '../../schema/field.ts';
import { PersistentVolumeClaim } from '../core/persistent-volume-claim.ts';
import { PodTemplateSpec } from '../core/pod-template-spec.ts';
import { templateColumns } from '../core/workload-columns.ts';
import { LabelSelector } from '../meta/label-selector.ts';
import { ageColumn, nameColumn } from '../rules/columns.ts';
import { fillAbsent } from '../rules/draft.ts';
import {
  nameClaimTemplates,
  statefulSetFaults,
  statefulSetStatusFaults,
  statefulSetUpdateFaults,
} from './validate-stateful-set.ts';

export const RollingUpdateStatefulSetStrategy = struct('io.k8s.api.apps.v1.RollingUpdateStatefulSetStrategy', '', {
  partition: int32(1).default(0).pointer(),
  maxUnavailable: intOrString(2).default(1).pointer(),
});
export interface RollingUpdateStatefulSetStrategy extends Infer<typeof RollingUpdateStatefulSetStrategy> {}

export const StatefulSetUpdateStrategy = struct(
  'io.k8s.api.apps.v1.StatefulSetUpdateStrategy',
  '',
  {
    type: string(1).known<'RollingUpdate' | 'OnDelete'>().default('RollingUpdate'),
    rollingUpdate: of(2, RollingUpdateStatefulSetStrategy),
  },
  {
    defaults: (draft) => {
      if (draft['type'] === 'RollingUpdate') fillAbsent(draft, 'rollingUpdate', {});
    },
  },
);
export interface StatefulSetUpdateStrategy extends Infer<typeof StatefulSetUpdateStrategy> {}

export const StatefulSetPersistentVolumeClaimRetentionPolicy = struct(
  'io.k8s.api.apps.v1.StatefulSetPersistentVolumeClaimRetentionPolicy',
  '',
  {
    whenDeleted: string(1).enum('Retain', 'Delete').default('Retain'),
    whenScaled: string(2).enum('Retain', 'Delete').default('Retain'),
  },
);
export interface StatefulSetPersistentVolumeClaimRetentionPolicy extends Infer<
  typeof StatefulSetPersistentVolumeClaimRetentionPolicy
> {}

export const StatefulSetOrdinals = struct('io.k8s.api.apps.v1.StatefulSetOrdinals', '', {
  start: int32(1).always(),
});
export interface StatefulSetOrdinals extends Infer<typeof StatefulSetOrdinals> {}

export const StatefulSetSpec = struct('io.k8s.api.apps.v1.StatefulSetSpec', '', {
  replicas: int32(1).default(1).pointer(),
  selector: of(2, LabelSelector).required(),
  template: of(3, PodTemplateSpec).required(),
  volumeClaimTemplates: list(4, PersistentVolumeClaim),
  serviceName: string(5).always(),
  podManagementPolicy: string(6).known<'OrderedReady' | 'Parallel'>().default('OrderedReady'),
  updateStrategy: of(7, StatefulSetUpdateStrategy).default({}).always(),
  revisionHistoryLimit: int32(8).default(10).pointer(),
  minReadySeconds: int32(9),
  persistentVolumeClaimRetentionPolicy: of(10, StatefulSetPersistentVolumeClaimRetentionPolicy).default({}),
  ordinals: of(11, StatefulSetOrdinals),
});
export interface StatefulSetSpec extends Infer<typeof StatefulSetSpec> {}

export const StatefulSetCondition = struct('io.k8s.api.apps.v1.StatefulSetCondition', '', {
  type: string(1).required(),
  status: string(2).required(),
  lastTransitionTime: time(3),
  reason: string(4),
  message: string(5),
});
export interface StatefulSetCondition extends Infer<typeof StatefulSetCondition> {}

export const StatefulSetStatus = struct('io.k8s.api.apps.v1.StatefulSetStatus', '', {
  observedGeneration: int64(1),
  replicas: int32(2).required(),
  readyReplicas: int32(3),
  currentReplicas: int32(4),
  updatedReplicas: int32(5),
  currentRevision: string(6),
  updateRevision: string(7),
  collisionCount: int32(9).pointer(),
  conditions: list(10, StatefulSetCondition).listMap('type').merge('type'),
  availableReplicas: int32(11).always(),
});
export interface StatefulSetStatus extends Infer<typeof StatefulSetStatus> {}

interface Row extends KubernetesObject {
  readonly spec?: StatefulSetSpec;
}

export const StatefulSet = defineKind({
  group: 'apps',
  version: 'v1',
  kind: 'StatefulSet',
  plural: 'statefulsets',
  shortNames: ['sts'],
  categories: ['all'],
  scope: 'Namespaced',
  package: 'io.k8s.api.apps.v1',
  doc: '',
  fields: {
    spec: of(2, StatefulSetSpec).always(),
    status: of(3, StatefulSetStatus).always(),
  },
  subresources: {
    status: true,
    scale: { replicas: 'spec.replicas', statusReplicas: 'status.replicas', selector: 'spec.selector' },
  },
  columns: [
    nameColumn,
    {
      name: 'Ready',
      type: 'string',
      doc: 'Pods that are ready, of those that should be.',
      value: ({ spec, status }) => `${status?.readyReplicas ?? 0}/${spec?.replicas ?? 0}`,
    },
    ageColumn,
    ...templateColumns<Row>(({ spec }) => spec?.template),
  ],
  defaults: nameClaimTemplates,
  validate: ({ spec }) => statefulSetFaults(spec ?? {}),
  validateUpdate: ({ spec }, old) => statefulSetUpdateFaults(spec ?? {}, old.spec ?? {}),
  validateStatusUpdate: ({ status }, old) => statefulSetStatusFaults(status ?? {}, old.status ?? {}),
});
export interface StatefulSet extends ObjectOf<typeof StatefulSet> {}
