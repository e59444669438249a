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

export const HostPathVolumeSource = struct('io.k8s.api.core.v1.HostPathVolumeSource', '', {
  path: string(1).required(),
  type: string(2)
    .enum('', 'BlockDevice', 'CharDevice', 'Directory', 'DirectoryOrCreate', 'File', 'FileOrCreate', 'Socket')
    .default('')
    .pointer(),
});
export interface HostPathVolumeSource extends Infer<typeof HostPathVolumeSource> {}

export const EmptyDirVolumeSource = struct('io.k8s.api.core.v1.EmptyDirVolumeSource', '', {
  medium: string(1),
  sizeLimit: quantity(2).pointer(),
});
export interface EmptyDirVolumeSource extends Infer<typeof EmptyDirVolumeSource> {}

export const KeyToPath = struct('io.k8s.api.core.v1.KeyToPath', '', {
  key: string(1).required(),
  path: string(2).required(),
  mode: int32(3).pointer(),
});
export interface KeyToPath extends Infer<typeof KeyToPath> {}

export const SecretVolumeSource = struct('io.k8s.api.core.v1.SecretVolumeSource', '', {
  secretName: string(1),
  items: list(2, KeyToPath),
  defaultMode: int32(3).default(0o644).pointer(),
  optional: boolean(4).pointer(),
});
export interface SecretVolumeSource extends Infer<typeof SecretVolumeSource> {}

export const NFSVolumeSource = struct('io.k8s.api.core.v1.NFSVolumeSource', '', {
  server: string(1).required(),
  path: string(2).required(),
  readOnly: boolean(3),
});
export interface NFSVolumeSource extends Infer<typeof NFSVolumeSource> {}

export const PersistentVolumeClaimVolumeSource = struct('io.k8s.api.core.v1.PersistentVolumeClaimVolumeSource', '', {
  claimName: string(1).required(),
  readOnly: boolean(2),
});
export interface PersistentVolumeClaimVolumeSource extends Infer<typeof PersistentVolumeClaimVolumeSource> {}

export const DownwardAPIVolumeFile = struct('io.k8s.api.core.v1.DownwardAPIVolumeFile', '', {
  path: string(1).required(),
  fieldRef: of(2, ObjectFieldSelector),
  resourceFieldRef: of(3, ResourceFieldSelector),
  mode: int32(4).pointer(),
});
export interface DownwardAPIVolumeFile extends Infer<typeof DownwardAPIVolumeFile> {}

export const DownwardAPIVolumeSource = struct('io.k8s.api.core.v1.DownwardAPIVolumeSource', '', {
  items: list(1, DownwardAPIVolumeFile),
  defaultMode: int32(2).default(0o644).pointer(),
});
export interface DownwardAPIVolumeSource extends Infer<typeof DownwardAPIVolumeSource> {}

export const ConfigMapVolumeSource = struct('io.k8s.api.core.v1.ConfigMapVolumeSource', '', {
  ...inline(1, LocalObjectReference),
  items: list(2, KeyToPath),
  defaultMode: int32(3).default(0o644).pointer(),
  optional: boolean(4).pointer(),
});
export interface ConfigMapVolumeSource extends Infer<typeof ConfigMapVolumeSource> {}

export const SecretProjection = struct('io.k8s.api.core.v1.SecretProjection', '', {
  ...inline(1, LocalObjectReference),
  items: list(2, KeyToPath),
  optional: boolean(4).pointer(),
});
export interface SecretProjection extends Infer<typeof SecretProjection> {}

export const DownwardAPIProjection = struct('io.k8s.api.core.v1.DownwardAPIProjection', '', {
  items: list(1, DownwardAPIVolumeFile),
});
export interface DownwardAPIProjection extends Infer<typeof DownwardAPIProjection> {}

export const ConfigMapProjection = struct('io.k8s.api.core.v1.ConfigMapProjection', '', {
  ...inline(1, LocalObjectReference),
  items: list(2, KeyToPath),
  optional: boolean(4).pointer(),
});
export interface ConfigMapProjection extends Infer<typeof ConfigMapProjection> {}

export const ServiceAccountTokenProjection = struct('io.k8s.api.core.v1.ServiceAccountTokenProjection', '', {
  audience: string(1),
  expirationSeconds: int64(2).default(3600).pointer(),
  path: string(3).required(),
});
export interface ServiceAccountTokenProjection extends Infer<typeof ServiceAccountTokenProjection> {}

export const ClusterTrustBundleProjection = struct('io.k8s.api.core.v1.ClusterTrustBundleProjection', '', {
  name: string(1).pointer(),
  signerName: string(2).pointer(),
  labelSelector: of(3, LabelSelector),
  optional: boolean(5).pointer(),
  path: string(4).required(),
});
export interface ClusterTrustBundleProjection extends Infer<typeof ClusterTrustBundleProjection> {}

export const PodCertificateProjection = struct('io.k8s.api.core.v1.PodCertificateProjection', '', {
  signerName: string(1),
  keyType: string(2),
  maxExpirationSeconds: int32(3).pointer(),
  credentialBundlePath: string(4),
  keyPath: string(5),
  certificateChainPath: string(6),
  userAnnotations: map(7, string()),
});
export interface PodCertificateProjection extends Infer<typeof PodCertificateProjection> {}

export const VolumeProjection = struct('io.k8s.api.core.v1.VolumeProjection', '', {
  secret: of(1, SecretProjection),
  downwardAPI: of(2, DownwardAPIProjection),
  configMap: of(3, ConfigMapProjection),
  serviceAccountToken: of(4, ServiceAccountTokenProjection),
  clusterTrustBundle: of(5, ClusterTrustBundleProjection),
  podCertificate: of(6, PodCertificateProjection),
});
export interface VolumeProjection extends Infer<typeof VolumeProjection> {}

export const ProjectedVolumeSource = struct('io.k8s.api.core.v1.ProjectedVolumeSource', '', {
  sources: list(1, VolumeProjection).always(),
  defaultMode: int32(2).default(0o644).pointer(),
});
export interface ProjectedVolumeSource extends Infer<typeof ProjectedVolumeSource> {}

export const CSIVolumeSource = struct('io.k8s.api.core.v1.CSIVolumeSource', '', {
  driver: string(1).required(),
  readOnly: boolean(2).pointer(),
  fsType: string(3).pointer(),
  volumeAttributes: map(4, string()),
  nodePublishSecretRef: of(5, LocalObjectReference),
});
export interface CSIVolumeSource extends Infer<typeof CSIVolumeSource> {}

export const PersistentVolumeClaimTemplate = struct('io.k8s.api.core.v1.PersistentVolumeClaimTemplate', '', {
  metadata: of(1, ObjectMeta).always(),
  spec: of(2, PersistentVolumeClaimSpec).required(),
});
export interface PersistentVolumeClaimTemplate extends Infer<typeof PersistentVolumeClaimTemplate> {}

export const EphemeralVolumeSource = struct('io.k8s.api.core.v1.EphemeralVolumeSource', '', {
  volumeClaimTemplate: of(1, PersistentVolumeClaimTemplate),
});
export interface EphemeralVolumeSource extends Infer<typeof EphemeralVolumeSource> {}

export const ImageVolumeSource = struct(
  'io.k8s.api.core.v1.ImageVolumeSource',
  '',
  {
    reference: string(1),
    pullPolicy: string(2).enum('Always', 'IfNotPresent', 'Never'),
  },
  { defaults: (draft) => fillEmpty(draft, 'pullPolicy', defaultPullPolicy(draft['reference'])) },
);
export interface ImageVolumeSource extends Infer<typeof ImageVolumeSource> {}

export const VolumeSource = struct('io.k8s.api.core.v1.VolumeSource', '', {
  hostPath: of(1, HostPathVolumeSource),
  emptyDir: of(2, EmptyDirVolumeSource),
  gcePersistentDisk: of(3, GCEPersistentDiskVolumeSource),
  awsElasticBlockStore: of(4, AWSElasticBlockStoreVolumeSource),
  gitRepo: of(5, GitRepoVolumeSource),
  secret: of(6, SecretVolumeSource),
  nfs: of(7, NFSVolumeSource),
  iscsi: of(8, ISCSIVolumeSource),
  glusterfs: of(9, GlusterfsVolumeSource),
  persistentVolumeClaim: of(10, PersistentVolumeClaimVolumeSource),
  rbd: of(11, RBDVolumeSource),
  flexVolume: of(12, FlexVolumeSource),
  cinder: of(13, CinderVolumeSource),
  cephfs: of(14, CephFSVolumeSource),
  flocker: of(15, FlockerVolumeSource),
  downwardAPI: of(16, DownwardAPIVolumeSource),
  fc: of(17, FCVolumeSource),
  azureFile: of(18, AzureFileVolumeSource),
  configMap: of(19, ConfigMapVolumeSource),
  vsphereVolume: of(20, VsphereVirtualDiskVolumeSource),
  quobyte: of(21, QuobyteVolumeSource),
  azureDisk: of(22, AzureDiskVolumeSource),
  photonPersistentDisk: of(23, PhotonPersistentDiskVolumeSource),
  projected: of(26, ProjectedVolumeSource),
  portworxVolume: of(24, PortworxVolumeSource),
  scaleIO: of(25, ScaleIOVolumeSource),
  storageos: of(27, StorageOSVolumeSource),
  csi: of(28, CSIVolumeSource),
  ephemeral: of(29, EphemeralVolumeSource),
  image: of(30, ImageVolumeSource),
});
export interface VolumeSource extends Infer<typeof VolumeSource> {}

const sourceNames = Object.keys(VolumeSource.fields);

export const Volume = struct(
  'io.k8s.api.core.v1.Volume',
  '',
  {
    name: string(1).required(),
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
