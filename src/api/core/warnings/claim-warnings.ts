/** About PersistentVolumeClaims, and their templates. */
import type { Loose, LooseObject } from '../../rules/loose.ts';
import type { PersistentVolumeClaimSpec } from '../persistent-volume-claim.ts';
import { fractionsIn } from './fractions.ts';

/** Names the class in manifests from before the field. */
const classAnnotation = 'volume.beta.kubernetes.io/storage-class';

export function claimWarnings({ metadata, spec }: LooseObject<PersistentVolumeClaimSpec>): string[] {
  return [...classAnnotationWarnings(metadata?.annotations), ...claimSpecWarnings('spec', spec)];
}

export function classAnnotationWarnings(annotations: Readonly<Record<string, unknown>> | undefined): string[] {
  if (annotations?.[classAnnotation] === undefined) return [];
  const instead = 'deprecated since v1.8; use "storageClassName" attribute instead';
  return [`metadata.annotations[${classAnnotation}]: ${instead}`];
}

export function claimSpecWarnings(path: string, spec: Loose<PersistentVolumeClaimSpec> | undefined): string[] {
  return [
    ...fractionsIn(`${path}.resources.requests`, spec?.resources?.requests, ['storage']),
    ...fractionsIn(`${path}.resources.limits`, spec?.resources?.limits, ['storage']),
  ];
}
