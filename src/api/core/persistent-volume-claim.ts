import { defineKind, type ObjectOf } from '../kind.ts';
import { list, map, of, quantity, string, struct, time, type Infer } from '../../schema/field.ts';
import { LabelSelector } from '../meta/label-selector.ts';
import { claimColumns } from './persistent-volume-columns.ts';
import { claimStatusFaults, claimUpdateFaults, joinDataSources } from './validate-claim.ts';
import { claimSpecFaults } from './validate-claim-spec.ts';

export const VolumeResourceRequirements = struct('io.k8s.api.core.v1.VolumeResourceRequirements', '', {
  limits: map(1, quantity()),
  requests: map(2, quantity()),
});
export interface VolumeResourceRequirements extends Infer<typeof VolumeResourceRequirements> {}

export const TypedLocalObjectReference = struct(
  'io.k8s.api.core.v1.TypedLocalObjectReference',
  '',
  {
    apiGroup: string(1).always().pointer(),
    kind: string(2).required(),
    name: string(3).required(),
  },
  { atomic: true },
);
export interface TypedLocalObjectReference extends Infer<typeof TypedLocalObjectReference> {}

export const TypedObjectReference = struct('io.k8s.api.core.v1.TypedObjectReference', '', {
  apiGroup: string(1).always().pointer(),
  kind: string(2).required(),
  name: string(3).required(),
  namespace: string(4).pointer(),
});
export interface TypedObjectReference extends Infer<typeof TypedObjectReference> {}

export const PersistentVolumeClaimSpec = struct('io.k8s.api.core.v1.PersistentVolumeClaimSpec', '', {
  accessModes: list(1, string().known<'ReadWriteOnce' | 'ReadOnlyMany' | 'ReadWriteMany' | 'ReadWriteOncePod'>()),
  selector: of(4, LabelSelector),
  resources: of(2, VolumeResourceRequirements).always(),
  volumeName: string(3),
  storageClassName: string(5).pointer(),
  volumeMode: string(6).enum('Block', 'Filesystem').default('Filesystem').pointer(),
  dataSource: of(7, TypedLocalObjectReference),
  dataSourceRef: of(8, TypedObjectReference),
  volumeAttributesClassName: string(9).pointer(),
});
export interface PersistentVolumeClaimSpec extends Infer<typeof PersistentVolumeClaimSpec> {}

export const PersistentVolumeClaimCondition = struct('io.k8s.api.core.v1.PersistentVolumeClaimCondition', '', {
  type: string(1).required(),
  status: string(2).required(),
  lastProbeTime: time(3),
  lastTransitionTime: time(4),
  reason: string(5),
  message: string(6),
});
export interface PersistentVolumeClaimCondition extends Infer<typeof PersistentVolumeClaimCondition> {}

export const ModifyVolumeStatus = struct('io.k8s.api.core.v1.ModifyVolumeStatus', '', {
  targetVolumeAttributesClassName: string(1),
  status: string(2).known<'Pending' | 'InProgress' | 'Infeasible'>().present(),
});
export interface ModifyVolumeStatus extends Infer<typeof ModifyVolumeStatus> {}

export const PersistentVolumeClaimStatus = struct('io.k8s.api.core.v1.PersistentVolumeClaimStatus', '', {
  phase: string(1).known<'Pending' | 'Bound' | 'Lost'>().default('Pending'),
  accessModes: list(2, string().known<'ReadWriteOnce' | 'ReadOnlyMany' | 'ReadWriteMany' | 'ReadWriteOncePod'>()),
  capacity: map(3, quantity()),
  conditions: list(4, PersistentVolumeClaimCondition).listMap('type').merge('type'),
  allocatedResources: map(5, quantity()),
  allocatedResourceStatuses: map(7, string()),
  currentVolumeAttributesClassName: string(8).pointer(),
  modifyVolumeStatus: of(9, ModifyVolumeStatus),
});
export interface PersistentVolumeClaimStatus extends Infer<typeof PersistentVolumeClaimStatus> {}

export const PersistentVolumeClaim = defineKind({
  group: '',
  version: 'v1',
  kind: 'PersistentVolumeClaim',
  plural: 'persistentvolumeclaims',
  shortNames: ['pvc'],
  scope: 'Namespaced',
  package: 'io.k8s.api.core.v1',
  doc: '',
  fields: {
    spec: of(2, PersistentVolumeClaimSpec).always(),
    status: of(3, PersistentVolumeClaimStatus).always(),
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
