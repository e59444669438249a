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

export const RollingUpdateStatefulSetStrategy = struct(
  'io.k8s.api.apps.v1.RollingUpdateStatefulSetStrategy',
  "The extent and pace of a StatefulSet's update.",
  {
    partition: int32(1).default(0).pointer().doc('Pods with lower numbers keep the old template.'),
    maxUnavailable: intOrString(2)
      .default(1)
      .pointer()
      .doc('How many pods may be missing during an update, as a number or a percentage.'),
  },
);
export interface RollingUpdateStatefulSetStrategy extends Infer<typeof RollingUpdateStatefulSetStrategy> {}

export const StatefulSetUpdateStrategy = struct(
  'io.k8s.api.apps.v1.StatefulSetUpdateStrategy',
  'How the pods of a StatefulSet are replaced.',
  {
    type: string(1)
      .known<'RollingUpdate' | 'OnDelete'>()
      .default('RollingUpdate')
      .doc('`RollingUpdate` or `OnDelete`.'),
    rollingUpdate: of(2, RollingUpdateStatefulSetStrategy).doc('The pace of a rolling update.'),
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
  'What happens to the claims of pods that go.',
  {
    whenDeleted: string(1)
      .enum('Retain', 'Delete')
      .default('Retain')
      .doc('`Retain` or `Delete` when the StatefulSet is deleted.'),
    whenScaled: string(2)
      .enum('Retain', 'Delete')
      .default('Retain')
      .doc('`Retain` or `Delete` when there are to be fewer pods.'),
  },
);
export interface StatefulSetPersistentVolumeClaimRetentionPolicy extends Infer<
  typeof StatefulSetPersistentVolumeClaimRetentionPolicy
> {}

export const StatefulSetOrdinals = struct('io.k8s.api.apps.v1.StatefulSetOrdinals', 'How the pods are numbered.', {
  start: int32(1).always().doc('Number of the first pod.'),
});
export interface StatefulSetOrdinals extends Infer<typeof StatefulSetOrdinals> {}

export const StatefulSetSpec = struct(
  'io.k8s.api.apps.v1.StatefulSetSpec',
  'Which pods, how many, and in which order they come and go.',
  {
    replicas: int32(1).default(1).pointer().doc('How many pods there should be; 1 when left out.'),
    selector: of(2, LabelSelector).required().doc('Which pods belong to it.'),
    template: of(3, PodTemplateSpec).required().doc('The pod that is made for each replica.'),
    volumeClaimTemplates: list(4, PersistentVolumeClaim).doc('Claims that are made for each pod.'),
    serviceName: string(5).always().doc('The headless service that gives the pods their names in DNS.'),
    podManagementPolicy: string(6)
      .known<'OrderedReady' | 'Parallel'>()
      .default('OrderedReady')
      .doc('`OrderedReady` for one after the other, `Parallel` for all at once.'),
    updateStrategy: of(7, StatefulSetUpdateStrategy)
      .default({})
      .always()
      .doc('How pods are replaced when the template changes.'),
    revisionHistoryLimit: int32(8).default(10).pointer().doc('How many old revisions are kept for going back.'),
    minReadySeconds: int32(9).doc('How many seconds a new pod must be ready before it counts as available.'),
    persistentVolumeClaimRetentionPolicy: of(10, StatefulSetPersistentVolumeClaimRetentionPolicy)
      .default({})
      .doc('What happens to the claims of pods that go.'),
    ordinals: of(11, StatefulSetOrdinals).doc('From where the pods are numbered.'),
  },
);
export interface StatefulSetSpec extends Infer<typeof StatefulSetSpec> {}

export const StatefulSetCondition = struct(
  'io.k8s.api.apps.v1.StatefulSetCondition',
  'One statement about the state of a StatefulSet.',
  {
    type: string(1).required().doc('Which sort it is.'),
    status: string(2).required().doc('`True`, `False` or `Unknown`.'),
    lastTransitionTime: time(3).doc('When the status of this condition changed last.'),
    reason: string(4).doc('One word in camel case for programs that says why.'),
    message: string(5).doc('Explanation for a human reader.'),
  },
);
export interface StatefulSetCondition extends Infer<typeof StatefulSetCondition> {}

export const StatefulSetStatus = struct(
  'io.k8s.api.apps.v1.StatefulSetStatus',
  'How many pods there are, and of which revision.',
  {
    observedGeneration: int64(1).doc('The generation of the object that this status is about.'),
    replicas: int32(2).required().doc('How many pods there are.'),
    readyReplicas: int32(3).doc('How many pods are ready.'),
    currentReplicas: int32(4).doc('How many pods have the revision that is being replaced.'),
    updatedReplicas: int32(5).doc('How many pods have the newest revision.'),
    currentRevision: string(6).doc('The revision that is being replaced.'),
    updateRevision: string(7).doc('The newest revision.'),
    collisionCount: int32(9)
      .pointer()
      .doc('How often a generated name was taken already; it makes the next one differ.'),
    conditions: list(10, StatefulSetCondition)
      .listMap('type')
      .merge('type')
      .doc('Statements about its state, one per type.'),
    availableReplicas: int32(11).always().doc('How many pods have been ready for long enough.'),
  },
);
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
  doc: 'Runs pods with fixed names, each with storage of its own.',
  fields: {
    spec: of(2, StatefulSetSpec).always().doc('What is wanted.'),
    status: of(3, StatefulSetStatus).always().doc('What was observed last.'),
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
