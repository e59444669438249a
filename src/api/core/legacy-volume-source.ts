import { boolean, int32, list, map, of, string, struct, type Infer } from '../../schema/field.ts';
import { LocalObjectReference, ObjectReference, SecretReference } from './object-reference.ts';

export const GlusterfsVolumeSource = struct(
  'io.k8s.api.core.v1.GlusterfsVolumeSource',
  'A volume of Gluster; deprecated.',
  {
    endpoints: string(1).required().doc('Name of the Endpoints object that lists the servers.'),
    path: string(2).required().doc('Name of the volume.'),
    readOnly: boolean(3).doc('Whether nothing may be written.'),
  },
);
export interface GlusterfsVolumeSource extends Infer<typeof GlusterfsVolumeSource> {}

export const GlusterfsPersistentVolumeSource = struct(
  'io.k8s.api.core.v1.GlusterfsPersistentVolumeSource',
  'A volume of Gluster; deprecated.',
  {
    endpoints: string(1).required().doc('Name of the Endpoints object that lists the servers.'),
    path: string(2).required().doc('Name of the volume.'),
    readOnly: boolean(3).doc('Whether nothing may be written.'),
    endpointsNamespace: string(4).pointer().doc('Namespace of the Endpoints object.'),
  },
);
export interface GlusterfsPersistentVolumeSource extends Infer<typeof GlusterfsPersistentVolumeSource> {}

export const RBDVolumeSource = struct('io.k8s.api.core.v1.RBDVolumeSource', 'A block device of Ceph; deprecated.', {
  monitors: list(1, string()).required().doc('Addresses of the Ceph monitors.'),
  image: string(2).required().doc('Name of the device.'),
  fsType: string(3).doc('File system to mount, such as `ext4`; the plugin picks one when it is left out.'),
  pool: string(4).default('rbd').doc('Pool that it is in.'),
  user: string(5).default('admin').doc('User at Ceph.'),
  keyring: string(6).default('/etc/ceph/keyring').doc("File with the user's key."),
  secretRef: of(7, LocalObjectReference).doc('The secret with the credentials.'),
  readOnly: boolean(8).doc('Whether nothing may be written.'),
});
export interface RBDVolumeSource extends Infer<typeof RBDVolumeSource> {}

export const RBDPersistentVolumeSource = struct(
  'io.k8s.api.core.v1.RBDPersistentVolumeSource',
  'A block device of Ceph; deprecated.',
  {
    monitors: list(1, string()).required().doc('Addresses of the Ceph monitors.'),
    image: string(2).required().doc('Name of the device.'),
    fsType: string(3).doc('File system to mount, such as `ext4`; the plugin picks one when it is left out.'),
    pool: string(4).default('rbd').doc('Pool that it is in.'),
    user: string(5).default('admin').doc('User at Ceph.'),
    keyring: string(6).default('/etc/ceph/keyring').doc("File with the user's key."),
    secretRef: of(7, SecretReference).doc('The secret with the credentials.'),
    readOnly: boolean(8).doc('Whether nothing may be written.'),
  },
);
export interface RBDPersistentVolumeSource extends Infer<typeof RBDPersistentVolumeSource> {}

export const CinderVolumeSource = struct('io.k8s.api.core.v1.CinderVolumeSource', 'A disk of OpenStack; deprecated.', {
  volumeID: string(1).required().doc('Identifies the volume in the storage system.'),
  fsType: string(2).doc('File system to mount, such as `ext4`; the plugin picks one when it is left out.'),
  readOnly: boolean(3).doc('Whether nothing may be written.'),
  secretRef: of(4, LocalObjectReference).doc('The secret with the credentials.'),
});
export interface CinderVolumeSource extends Infer<typeof CinderVolumeSource> {}

export const CinderPersistentVolumeSource = struct(
  'io.k8s.api.core.v1.CinderPersistentVolumeSource',
  'A disk of OpenStack; deprecated.',
  {
    volumeID: string(1).required().doc('Identifies the volume in the storage system.'),
    fsType: string(2).doc('File system to mount, such as `ext4`; the plugin picks one when it is left out.'),
    readOnly: boolean(3).doc('Whether nothing may be written.'),
    secretRef: of(4, SecretReference).doc('The secret with the credentials.'),
  },
);
export interface CinderPersistentVolumeSource extends Infer<typeof CinderPersistentVolumeSource> {}

export const CephFSVolumeSource = struct(
  'io.k8s.api.core.v1.CephFSVolumeSource',
  'A file system of Ceph; deprecated.',
  {
    monitors: list(1, string()).required().doc('Addresses of the Ceph monitors.'),
    path: string(2).doc('Directory to mount.'),
    user: string(3).doc('User at Ceph.'),
    secretFile: string(4).doc("File with the user's key."),
    secretRef: of(5, LocalObjectReference).doc('The secret with the credentials.'),
    readOnly: boolean(6).doc('Whether nothing may be written.'),
  },
);
export interface CephFSVolumeSource extends Infer<typeof CephFSVolumeSource> {}

export const CephFSPersistentVolumeSource = struct(
  'io.k8s.api.core.v1.CephFSPersistentVolumeSource',
  'A file system of Ceph; deprecated.',
  {
    monitors: list(1, string()).required().doc('Addresses of the Ceph monitors.'),
    path: string(2).doc('Directory to mount.'),
    user: string(3).doc('User at Ceph.'),
    secretFile: string(4).doc("File with the user's key."),
    secretRef: of(5, SecretReference).doc('The secret with the credentials.'),
    readOnly: boolean(6).doc('Whether nothing may be written.'),
  },
);
export interface CephFSPersistentVolumeSource extends Infer<typeof CephFSPersistentVolumeSource> {}

export const FlockerVolumeSource = struct(
  'io.k8s.api.core.v1.FlockerVolumeSource',
  'A volume of Flocker; deprecated.',
  {
    datasetName: string(1).doc('Name of the dataset.'),
    datasetUUID: string(2).doc('Id of the dataset.'),
  },
);
export interface FlockerVolumeSource extends Infer<typeof FlockerVolumeSource> {}

export const GCEPersistentDiskVolumeSource = struct(
  'io.k8s.api.core.v1.GCEPersistentDiskVolumeSource',
  'A disk of Google Compute Engine; deprecated.',
  {
    pdName: string(1).required().doc('Name of the disk.'),
    fsType: string(2).doc('File system to mount, such as `ext4`; the plugin picks one when it is left out.'),
    partition: int32(3).doc('Number of the partition; 0 stands for the whole disk.'),
    readOnly: boolean(4).doc('Whether nothing may be written.'),
  },
);
export interface GCEPersistentDiskVolumeSource extends Infer<typeof GCEPersistentDiskVolumeSource> {}

export const QuobyteVolumeSource = struct(
  'io.k8s.api.core.v1.QuobyteVolumeSource',
  'A volume of Quobyte; deprecated.',
  {
    registry: string(1).required().doc('Addresses of the registries.'),
    volume: string(2).required().doc('Name of the volume.'),
    readOnly: boolean(3).doc('Whether nothing may be written.'),
    user: string(4).doc('User who mounts it.'),
    group: string(5).doc('Group that mounts it.'),
    tenant: string(6).doc('Tenant that owns it.'),
  },
);
export interface QuobyteVolumeSource extends Infer<typeof QuobyteVolumeSource> {}

export const FlexPersistentVolumeSource = struct(
  'io.k8s.api.core.v1.FlexPersistentVolumeSource',
  'A volume of an exec-based plugin; deprecated.',
  {
    driver: string(1).required().doc('Name of the plugin.'),
    fsType: string(2).doc('File system to mount, such as `ext4`; the plugin picks one when it is left out.'),
    secretRef: of(3, SecretReference).doc('The secret with the credentials.'),
    readOnly: boolean(4).doc('Whether nothing may be written.'),
    options: map(5, string()).doc('Settings for the plugin.'),
  },
);
export interface FlexPersistentVolumeSource extends Infer<typeof FlexPersistentVolumeSource> {}

export const FlexVolumeSource = struct(
  'io.k8s.api.core.v1.FlexVolumeSource',
  'A volume of an exec-based plugin; deprecated.',
  {
    driver: string(1).required().doc('Name of the plugin.'),
    fsType: string(2).doc('File system to mount, such as `ext4`; the plugin picks one when it is left out.'),
    secretRef: of(3, LocalObjectReference).doc('The secret with the credentials.'),
    readOnly: boolean(4).doc('Whether nothing may be written.'),
    options: map(5, string()).doc('Settings for the plugin.'),
  },
);
export interface FlexVolumeSource extends Infer<typeof FlexVolumeSource> {}

export const AWSElasticBlockStoreVolumeSource = struct(
  'io.k8s.api.core.v1.AWSElasticBlockStoreVolumeSource',
  'A disk of AWS; deprecated.',
  {
    volumeID: string(1).required().doc('Identifies the volume in the storage system.'),
    fsType: string(2).doc('File system to mount, such as `ext4`; the plugin picks one when it is left out.'),
    partition: int32(3).doc('Number of the partition; 0 stands for the whole disk.'),
    readOnly: boolean(4).doc('Whether nothing may be written.'),
  },
);
export interface AWSElasticBlockStoreVolumeSource extends Infer<typeof AWSElasticBlockStoreVolumeSource> {}

export const GitRepoVolumeSource = struct(
  'io.k8s.api.core.v1.GitRepoVolumeSource',
  'A clone of a git repository; deprecated.',
  {
    repository: string(1).required().doc('URL of the repository.'),
    revision: string(2).doc('Commit to check out.'),
    directory: string(3).doc('Directory to clone into.'),
  },
);
export interface GitRepoVolumeSource extends Infer<typeof GitRepoVolumeSource> {}

export const ISCSIVolumeSource = struct('io.k8s.api.core.v1.ISCSIVolumeSource', 'An iSCSI disk.', {
  targetPortal: string(1).required().doc('Address of the target.'),
  iqn: string(2).required().doc('Name of the target.'),
  lun: int32(3).required().doc('Number of the disk at the target.'),
  iscsiInterface: string(4).default('default').doc('Interface of the initiator.'),
  fsType: string(5).doc('File system to mount, such as `ext4`; the plugin picks one when it is left out.'),
  readOnly: boolean(6).doc('Whether nothing may be written.'),
  portals: list(7, string()).doc('Further addresses of the target.'),
  chapAuthDiscovery: boolean(8).doc('Whether discovery needs CHAP.'),
  chapAuthSession: boolean(11).doc('Whether the session needs CHAP.'),
  secretRef: of(10, LocalObjectReference).doc('The secret with the credentials.'),
  initiatorName: string(12).pointer().doc('Name of the initiator.'),
});
export interface ISCSIVolumeSource extends Infer<typeof ISCSIVolumeSource> {}

export const ISCSIPersistentVolumeSource = struct('io.k8s.api.core.v1.ISCSIPersistentVolumeSource', 'An iSCSI disk.', {
  targetPortal: string(1).required().doc('Address of the target.'),
  iqn: string(2).required().doc('Name of the target.'),
  lun: int32(3).required().doc('Number of the disk at the target.'),
  iscsiInterface: string(4).default('default').doc('Interface of the initiator.'),
  fsType: string(5).doc('File system to mount, such as `ext4`; the plugin picks one when it is left out.'),
  readOnly: boolean(6).doc('Whether nothing may be written.'),
  portals: list(7, string()).doc('Further addresses of the target.'),
  chapAuthDiscovery: boolean(8).doc('Whether discovery needs CHAP.'),
  chapAuthSession: boolean(11).doc('Whether the session needs CHAP.'),
  secretRef: of(10, SecretReference).doc('The secret with the credentials.'),
  initiatorName: string(12).pointer().doc('Name of the initiator.'),
});
export interface ISCSIPersistentVolumeSource extends Infer<typeof ISCSIPersistentVolumeSource> {}

export const FCVolumeSource = struct('io.k8s.api.core.v1.FCVolumeSource', 'A disk on Fibre Channel.', {
  targetWWNs: list(1, string()).doc('Names of the targets.'),
  lun: int32(2).pointer().doc('Number of the disk at the target.'),
  fsType: string(3).doc('File system to mount, such as `ext4`; the plugin picks one when it is left out.'),
  readOnly: boolean(4).doc('Whether nothing may be written.'),
  wwids: list(5, string()).doc('Names of the disk, instead of targets and number.'),
});
export interface FCVolumeSource extends Infer<typeof FCVolumeSource> {}

export const AzureFileVolumeSource = struct(
  'io.k8s.api.core.v1.AzureFileVolumeSource',
  'A file share of Azure; deprecated.',
  {
    secretName: string(1).required().doc('Secret with the account and its key.'),
    shareName: string(2).required().doc('Name of the share.'),
    readOnly: boolean(3).doc('Whether nothing may be written.'),
  },
);
export interface AzureFileVolumeSource extends Infer<typeof AzureFileVolumeSource> {}

export const AzureFilePersistentVolumeSource = struct(
  'io.k8s.api.core.v1.AzureFilePersistentVolumeSource',
  'A file share of Azure; deprecated.',
  {
    secretName: string(1).required().doc('Secret with the account and its key.'),
    shareName: string(2).required().doc('Name of the share.'),
    readOnly: boolean(3).doc('Whether nothing may be written.'),
    secretNamespace: string(4).always().pointer().doc('Namespace of the secret.'),
  },
);
export interface AzureFilePersistentVolumeSource extends Infer<typeof AzureFilePersistentVolumeSource> {}

export const VsphereVirtualDiskVolumeSource = struct(
  'io.k8s.api.core.v1.VsphereVirtualDiskVolumeSource',
  'A disk of vSphere; deprecated.',
  {
    volumePath: string(1).required().doc('Path of the disk.'),
    fsType: string(2).doc('File system to mount, such as `ext4`; the plugin picks one when it is left out.'),
    storagePolicyName: string(3).doc('Name of its storage policy.'),
    storagePolicyID: string(4).doc('Id of its storage policy.'),
  },
);
export interface VsphereVirtualDiskVolumeSource extends Infer<typeof VsphereVirtualDiskVolumeSource> {}

export const PhotonPersistentDiskVolumeSource = struct(
  'io.k8s.api.core.v1.PhotonPersistentDiskVolumeSource',
  'A disk of Photon; deprecated.',
  {
    pdID: string(1).required().doc('Id of the disk.'),
    fsType: string(2).doc('File system to mount, such as `ext4`; the plugin picks one when it is left out.'),
  },
);
export interface PhotonPersistentDiskVolumeSource extends Infer<typeof PhotonPersistentDiskVolumeSource> {}

export const AzureDiskVolumeSource = struct(
  'io.k8s.api.core.v1.AzureDiskVolumeSource',
  'A disk of Azure; deprecated.',
  {
    diskName: string(1).required().doc('Name of the disk.'),
    diskURI: string(2).required().doc('URI of the disk.'),
    cachingMode: string(3)
      .enum('None', 'ReadOnly', 'ReadWrite')
      .default('ReadWrite')
      .pointer()
      .doc('`None`, `ReadOnly` or `ReadWrite`.'),
    fsType: string(4)
      .default('ext4')
      .pointer()
      .doc('File system to mount, such as `ext4`; the plugin picks one when it is left out.'),
    readOnly: boolean(5).default(false).pointer().doc('Whether nothing may be written.'),
    kind: string(6)
      .enum('Shared', 'Dedicated', 'Managed')
      .default('Shared')
      .pointer()
      .doc('`Shared`, `Dedicated` or `Managed`.'),
  },
);
export interface AzureDiskVolumeSource extends Infer<typeof AzureDiskVolumeSource> {}

export const PortworxVolumeSource = struct(
  'io.k8s.api.core.v1.PortworxVolumeSource',
  'A volume of Portworx; deprecated.',
  {
    volumeID: string(1).required().doc('Identifies the volume in the storage system.'),
    fsType: string(2).doc('File system to mount, such as `ext4`; the plugin picks one when it is left out.'),
    readOnly: boolean(3).doc('Whether nothing may be written.'),
  },
);
export interface PortworxVolumeSource extends Infer<typeof PortworxVolumeSource> {}

export const ScaleIOVolumeSource = struct(
  'io.k8s.api.core.v1.ScaleIOVolumeSource',
  'A volume of ScaleIO; deprecated.',
  {
    gateway: string(1).required().doc('Address of the gateway.'),
    system: string(2).required().doc('Name of the storage system.'),
    secretRef: of(3, LocalObjectReference).required().doc('The secret with the credentials.'),
    sslEnabled: boolean(4).doc('Whether the gateway is spoken to with TLS.'),
    protectionDomain: string(5).doc('Name of the protection domain.'),
    storagePool: string(6).doc('Name of the pool.'),
    storageMode: string(7).default('ThinProvisioned').doc('`ThickProvisioned` or `ThinProvisioned`.'),
    volumeName: string(8).doc('Name of the volume.'),
    fsType: string(9)
      .default('xfs')
      .doc('File system to mount, such as `ext4`; the plugin picks one when it is left out.'),
    readOnly: boolean(10).doc('Whether nothing may be written.'),
  },
);
export interface ScaleIOVolumeSource extends Infer<typeof ScaleIOVolumeSource> {}

export const ScaleIOPersistentVolumeSource = struct(
  'io.k8s.api.core.v1.ScaleIOPersistentVolumeSource',
  'A volume of ScaleIO; deprecated.',
  {
    gateway: string(1).required().doc('Address of the gateway.'),
    system: string(2).required().doc('Name of the storage system.'),
    secretRef: of(3, SecretReference).required().doc('The secret with the credentials.'),
    sslEnabled: boolean(4).doc('Whether the gateway is spoken to with TLS.'),
    protectionDomain: string(5).doc('Name of the protection domain.'),
    storagePool: string(6).doc('Name of the pool.'),
    storageMode: string(7).default('ThinProvisioned').doc('`ThickProvisioned` or `ThinProvisioned`.'),
    volumeName: string(8).doc('Name of the volume.'),
    fsType: string(9)
      .default('xfs')
      .doc('File system to mount, such as `ext4`; the plugin picks one when it is left out.'),
    readOnly: boolean(10).doc('Whether nothing may be written.'),
  },
);
export interface ScaleIOPersistentVolumeSource extends Infer<typeof ScaleIOPersistentVolumeSource> {}

export const StorageOSVolumeSource = struct(
  'io.k8s.api.core.v1.StorageOSVolumeSource',
  'A volume of StorageOS; deprecated.',
  {
    volumeName: string(1).doc('Name of the volume.'),
    volumeNamespace: string(2).doc('Namespace of the volume in StorageOS.'),
    fsType: string(3).doc('File system to mount, such as `ext4`; the plugin picks one when it is left out.'),
    readOnly: boolean(4).doc('Whether nothing may be written.'),
    secretRef: of(5, LocalObjectReference).doc('The secret with the credentials.'),
  },
);
export interface StorageOSVolumeSource extends Infer<typeof StorageOSVolumeSource> {}

export const StorageOSPersistentVolumeSource = struct(
  'io.k8s.api.core.v1.StorageOSPersistentVolumeSource',
  'A volume of StorageOS; deprecated.',
  {
    volumeName: string(1).doc('Name of the volume.'),
    volumeNamespace: string(2).doc('Namespace of the volume in StorageOS.'),
    fsType: string(3).doc('File system to mount, such as `ext4`; the plugin picks one when it is left out.'),
    readOnly: boolean(4).doc('Whether nothing may be written.'),
    secretRef: of(5, ObjectReference).doc('The secret with the credentials.'),
  },
);
export interface StorageOSPersistentVolumeSource extends Infer<typeof StorageOSPersistentVolumeSource> {}
