/** The claims that pods use. */
import type { PersistentVolume } from '../../api/core/persistent-volume.ts';
import type { Pod } from '../../api/core/pod.ts';
import { keyOf } from '../../client/cache.ts';

/** Of the claim that is made for a generic ephemeral volume. */
export function ephemeralClaimName(pod: Pod, volume: string): string {
  return `${pod.metadata.name}-${volume}`;
}

export function claimKeysOf(pod: Pod): readonly string[] {
  const namespace = pod.metadata.namespace ?? '';
  return (pod.spec?.volumes ?? []).flatMap((volume) => {
    const name =
      volume.persistentVolumeClaim?.claimName ??
      (volume.ephemeral === undefined ? undefined : ephemeralClaimName(pod, volume.name));
    return name === undefined ? [] : [keyOf({ metadata: { name, namespace } })];
  });
}

/** Of the claim that the volume names, if it names one. */
export function claimKeysOfVolume({ spec }: PersistentVolume): readonly string[] {
  const { name, namespace = '' } = spec?.claimRef ?? {};
  return name === undefined ? [] : [keyOf({ metadata: { name, namespace } })];
}
