/** What is let in but deserves a word, in claims and volumes. Texts are those of Kubernetes 1.35. */
import { milliValue } from '../../schema/quantity.ts';
import type { ObjectMeta } from '../meta/object-meta.ts';
import { nodeSelectorTermWarnings } from './node-label-warnings.ts';
import type { PersistentVolumeClaimSpec } from './persistent-volume-claim.ts';
import type { PersistentVolumeSpec } from './persistent-volume.ts';

interface Claim {
  readonly metadata?: Partial<ObjectMeta>;
  readonly spec?: PersistentVolumeClaimSpec;
}

interface PersistentVolumeLike {
  readonly metadata?: Partial<ObjectMeta>;
  readonly spec?: PersistentVolumeSpec;
}

export function claimWarnings({ metadata, spec }: Claim): string[] {
  return [...annotationWarnings(metadata, claimAnnotations), ...claimSpecWarnings(spec, 'spec')];
}

export function claimSpecWarnings(spec: PersistentVolumeClaimSpec | undefined, path: string): string[] {
  return (['requests', 'limits'] as const).flatMap((field) => {
    const amount = spec?.resources?.[field]?.['storage'];
    if (amount === undefined || milliValue(amount) % 1000 === 0) return [];
    return [
      `${path}.resources.${field}[storage]: fractional byte value ${JSON.stringify(amount)} is invalid, must be an integer`,
    ];
  });
}

const claimAnnotations: Readonly<Record<string, string>> = {
  'volume.beta.kubernetes.io/storage-class': 'deprecated since v1.8; use "storageClassName" attribute instead',
};
const volumeAnnotations: Readonly<Record<string, string>> = {
  ...claimAnnotations,
  'volume.beta.kubernetes.io/mount-options': 'deprecated since v1.31; use "mountOptions" attribute instead',
};

function annotationWarnings(
  metadata: Partial<ObjectMeta> | undefined,
  texts: Readonly<Record<string, string>>,
): string[] {
  return Object.entries(texts).flatMap(([key, text]) =>
    metadata?.annotations?.[key] === undefined ? [] : [`metadata.annotations[${key}]: ${text}`],
  );
}

const oldVolumes: readonly (readonly [field: keyof PersistentVolumeSpec, shown: string, text: string])[] = [
  ['cephfs', 'cephfs', 'deprecated in v1.28, non-functional in v1.31+'],
  ['photonPersistentDisk', 'photonPersistentDisk', 'deprecated in v1.11, non-functional in v1.16+'],
  ['rbd', 'rbd', 'deprecated in v1.28, non-functional in v1.31+'],
  ['scaleIO', 'scaleIO', 'deprecated in v1.16, non-functional in v1.22+'],
  ['storageos', 'storageOS', 'deprecated in v1.22, non-functional in v1.25+'],
  ['glusterfs', 'glusterfs', 'deprecated in v1.25, non-functional in v1.26+'],
];

export function persistentVolumeWarnings({ metadata, spec = {} }: PersistentVolumeLike): string[] {
  const terms = spec.nodeAffinity?.required?.nodeSelectorTerms ?? [];
  return [
    ...annotationWarnings(metadata, volumeAnnotations),
    ...(spec.persistentVolumeReclaimPolicy === 'Recycle' ? [recycleText] : []),
    ...terms.flatMap((term, at) =>
      nodeSelectorTermWarnings(term, `spec.nodeAffinity.required.nodeSelectorTerms[${at}]`),
    ),
    ...oldVolumes.flatMap(([field, shown, text]) => (spec[field] === undefined ? [] : [`spec.${shown}: ${text}`])),
  ];
}

const recycleText =
  'spec.persistentVolumeReclaimPolicy: The Recycle reclaim policy is deprecated. ' +
  'Instead, the recommended approach is to use dynamic provisioning.';
