import {
  boolean,
  inline,
  int32,
  int64,
  list,
  map,
  of,
  quantity,
  string,
  struct,
  type Infer,
} from '../../schema/field.ts';
import { fillEmpty } from '../rules/draft.ts';
import { defaultPullPolicy } from './image-pull-policy.ts';
import { ObjectFieldSelector, ResourceFieldSelector } from './env.ts';
import {
  AWSElasticBlockStoreVolumeSource,
  AzureDiskVolumeSource,
  AzureFileVolumeSource,
  CephFSVolumeSource,
  CinderVolumeSource,
  FCVolumeSource,
  FlexVolumeSource,
  FlockerVolumeSource,
  GCEPersistentDiskVolumeSource,
  GitRepoVolumeSource,
  GlusterfsVolumeSource,
  ISCSIVolumeSource,
  PhotonPersistentDiskVolumeSource,
  PortworxVolumeSource,
  QuobyteVolumeSource,
  RBDVolumeSource,
  ScaleIOVolumeSource,
  StorageOSVolumeSource,
  VsphereVirtualDiskVolumeSource,
} from './legacy-volume-source.ts';
import { LocalObjectReference } from './object-reference.ts';
import { PersistentVolumeClaimSpec } from './persistent-volume-claim.ts';
import { LabelSelector } from '../meta/label-selector.ts';
import { ObjectMeta } from '../meta/object-meta.ts';

export const HostPathVolumeSource = struct(
  'io.k8s.api.core.v1.HostPathVolumeSource',
  'A directory or file of the node.',
  {
    path: string(1).required().doc('Path on the node.'),
    type: string(2)
      .enum('', 'BlockDevice', 'CharDevice', 'Directory', 'DirectoryOrCreate', 'File', 'FileOrCreate', 'Socket')
      .default('')
      .pointer()
      .doc('What must be there, or is made; empty for no check.'),
  },
);
export interface HostPathVolumeSource extends Infer<typeof HostPathVolumeSource> {}

export const EmptyDirVolumeSource = struct(
  'io.k8s.api.core.v1.EmptyDirVolumeSource',
  'An empty directory that lives as long as the pod.',
  {
    medium: string(1).doc("`Memory` for a file system in memory; the node's disk when empty."),
    sizeLimit: quantity(2).pointer().doc('How much it may hold.'),
  },
);
export interface EmptyDirVolumeSource extends Infer<typeof EmptyDirVolumeSource> {}

export const KeyToPath = struct('io.k8s.api.core.v1.KeyToPath', 'A key and the file that shows it.', {
  key: string(1).required().doc('The key.'),
  path: string(2).required().doc("Path of the file below the volume's root."),
  mode: int32(3).pointer().doc('Permission bits of this file.'),
});
export interface KeyToPath extends Infer<typeof KeyToPath> {}

export const SecretVolumeSource = struct('io.k8s.api.core.v1.SecretVolumeSource', 'The keys of a Secret as files.', {
  secretName: string(1).doc('Name of the Secret.'),
  items: list(2, KeyToPath).doc('The keys to show, and under which paths; all keys when empty.'),
  defaultMode: int32(3)
    .default(0o644)
    .pointer()
    .doc('Permission bits of files that say nothing themselves; 0644 when left out.'),
  optional: boolean(4).pointer().doc('Whether it is fine when the source is missing.'),
});
export interface SecretVolumeSource extends Infer<typeof SecretVolumeSource> {}

export const NFSVolumeSource = struct('io.k8s.api.core.v1.NFSVolumeSource', 'A directory of an NFS server.', {
  server: string(1).required().doc('Name or address of the server.'),
  path: string(2).required().doc('Directory that the server exports.'),
  readOnly: boolean(3).doc('Whether nothing may be written.'),
});
export interface NFSVolumeSource extends Infer<typeof NFSVolumeSource> {}

export const PersistentVolumeClaimVolumeSource = struct(
  'io.k8s.api.core.v1.PersistentVolumeClaimVolumeSource',
  'The volume that a claim got.',
  {
    claimName: string(1).required().doc('Name of the claim.'),
    readOnly: boolean(2).doc('Whether nothing may be written.'),
  },
);
export interface PersistentVolumeClaimVolumeSource extends Infer<typeof PersistentVolumeClaimVolumeSource> {}

export const DownwardAPIVolumeFile = struct(
  'io.k8s.api.core.v1.DownwardAPIVolumeFile',
  'A file that shows a field of the pod.',
  {
    path: string(1).required().doc("Path of the file below the volume's root."),
    fieldRef: of(2, ObjectFieldSelector).doc('The field.'),
    resourceFieldRef: of(3, ResourceFieldSelector).doc('The resource of a container.'),
    mode: int32(4).pointer().doc('Permission bits of this file.'),
  },
);
export interface DownwardAPIVolumeFile extends Infer<typeof DownwardAPIVolumeFile> {}

export const DownwardAPIVolumeSource = struct(
  'io.k8s.api.core.v1.DownwardAPIVolumeSource',
  'Fields of the pod as files.',
  {
    items: list(1, DownwardAPIVolumeFile).doc('The files.'),
    defaultMode: int32(2)
      .default(0o644)
      .pointer()
      .doc('Permission bits of files that say nothing themselves; 0644 when left out.'),
  },
);
export interface DownwardAPIVolumeSource extends Infer<typeof DownwardAPIVolumeSource> {}

export const ConfigMapVolumeSource = struct(
  'io.k8s.api.core.v1.ConfigMapVolumeSource',
  'The keys of a ConfigMap as files.',
  {
    ...inline(1, LocalObjectReference),
    items: list(2, KeyToPath).doc('The keys to show, and under which paths; all keys when empty.'),
    defaultMode: int32(3)
      .default(0o644)
      .pointer()
      .doc('Permission bits of files that say nothing themselves; 0644 when left out.'),
    optional: boolean(4).pointer().doc('Whether it is fine when the source is missing.'),
  },
);
export interface ConfigMapVolumeSource extends Infer<typeof ConfigMapVolumeSource> {}

export const SecretProjection = struct(
  'io.k8s.api.core.v1.SecretProjection',
  'Keys of a Secret in a projected volume.',
  {
    ...inline(1, LocalObjectReference),
    items: list(2, KeyToPath).doc('The keys to show, and under which paths; all keys when empty.'),
    optional: boolean(4).pointer().doc('Whether it is fine when the source is missing.'),
  },
);
export interface SecretProjection extends Infer<typeof SecretProjection> {}

export const DownwardAPIProjection = struct(
  'io.k8s.api.core.v1.DownwardAPIProjection',
  'Fields of the pod in a projected volume.',
  {
    items: list(1, DownwardAPIVolumeFile).doc('The files.'),
  },
);
export interface DownwardAPIProjection extends Infer<typeof DownwardAPIProjection> {}

export const ConfigMapProjection = struct(
  'io.k8s.api.core.v1.ConfigMapProjection',
  'Keys of a ConfigMap in a projected volume.',
  {
    ...inline(1, LocalObjectReference),
    items: list(2, KeyToPath).doc('The keys to show, and under which paths; all keys when empty.'),
    optional: boolean(4).pointer().doc('Whether it is fine when the source is missing.'),
  },
);
export interface ConfigMapProjection extends Infer<typeof ConfigMapProjection> {}

export const ServiceAccountTokenProjection = struct(
  'io.k8s.api.core.v1.ServiceAccountTokenProjection',
  "A token of the pod's account in a projected volume.",
  {
    audience: string(1).doc('Who is to accept the token; the API server when left out.'),
    expirationSeconds: int64(2).default(3600).pointer().doc('How long it is valid; it is renewed in time.'),
    path: string(3).required().doc("Path of the file below the volume's root."),
  },
);
export interface ServiceAccountTokenProjection extends Infer<typeof ServiceAccountTokenProjection> {}

export const ClusterTrustBundleProjection = struct(
  'io.k8s.api.core.v1.ClusterTrustBundleProjection',
  'Certificates to trust, in a projected volume.',
  {
    name: string(1).pointer().doc('Name of one ClusterTrustBundle.'),
    signerName: string(2).pointer().doc('Signer whose bundles are taken.'),
    labelSelector: of(3, LabelSelector).doc('Which bundles of the signer are taken.'),
    optional: boolean(5).pointer().doc('Whether it is fine when the source is missing.'),
    path: string(4).required().doc("Path of the file below the volume's root."),
  },
);
export interface ClusterTrustBundleProjection extends Infer<typeof ClusterTrustBundleProjection> {}

export const PodCertificateProjection = struct(
  'io.k8s.api.core.v1.PodCertificateProjection',
  'A key and a certificate for the pod, in a projected volume.',
  {
    signerName: string(1).doc('Who signs the certificate.'),
    keyType: string(2).doc('Sort of key that is made.'),
    maxExpirationSeconds: int32(3).pointer().doc('How long the certificate may be valid at most.'),
    credentialBundlePath: string(4).doc('File with key and certificates together.'),
    keyPath: string(5).doc('File with the key.'),
    certificateChainPath: string(6).doc('File with the certificates.'),
    userAnnotations: map(7, string()).doc('Further data for the signer.'),
  },
);
export interface PodCertificateProjection extends Infer<typeof PodCertificateProjection> {}

export const VolumeProjection = struct(
  'io.k8s.api.core.v1.VolumeProjection',
  'One source of a projected volume; one of them is set.',
  {
    secret: of(1, SecretProjection).doc('Keys of a Secret.'),
    downwardAPI: of(2, DownwardAPIProjection).doc('Fields of the pod.'),
    configMap: of(3, ConfigMapProjection).doc('Keys of a ConfigMap.'),
    serviceAccountToken: of(4, ServiceAccountTokenProjection).doc("A token of the pod's account."),
    clusterTrustBundle: of(5, ClusterTrustBundleProjection).doc('Certificates to trust.'),
    podCertificate: of(6, PodCertificateProjection).doc('A certificate for the pod.'),
  },
);
export interface VolumeProjection extends Infer<typeof VolumeProjection> {}

export const ProjectedVolumeSource = struct(
  'io.k8s.api.core.v1.ProjectedVolumeSource',
  'Several sources in one directory.',
  {
    sources: list(1, VolumeProjection).always().doc('The sources.'),
    defaultMode: int32(2)
      .default(0o644)
      .pointer()
      .doc('Permission bits of files that say nothing themselves; 0644 when left out.'),
  },
);
export interface ProjectedVolumeSource extends Infer<typeof ProjectedVolumeSource> {}

export const CSIVolumeSource = struct(
  'io.k8s.api.core.v1.CSIVolumeSource',
  'A volume that a CSI driver makes for this pod.',
  {
    driver: string(1).required().doc('Name of the driver.'),
    readOnly: boolean(2).pointer().doc('Whether nothing may be written.'),
    fsType: string(3).pointer().doc('File system to mount, such as `ext4`; the plugin picks one when it is left out.'),
    volumeAttributes: map(4, string()).doc('Settings for the driver.'),
    nodePublishSecretRef: of(5, LocalObjectReference).doc('Secret for the driver on the node.'),
  },
);
export interface CSIVolumeSource extends Infer<typeof CSIVolumeSource> {}

export const PersistentVolumeClaimTemplate = struct(
  'io.k8s.api.core.v1.PersistentVolumeClaimTemplate',
  'A claim to be made for a pod.',
  {
    metadata: of(1, ObjectMeta).always().doc('Name, labels and the other data that every object has.'),
    spec: of(2, PersistentVolumeClaimSpec).required().doc('What the claim asks for.'),
  },
);
export interface PersistentVolumeClaimTemplate extends Infer<typeof PersistentVolumeClaimTemplate> {}

export const EphemeralVolumeSource = struct(
  'io.k8s.api.core.v1.EphemeralVolumeSource',
  'A volume that is claimed for one pod and goes with it.',
  {
    volumeClaimTemplate: of(1, PersistentVolumeClaimTemplate).doc('The claim that is made.'),
  },
);
export interface EphemeralVolumeSource extends Infer<typeof EphemeralVolumeSource> {}

export const ImageVolumeSource = struct(
  'io.k8s.api.core.v1.ImageVolumeSource',
  'The content of an image.',
  {
    reference: string(1).doc('The image.'),
    pullPolicy: string(2).enum('Always', 'IfNotPresent', 'Never').doc('When it is fetched.'),
  },
  { defaults: (draft) => fillEmpty(draft, 'pullPolicy', defaultPullPolicy(draft['reference'])) },
);
export interface ImageVolumeSource extends Infer<typeof ImageVolumeSource> {}

export const VolumeSource = struct(
  'io.k8s.api.core.v1.VolumeSource',
  'Where a volume comes from; one of them is set.',
  {
    hostPath: of(1, HostPathVolumeSource).doc('A directory or file of the node.'),
    emptyDir: of(2, EmptyDirVolumeSource).doc('An empty directory that lives as long as the pod.'),
    gcePersistentDisk: of(3, GCEPersistentDiskVolumeSource).doc('A disk of Google Compute Engine; deprecated.'),
    awsElasticBlockStore: of(4, AWSElasticBlockStoreVolumeSource).doc('A disk of AWS; deprecated.'),
    gitRepo: of(5, GitRepoVolumeSource).doc('A clone of a git repository; deprecated.'),
    secret: of(6, SecretVolumeSource).doc('The keys of a Secret as files.'),
    nfs: of(7, NFSVolumeSource).doc('A directory of an NFS server.'),
    iscsi: of(8, ISCSIVolumeSource).doc('An iSCSI disk.'),
    glusterfs: of(9, GlusterfsVolumeSource).doc('A volume of Gluster; deprecated.'),
    persistentVolumeClaim: of(10, PersistentVolumeClaimVolumeSource).doc('The volume that a claim got.'),
    rbd: of(11, RBDVolumeSource).doc('A block device of Ceph; deprecated.'),
    flexVolume: of(12, FlexVolumeSource).doc('A volume of an exec-based plugin; deprecated.'),
    cinder: of(13, CinderVolumeSource).doc('A disk of OpenStack; deprecated.'),
    cephfs: of(14, CephFSVolumeSource).doc('A file system of Ceph; deprecated.'),
    flocker: of(15, FlockerVolumeSource).doc('A volume of Flocker; deprecated.'),
    downwardAPI: of(16, DownwardAPIVolumeSource).doc('Fields of the pod as files.'),
    fc: of(17, FCVolumeSource).doc('A disk on Fibre Channel.'),
    azureFile: of(18, AzureFileVolumeSource).doc('A file share of Azure; deprecated.'),
    configMap: of(19, ConfigMapVolumeSource).doc('The keys of a ConfigMap as files.'),
    vsphereVolume: of(20, VsphereVirtualDiskVolumeSource).doc('A disk of vSphere; deprecated.'),
    quobyte: of(21, QuobyteVolumeSource).doc('A volume of Quobyte; deprecated.'),
    azureDisk: of(22, AzureDiskVolumeSource).doc('A disk of Azure; deprecated.'),
    photonPersistentDisk: of(23, PhotonPersistentDiskVolumeSource).doc('A disk of Photon; deprecated.'),
    projected: of(26, ProjectedVolumeSource).doc('Several sources in one directory.'),
    portworxVolume: of(24, PortworxVolumeSource).doc('A volume of Portworx; deprecated.'),
    scaleIO: of(25, ScaleIOVolumeSource).doc('A volume of ScaleIO; deprecated.'),
    storageos: of(27, StorageOSVolumeSource).doc('A volume of StorageOS; deprecated.'),
    csi: of(28, CSIVolumeSource).doc('A volume that a CSI driver makes for this pod.'),
    ephemeral: of(29, EphemeralVolumeSource).doc('A volume that is claimed for this pod and goes with it.'),
    image: of(30, ImageVolumeSource).doc('The content of an image, to be read.'),
  },
);
export interface VolumeSource extends Infer<typeof VolumeSource> {}

const sourceNames = Object.keys(VolumeSource.fields);

export const Volume = struct(
  'io.k8s.api.core.v1.Volume',
  'Storage that the containers of a pod can mount; one source is set.',
  {
    name: string(1).required().doc('Name within the pod.'),
    ...inline(2, VolumeSource),
  },
  {
    // A volume that names no source is an empty directory.
    defaults: (draft) => {
      if (!sourceNames.some((name) => draft[name] !== undefined && draft[name] !== null)) draft['emptyDir'] = {};
    },
  },
);
export interface Volume extends Infer<typeof Volume> {}
