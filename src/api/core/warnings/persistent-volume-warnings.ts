/** About PersistentVolumes, in upstream's words (pkg/api/persistentvolume/util.go). */
import type { LooseObject } from '../../rules/loose.ts';
import type { PersistentVolumeSpec } from '../persistent-volume.ts';
import { classAnnotationWarnings } from './claim-warnings.ts';
import { nodeSelectorTermWarnings } from './node-labels.ts';
import { retiredSourceWarnings } from './volume-warnings.ts';

const mountOptions = 'volume.beta.kubernetes.io/mount-options';

export function persistentVolumeWarnings({ metadata, spec = {} }: LooseObject<PersistentVolumeSpec>): string[] {
  const terms = spec.nodeAffinity?.required?.nodeSelectorTerms ?? [];
  return [
    ...classAnnotationWarnings(metadata?.annotations),
    ...(metadata?.annotations?.[mountOptions] === undefined
      ? []
      : [`metadata.annotations[${mountOptions}]: deprecated since v1.31; use "mountOptions" attribute instead`]),
    ...recycleWarnings(spec.persistentVolumeReclaimPolicy),
    ...terms.flatMap((term, index) =>
      nodeSelectorTermWarnings(`spec.nodeAffinity.required.nodeSelectorTerms[${index}]`, term),
    ),
    ...retiredSourceWarnings('spec', spec),
  ];
}

function recycleWarnings(policy: string | undefined): string[] {
  if (policy !== 'Recycle') return [];
  const instead = 'Instead, the recommended approach is to use dynamic provisioning.';
  return [`spec.persistentVolumeReclaimPolicy: The Recycle reclaim policy is deprecated. ${instead}`];
}
