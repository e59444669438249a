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

export const LocalVolumeSource = struct('io.k8s.api.core.v1.LocalVolumeSource', 'A disk or directory of one node.', {
  path: string(1).required().doc('Path on the node.'),
  fsType: string(2).pointer().doc('File system to mount, such as `ext4`; the plugin picks one when it is left out.'),
});
export interface LocalVolumeSource extends Infer<typeof LocalVolumeSource> {}

export const CSIPersistentVolumeSource = struct(
  'io.k8s.api.core.v1.CSIPersistentVolumeSource',
  'A volume of a CSI driver.',
  {
    driver: string(1).required().doc('Name of the driver.'),
    volumeHandle: string(2).required().doc("The driver's name for the volume."),
    readOnly: boolean(3).doc('Whether nothing may be written.'),
    fsType: string(4).doc('File system to mount, such as `ext4`; the plugin picks one when it is left out.'),
    volumeAttributes: map(5, string()).doc('Settings for the driver.'),
    controllerPublishSecretRef: of(6, SecretReference).doc('Secret for attaching it.'),
    nodeStageSecretRef: of(7, SecretReference).doc('Secret for staging it on a node.'),
    nodePublishSecretRef: of(8, SecretReference).doc('Secret for mounting it.'),
    controllerExpandSecretRef: of(9, SecretReference).doc('Secret for enlarging it.'),
    nodeExpandSecretRef: of(10, SecretReference).doc('Secret for enlarging its file system.'),
  },
);
export interface CSIPersistentVolumeSource extends Infer<typeof CSIPersistentVolumeSource> {}

export const PersistentVolumeSource = struct(
  'io.k8s.api.core.v1.PersistentVolumeSource',
  'Where a volume comes from; one of them is set.',
  {
    gcePersistentDisk: of(1, GCEPersistentDiskVolumeSource).doc('A disk of Google Compute Engine; deprecated.'),
    awsElasticBlockStore: of(2, AWSElasticBlockStoreVolumeSource).doc('A disk of AWS; deprecated.'),
    hostPath: of(3, HostPathVolumeSource).doc('A directory of the node, for trying things out.'),
    glusterfs: of(4, GlusterfsPersistentVolumeSource).doc('A volume of Gluster; deprecated.'),
    nfs: of(5, NFSVolumeSource).doc('A directory of an NFS server.'),
    rbd: of(6, RBDPersistentVolumeSource).doc('A block device of Ceph; deprecated.'),
    iscsi: of(7, ISCSIPersistentVolumeSource).doc('An iSCSI disk.'),
    cinder: of(8, CinderPersistentVolumeSource).doc('A disk of OpenStack; deprecated.'),
    cephfs: of(9, CephFSPersistentVolumeSource).doc('A file system of Ceph; deprecated.'),
    fc: of(10, FCVolumeSource).doc('A disk on Fibre Channel.'),
    flocker: of(11, FlockerVolumeSource).doc('A volume of Flocker; deprecated.'),
    flexVolume: of(12, FlexPersistentVolumeSource).doc('A volume of an exec-based plugin; deprecated.'),
    azureFile: of(13, AzureFilePersistentVolumeSource).doc('A file share of Azure; deprecated.'),
    vsphereVolume: of(14, VsphereVirtualDiskVolumeSource).doc('A disk of vSphere; deprecated.'),
    quobyte: of(15, QuobyteVolumeSource).doc('A volume of Quobyte; deprecated.'),
    azureDisk: of(16, AzureDiskVolumeSource).doc('A disk of Azure; deprecated.'),
    photonPersistentDisk: of(17, PhotonPersistentDiskVolumeSource).doc('A disk of Photon; deprecated.'),
    portworxVolume: of(18, PortworxVolumeSource).doc('A volume of Portworx; deprecated.'),
    scaleIO: of(19, ScaleIOPersistentVolumeSource).doc('A volume of ScaleIO; deprecated.'),
    local: of(20, LocalVolumeSource).doc('A disk or directory of one node.'),
    storageos: of(21, StorageOSPersistentVolumeSource).doc('A volume of StorageOS; deprecated.'),
    csi: of(22, CSIPersistentVolumeSource).doc('A volume of a CSI driver.'),
  },
);
export interface PersistentVolumeSource extends Infer<typeof PersistentVolumeSource> {}

export const VolumeNodeAffinity = struct(
  'io.k8s.api.core.v1.VolumeNodeAffinity',
  'From which nodes a volume can be reached.',
  {
    required: of(1, NodeSelector).doc('What a node must fulfil.'),
  },
);
export interface VolumeNodeAffinity extends Infer<typeof VolumeNodeAffinity> {}

export const PersistentVolumeSpec = struct(
  'io.k8s.api.core.v1.PersistentVolumeSpec',
  'What the storage is and for whom; one source is set.',
  {
    capacity: map(1, quantity()).doc('How much it holds.'),
    ...inline(2, PersistentVolumeSource),
    accessModes: list(3, string().known<'ReadWriteOnce' | 'ReadOnlyMany' | 'ReadWriteMany' | 'ReadWriteOncePod'>()).doc(
      'Ways in which it may be mounted.',
    ),
    claimRef: of(4, ObjectReference).doc('The claim that has it.'),
    persistentVolumeReclaimPolicy: string(5)
      .enum('Delete', 'Recycle', 'Retain')
      .default('Retain')
      .doc('`Retain`, `Delete` or `Recycle`: what happens when the claim is gone.'),
    storageClassName: string(6).doc('Name of the StorageClass that it belongs to.'),
    mountOptions: list(7, string()).doc('Options for mounting it.'),
    volumeMode: string(8)
      .enum('Block', 'Filesystem')
      .default('Filesystem')
      .pointer()
      .doc('Whether it is a file system or a block device.'),
    nodeAffinity: of(9, VolumeNodeAffinity).doc('From which nodes it can be reached.'),
    volumeAttributesClassName: string(10)
      .pointer()
      .doc('Name of the VolumeAttributesClass with changeable properties.'),
  },
);
export interface PersistentVolumeSpec extends Infer<typeof PersistentVolumeSpec> {}

export const PersistentVolumeStatus = struct(
  'io.k8s.api.core.v1.PersistentVolumeStatus',
  'Where in its life a volume is.',
  {
    phase: string(1)
      .known<'Pending' | 'Available' | 'Bound' | 'Released' | 'Failed'>()
      .default('Pending')
      .doc('`Pending`, `Available`, `Bound`, `Released` or `Failed`.'),
    message: string(2).doc('Explanation for a human reader.'),
    reason: string(3).doc('One word in camel case for programs that says why.'),
    lastPhaseTransitionTime: time(4).doc('When the phase changed last.'),
  },
);
export interface PersistentVolumeStatus extends Infer<typeof PersistentVolumeStatus> {}

export const PersistentVolume = defineKind({
  group: '',
  version: 'v1',
  kind: 'PersistentVolume',
  plural: 'persistentvolumes',
  shortNames: ['pv'],
  scope: 'Cluster',
  package: 'io.k8s.api.core.v1',
  doc: 'Storage of the cluster that a claim can get.',
  fields: {
    spec: of(2, PersistentVolumeSpec).always().doc('What is wanted.'),
    status: of(3, PersistentVolumeStatus).always().doc('What was observed last.'),
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
