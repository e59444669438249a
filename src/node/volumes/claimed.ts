/** The claims that pods have volumes by. */
import { PersistentVolumeClaim } from '../../api/core/persistent-volume-claim.ts';
import { PersistentVolume } from '../../api/core/persistent-volume.ts';
import type { Pod } from '../../api/core/pod.ts';
import type { Volume } from '../../api/core/volume.ts';
import type { ClientReader } from '../../client/client.ts';
import type { Claimed } from '../csi/volumes.ts';
import { namespaceOf } from '../pod/names.ts';

/** Of the pod's namespace; undefined for volumes that have no claim. */
export function claimNameOf(pod: Pod, volume: Volume): string | undefined {
  if (volume.ephemeral !== undefined) return `${pod.metadata.name}-${volume.name}`;
  return volume.persistentVolumeClaim?.claimName;
}

export function claimedBy(client: ClientReader, pod: Pod, volume: Volume): Claimed | undefined {
  const name = claimNameOf(pod, volume);
  if (name === undefined) return undefined;
  return {
    readonly: volume.persistentVolumeClaim?.readOnly === true,
    async load() {
      const claim = await client.get(PersistentVolumeClaim, { namespace: namespaceOf(pod), name });
      return { claim, volume: await client.get(PersistentVolume, { name: claim.spec?.volumeName ?? '' }) };
    },
  };
}
