import { defineKind, type ObjectOf } from '../kind.ts';
import { boolean, inline, list, map, of, quantity, string, struct, time, type Infer } from '../../schema/field.ts';
import { NodeSelector } from './affinity.ts';
import {
  AWSElasticBlockStoreVolumeSource,
  AzureDiskVolumeSource,
  AzureFilePersistentVolumeSource,
  CephFSPersistentVolumeSource,
  CinderPersistentVolumeSource,
  FCVolumeSource,
  FlexPersistentVolumeSource,
  FlockerVolumeSource,
  GCEPersistentDiskVolumeSource,
  GlusterfsPersistentVolumeSource,
  ISCSIPersistentVolumeSource,
  PhotonPersistentDiskVolumeSource,
  PortworxVolumeSource,
  QuobyteVolumeSource,
  RBDPersistentVolumeSource,
  ScaleIOPersistentVolumeSource,
  StorageOSPersistentVolumeSource,
  VsphereVirtualDiskVolumeSource,
} from './legacy-volume-source.ts';
import { persistentVolumeColumns } from './persistent-volume-columns.ts';
import { volumeSpecFaults, volumeUpdateFaults } from './validate-persistent-volume.ts';
import { ObjectReference, SecretReference } from './object-reference.ts';
import { HostPathVolumeSource, NFSVolumeSource } from './volume.ts';

export const LocalVolumeSource = struct('io.k8s.api.core.v1.LocalVolumeSource', '', {
  path: string(1).required(),
  fsType: string(2).pointer(),
});
export interface LocalVolumeSource extends Infer<typeof LocalVolumeSource> {}

export const CSIPersistentVolumeSource = struct('io.k8s.api.core.v1.CSIPersistentVolumeSource', '', {
  driver: string(1).required(),
  volumeHandle: string(2).required(),
  readOnly: boolean(3),
  fsType: string(4),
  volumeAttributes: map(5, string()),
  controllerPublishSecretRef: of(6, SecretReference),
  nodeStageSecretRef: of(7, SecretReference),
  nodePublishSecretRef: of(8, SecretReference),
  controllerExpandSecretRef: of(9, SecretReference),
  nodeExpandSecretRef: of(10, SecretReference),
});
export interface CSIPersistentVolumeSource extends Infer<typeof CSIPersistentVolumeSource> {}

export const PersistentVolumeSource = struct('io.k8s.api.core.v1.PersistentVolumeSource', '', {
  gcePersistentDisk: of(1, GCEPersistentDiskVolumeSource),
  awsElasticBlockStore: of(2, AWSElasticBlockStoreVolumeSource),
  hostPath: of(3, HostPathVolumeSource),
  glusterfs: of(4, GlusterfsPersistentVolumeSource),
  nfs: of(5, NFSVolumeSource),
  rbd: of(6, RBDPersistentVolumeSource),
  iscsi: of(7, ISCSIPersistentVolumeSource),
  cinder: of(8, CinderPersistentVolumeSource),
  cephfs: of(9, CephFSPersistentVolumeSource),
  fc: of(10, FCVolumeSource),
  flocker: of(11, FlockerVolumeSource),
  flexVolume: of(12, FlexPersistentVolumeSource),
  azureFile: of(13, AzureFilePersistentVolumeSource),
  vsphereVolume: of(14, VsphereVirtualDiskVolumeSource),
  quobyte: of(15, QuobyteVolumeSource),
  azureDisk: of(16, AzureDiskVolumeSource),
  photonPersistentDisk: of(17, PhotonPersistentDiskVolumeSource),
  portworxVolume: of(18, PortworxVolumeSource),
  scaleIO: of(19, ScaleIOPersistentVolumeSource),
  local: of(20, LocalVolumeSource),
  storageos: of(21, StorageOSPersistentVolumeSource),
  csi: of(22, CSIPersistentVolumeSource),
});
export interface PersistentVolumeSource extends Infer<typeof PersistentVolumeSource> {}

export const VolumeNodeAffinity = struct('io.k8s.api.core.v1.VolumeNodeAffinity', '', {
  required: of(1, NodeSelector),
});
export interface VolumeNodeAffinity extends Infer<typeof VolumeNodeAffinity> {}

export const PersistentVolumeSpec = struct('io.k8s.api.core.v1.PersistentVolumeSpec', '', {
  capacity: map(1, quantity()),
  ...inline(2, PersistentVolumeSource),
  accessModes: list(3, string().known<'ReadWriteOnce' | 'ReadOnlyMany' | 'ReadWriteMany' | 'ReadWriteOncePod'>()),
  claimRef: of(4, ObjectReference),
  persistentVolumeReclaimPolicy: string(5).enum('Delete', 'Recycle', 'Retain').default('Retain'),
  storageClassName: string(6),
  mountOptions: list(7, string()),
  volumeMode: string(8).enum('Block', 'Filesystem').default('Filesystem').pointer(),
  nodeAffinity: of(9, VolumeNodeAffinity),
  volumeAttributesClassName: string(10).pointer(),
});
export interface PersistentVolumeSpec extends Infer<typeof PersistentVolumeSpec> {}

export const PersistentVolumeStatus = struct('io.k8s.api.core.v1.PersistentVolumeStatus', '', {
  phase: string(1).known<'Pending' | 'Available' | 'Bound' | 'Released' | 'Failed'>().default('Pending'),
  message: string(2),
  reason: string(3),
  lastPhaseTransitionTime: time(4),
});
export interface PersistentVolumeStatus extends Infer<typeof PersistentVolumeStatus> {}

export const PersistentVolume = defineKind({
  group: '',
  version: 'v1',
  kind: 'PersistentVolume',
  plural: 'persistentvolumes',
  shortNames: ['pv'],
  scope: 'Cluster',
  package: 'io.k8s.api.core.v1',
  doc: '',
  fields: {
    spec: of(2, PersistentVolumeSpec).always(),
    status: of(3, PersistentVolumeStatus).always(),
  },
  generation: false,
  subresources: { status: true },
  columns: persistentVolumeColumns,
  prepareCreate: (draft) => {
    draft['status'] = { phase: 'Pending' };
  },
  validate: (volume) => volumeSpecFaults(volume),
  validateUpdate: (volume, old) => volumeUpdateFaults(volume, old),
});
export interface PersistentVolume extends ObjectOf<typeof PersistentVolume> {}
