import { boolean, int32, list, map, of, string, struct, type Infer } from '../../schema/field.ts';
import { LocalObjectReference, ObjectReference, SecretReference } from './object-reference.ts';

export const GlusterfsVolumeSource = struct('io.k8s.api.core.v1.GlusterfsVolumeSource', '', {
  endpoints: string(1).required(),
  path: string(2).required(),
  readOnly: boolean(3),
});
export interface GlusterfsVolumeSource extends Infer<typeof GlusterfsVolumeSource> {}

export const GlusterfsPersistentVolumeSource = struct('io.k8s.api.core.v1.GlusterfsPersistentVolumeSource', '', {
  endpoints: string(1).required(),
  path: string(2).required(),
  readOnly: boolean(3),
  endpointsNamespace: string(4).pointer(),
});
export interface GlusterfsPersistentVolumeSource extends Infer<typeof GlusterfsPersistentVolumeSource> {}

export const RBDVolumeSource = struct('io.k8s.api.core.v1.RBDVolumeSource', '', {
  monitors: list(1, string()).required(),
  image: string(2).required(),
  fsType: string(3),
  pool: string(4).default('rbd'),
  user: string(5).default('admin'),
  keyring: string(6).default('/etc/ceph/keyring'),
  secretRef: of(7, LocalObjectReference),
  readOnly: boolean(8),
});
export interface RBDVolumeSource extends Infer<typeof RBDVolumeSource> {}

export const RBDPersistentVolumeSource = struct('io.k8s.api.core.v1.RBDPersistentVolumeSource', '', {
  monitors: list(1, string()).required(),
  image: string(2).required(),
  fsType: string(3),
  pool: string(4).default('rbd'),
  user: string(5).default('admin'),
  keyring: string(6).default('/etc/ceph/keyring'),
  secretRef: of(7, SecretReference),
  readOnly: boolean(8),
});
export interface RBDPersistentVolumeSource extends Infer<typeof RBDPersistentVolumeSource> {}

export const CinderVolumeSource = struct('io.k8s.api.core.v1.CinderVolumeSource', '', {
  volumeID: string(1).required(),
  fsType: string(2),
  readOnly: boolean(3),
  secretRef: of(4, LocalObjectReference),
});
export interface CinderVolumeSource extends Infer<typeof CinderVolumeSource> {}

export const CinderPersistentVolumeSource = struct('io.k8s.api.core.v1.CinderPersistentVolumeSource', '', {
  volumeID: string(1).required(),
  fsType: string(2),
  readOnly: boolean(3),
  secretRef: of(4, SecretReference),
});
export interface CinderPersistentVolumeSource extends Infer<typeof CinderPersistentVolumeSource> {}

export const CephFSVolumeSource = struct('io.k8s.api.core.v1.CephFSVolumeSource', '', {
  monitors: list(1, string()).required(),
  path: string(2),
  user: string(3),
  secretFile: string(4),
  secretRef: of(5, LocalObjectReference),
  readOnly: boolean(6),
});
export interface CephFSVolumeSource extends Infer<typeof CephFSVolumeSource> {}

export const CephFSPersistentVolumeSource = struct('io.k8s.api.core.v1.CephFSPersistentVolumeSource', '', {
  monitors: list(1, string()).required(),
  path: string(2),
  user: string(3),
  secretFile: string(4),
  secretRef: of(5, SecretReference),
  readOnly: boolean(6),
});
export interface CephFSPersistentVolumeSource extends Infer<typeof CephFSPersistentVolumeSource> {}

export const FlockerVolumeSource = struct('io.k8s.api.core.v1.FlockerVolumeSource', '', {
  datasetName: string(1),
  datasetUUID: string(2),
});
export interface FlockerVolumeSource extends Infer<typeof FlockerVolumeSource> {}

export const GCEPersistentDiskVolumeSource = struct('io.k8s.api.core.v1.GCEPersistentDiskVolumeSource', '', {
  pdName: string(1).required(),
  fsType: string(2),
  partition: int32(3),
  readOnly: boolean(4),
});
export interface GCEPersistentDiskVolumeSource extends Infer<typeof GCEPersistentDiskVolumeSource> {}

export const QuobyteVolumeSource = struct('io.k8s.api.core.v1.QuobyteVolumeSource', '', {
  registry: string(1).required(),
  volume: string(2).required(),
  readOnly: boolean(3),
  user: string(4),
  group: string(5),
  tenant: string(6),
});
export interface QuobyteVolumeSource extends Infer<typeof QuobyteVolumeSource> {}

export const FlexPersistentVolumeSource = struct('io.k8s.api.core.v1.FlexPersistentVolumeSource', '', {
  driver: string(1).required(),
  fsType: string(2),
  secretRef: of(3, SecretReference),
  readOnly: boolean(4),
  options: map(5, string()),
});
export interface FlexPersistentVolumeSource extends Infer<typeof FlexPersistentVolumeSource> {}

export const FlexVolumeSource = struct('io.k8s.api.core.v1.FlexVolumeSource', '', {
  driver: string(1).required(),
  fsType: string(2),
  secretRef: of(3, LocalObjectReference),
  readOnly: boolean(4),
  options: map(5, string()),
});
export interface FlexVolumeSource extends Infer<typeof FlexVolumeSource> {}

export const AWSElasticBlockStoreVolumeSource = struct('io.k8s.api.core.v1.AWSElasticBlockStoreVolumeSource', '', {
  volumeID: string(1).required(),
  fsType: string(2),
  partition: int32(3),
  readOnly: boolean(4),
});
export interface AWSElasticBlockStoreVolumeSource extends Infer<typeof AWSElasticBlockStoreVolumeSource> {}

export const GitRepoVolumeSource = struct('io.k8s.api.core.v1.GitRepoVolumeSource', '', {
  repository: string(1).required(),
  revision: string(2),
  directory: string(3),
});
export interface GitRepoVolumeSource extends Infer<typeof GitRepoVolumeSource> {}

export const ISCSIVolumeSource = struct('io.k8s.api.core.v1.ISCSIVolumeSource', '', {
  targetPortal: string(1).required(),
  iqn: string(2).required(),
  lun: int32(3).required(),
  iscsiInterface: string(4).default('default'),
  fsType: string(5),
  readOnly: boolean(6),
  portals: list(7, string()),
  chapAuthDiscovery: boolean(8),
  chapAuthSession: boolean(11),
  secretRef: of(10, LocalObjectReference),
  initiatorName: string(12).pointer(),
});
export interface ISCSIVolumeSource extends Infer<typeof ISCSIVolumeSource> {}

export const ISCSIPersistentVolumeSource = struct('io.k8s.api.core.v1.ISCSIPersistentVolumeSource', '', {
  targetPortal: string(1).required(),
  iqn: string(2).required(),
  lun: int32(3).required(),
  iscsiInterface: string(4).default('default'),
  fsType: string(5),
  readOnly: boolean(6),
  portals: list(7, string()),
  chapAuthDiscovery: boolean(8),
  chapAuthSession: boolean(11),
  secretRef: of(10, SecretReference),
  initiatorName: string(12).pointer(),
});
export interface ISCSIPersistentVolumeSource extends Infer<typeof ISCSIPersistentVolumeSource> {}

export const FCVolumeSource = struct('io.k8s.api.core.v1.FCVolumeSource', '', {
  targetWWNs: list(1, string()),
  lun: int32(2).pointer(),
  fsType: string(3),
  readOnly: boolean(4),
  wwids: list(5, string()),
});
export interface FCVolumeSource extends Infer<typeof FCVolumeSource> {}

export const AzureFileVolumeSource = struct('io.k8s.api.core.v1.AzureFileVolumeSource', '', {
  secretName: string(1).required(),
  shareName: string(2).required(),
  readOnly: boolean(3),
});
export interface AzureFileVolumeSource extends Infer<typeof AzureFileVolumeSource> {}

export const AzureFilePersistentVolumeSource = struct('io.k8s.api.core.v1.AzureFilePersistentVolumeSource', '', {
  secretName: string(1).required(),
  shareName: string(2).required(),
  readOnly: boolean(3),
  secretNamespace: string(4).always().pointer(),
});
export interface AzureFilePersistentVolumeSource extends Infer<typeof AzureFilePersistentVolumeSource> {}

export const VsphereVirtualDiskVolumeSource = struct('io.k8s.api.core.v1.VsphereVirtualDiskVolumeSource', '', {
  volumePath: string(1).required(),
  fsType: string(2),
  storagePolicyName: string(3),
  storagePolicyID: string(4),
});
export interface VsphereVirtualDiskVolumeSource extends Infer<typeof VsphereVirtualDiskVolumeSource> {}

export const PhotonPersistentDiskVolumeSource = struct('io.k8s.api.core.v1.PhotonPersistentDiskVolumeSource', '', {
  pdID: string(1).required(),
  fsType: string(2),
});
export interface PhotonPersistentDiskVolumeSource extends Infer<typeof PhotonPersistentDiskVolumeSource> {}

export const AzureDiskVolumeSource = struct('io.k8s.api.core.v1.AzureDiskVolumeSource', '', {
  diskName: string(1).required(),
  diskURI: string(2).required(),
  cachingMode: string(3).enum('None', 'ReadOnly', 'ReadWrite').pointer(),
  fsType: string(4).default('ext4').pointer(),
  readOnly: boolean(5).default(false).pointer(),
  kind: string(6).enum('Shared', 'Dedicated', 'Managed').pointer(),
});
export interface AzureDiskVolumeSource extends Infer<typeof AzureDiskVolumeSource> {}

export const PortworxVolumeSource = struct('io.k8s.api.core.v1.PortworxVolumeSource', '', {
  volumeID: string(1).required(),
  fsType: string(2),
  readOnly: boolean(3),
});
export interface PortworxVolumeSource extends Infer<typeof PortworxVolumeSource> {}

export const ScaleIOVolumeSource = struct('io.k8s.api.core.v1.ScaleIOVolumeSource', '', {
  gateway: string(1).required(),
  system: string(2).required(),
  secretRef: of(3, LocalObjectReference).required(),
  sslEnabled: boolean(4),
  protectionDomain: string(5),
  storagePool: string(6),
  storageMode: string(7).default('ThinProvisioned'),
  volumeName: string(8),
  fsType: string(9).default('xfs'),
  readOnly: boolean(10),
});
export interface ScaleIOVolumeSource extends Infer<typeof ScaleIOVolumeSource> {}

export const ScaleIOPersistentVolumeSource = struct('io.k8s.api.core.v1.ScaleIOPersistentVolumeSource', '', {
  gateway: string(1).required(),
  system: string(2).required(),
  secretRef: of(3, SecretReference).required(),
  sslEnabled: boolean(4),
  protectionDomain: string(5),
  storagePool: string(6),
  storageMode: string(7).default('ThinProvisioned'),
  volumeName: string(8),
  fsType: string(9).default('xfs'),
  readOnly: boolean(10),
});
export interface ScaleIOPersistentVolumeSource extends Infer<typeof ScaleIOPersistentVolumeSource> {}

export const StorageOSVolumeSource = struct('io.k8s.api.core.v1.StorageOSVolumeSource', '', {
  volumeName: string(1),
  volumeNamespace: string(2),
  fsType: string(3),
  readOnly: boolean(4),
  secretRef: of(5, LocalObjectReference),
});
export interface StorageOSVolumeSource extends Infer<typeof StorageOSVolumeSource> {}

export const StorageOSPersistentVolumeSource = struct('io.k8s.api.core.v1.StorageOSPersistentVolumeSource', '', {
  volumeName: string(1),
  volumeNamespace: string(2),
  fsType: string(3),
  readOnly: boolean(4),
  secretRef: of(5, ObjectReference),
});
export interface StorageOSPersistentVolumeSource extends Infer<typeof StorageOSPersistentVolumeSource> {}
