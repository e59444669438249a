import { defineKind, type ObjectOf } from '../kind.ts';
import { list, map, of, quantity, string, struct, time, type Infer } from '../../schema/field.ts';
import { LabelSelector } from '../meta/label-selector.ts';
import { claimColumns } from './persistent-volume-columns.ts';
import { claimStatusFaults, claimUpdateFaults, joinDataSources } from './validate-claim.ts';
import { claimSpecFaults } from './validate-claim-spec.ts';

export const VolumeResourceRequirements = struct(
  'io.k8s.api.core.v1.VolumeResourceRequirements',
  'How much storage is needed.',
  {
    limits: map(1, quantity()).doc('The most that may be used of each resource.'),
    requests: map(2, quantity()).doc('The amount of each resource that is set aside.'),
  },
);
export interface VolumeResourceRequirements extends Infer<typeof VolumeResourceRequirements> {}

export const TypedLocalObjectReference = struct(
  'io.k8s.api.core.v1.TypedLocalObjectReference',
  'Points to an object of some kind in the same namespace.',
  {
    apiGroup: string(1).always().pointer().doc('Group of the object; empty for the core group.'),
    kind: string(2).required().doc('Kind of the object that is meant.'),
    name: string(3).required().doc('Name of the object that is meant.'),
  },
  { atomic: true },
);
export interface TypedLocalObjectReference extends Infer<typeof TypedLocalObjectReference> {}

export const TypedObjectReference = struct(
  'io.k8s.api.core.v1.TypedObjectReference',
  'Points to an object of some kind, in another namespace too.',
  {
    apiGroup: string(1).always().pointer().doc('Group of the object; empty for the core group.'),
    kind: string(2).required().doc('Kind of the object that is meant.'),
    name: string(3).required().doc('Name of the object that is meant.'),
    namespace: string(4).pointer().doc('Namespace of the object that is meant.'),
  },
);
export interface TypedObjectReference extends Infer<typeof TypedObjectReference> {}

export const PersistentVolumeClaimSpec = struct(
  'io.k8s.api.core.v1.PersistentVolumeClaimSpec',
  'The storage that is asked for.',
  {
    accessModes: list(1, string().known<'ReadWriteOnce' | 'ReadOnlyMany' | 'ReadWriteMany' | 'ReadWriteOncePod'>()).doc(
      'Ways in which it may be mounted.',
    ),
    selector: of(4, LabelSelector).doc('Labels of the volumes that qualify.'),
    resources: of(2, VolumeResourceRequirements).always().doc('How much storage is needed.'),
    volumeName: string(3).doc('The volume that the claim has got or must get.'),
    storageClassName: string(5)
      .pointer()
      .doc('The class to get it from; the default one when left out, none when empty.'),
    volumeMode: string(6)
      .enum('Block', 'Filesystem')
      .default('Filesystem')
      .pointer()
      .doc('Whether it is a file system or a block device.'),
    dataSource: of(7, TypedLocalObjectReference).doc('A snapshot or claim whose content is copied.'),
    dataSourceRef: of(8, TypedObjectReference).doc('As `dataSource`, for further kinds.'),
    volumeAttributesClassName: string(9).pointer().doc('Name of the VolumeAttributesClass with changeable properties.'),
  },
);
export interface PersistentVolumeClaimSpec extends Infer<typeof PersistentVolumeClaimSpec> {}

export const PersistentVolumeClaimCondition = struct(
  'io.k8s.api.core.v1.PersistentVolumeClaimCondition',
  'One statement about the state of a claim.',
  {
    type: string(1).required().doc('Which sort it is.'),
    status: string(2).required().doc('`True`, `False` or `Unknown`.'),
    lastProbeTime: time(3).doc('When this was checked last.'),
    lastTransitionTime: time(4).doc('When the status of this condition changed last.'),
    reason: string(5).doc('One word in camel case for programs that says why.'),
    message: string(6).doc('Explanation for a human reader.'),
  },
);
export interface PersistentVolumeClaimCondition extends Infer<typeof PersistentVolumeClaimCondition> {}

export const ModifyVolumeStatus = struct(
  'io.k8s.api.core.v1.ModifyVolumeStatus',
  'How far a change of class has come.',
  {
    targetVolumeAttributesClassName: string(1).doc('The class to change to.'),
    status: string(2)
      .known<'Pending' | 'InProgress' | 'Infeasible'>()
      .present()
      .doc('`Pending`, `InProgress` or `Infeasible`.'),
  },
);
export interface ModifyVolumeStatus extends Infer<typeof ModifyVolumeStatus> {}

export const PersistentVolumeClaimStatus = struct(
  'io.k8s.api.core.v1.PersistentVolumeClaimStatus',
  'What a claim has got.',
  {
    phase: string(1).known<'Pending' | 'Bound' | 'Lost'>().default('Pending').doc('`Pending`, `Bound` or `Lost`.'),
    accessModes: list(2, string().known<'ReadWriteOnce' | 'ReadOnlyMany' | 'ReadWriteMany' | 'ReadWriteOncePod'>()).doc(
      'Ways in which it may be mounted.',
    ),
    capacity: map(3, quantity()).doc('What the volume offers.'),
    conditions: list(4, PersistentVolumeClaimCondition)
      .listMap('type')
      .merge('type')
      .doc('Statements about its state, one per type.'),
    allocatedResources: map(5, quantity()).doc('What is being made ready for it.'),
    allocatedResourceStatuses: map(7, string()).doc('How far a resize has come.'),
    currentVolumeAttributesClassName: string(8).pointer().doc('The VolumeAttributesClass in force.'),
    modifyVolumeStatus: of(9, ModifyVolumeStatus).doc('How far a change of class has come.'),
  },
);
export interface PersistentVolumeClaimStatus extends Infer<typeof PersistentVolumeClaimStatus> {}

export const PersistentVolumeClaim = defineKind({
  group: '',
  version: 'v1',
  kind: 'PersistentVolumeClaim',
  plural: 'persistentvolumeclaims',
  shortNames: ['pvc'],
  scope: 'Namespaced',
  package: 'io.k8s.api.core.v1',
  doc: 'Asks for storage.',
  fields: {
    spec: of(2, PersistentVolumeClaimSpec).always().doc('What is wanted.'),
    status: of(3, PersistentVolumeClaimStatus).always().doc('What was observed last.'),
  },
  generation: false,
  subresources: { status: true },
  columns: claimColumns,
  defaults: joinDataSources,
  prepareCreate: (draft) => {
    draft['status'] = { phase: 'Pending' };
  },
  validate: ({ spec }) => claimSpecFaults(spec ?? {}, 'spec'),
  validateUpdate: (claim, old) => claimUpdateFaults(claim, old),
  validateStatusUpdate: (claim) => claimStatusFaults(claim),
});
export interface PersistentVolumeClaim extends ObjectOf<typeof PersistentVolumeClaim> {}
