/** Changes of other objects than nodes and pods that may help a pod which no node would take. */
import { Namespace } from '../api/core/namespace.ts';
import { PersistentVolumeClaim } from '../api/core/persistent-volume-claim.ts';
import { PersistentVolume } from '../api/core/persistent-volume.ts';
import { CSIDriver } from '../api/storage/csi-driver.ts';
import { CSINode } from '../api/storage/csi-node.ts';
import { CSIStorageCapacity } from '../api/storage/csi-storage-capacity.ts';
import { StorageClass } from '../api/storage/storage-class.ts';
import { VolumeAttachment } from '../api/storage/volume-attachment.ts';
import type { Informers } from '../client/informers.ts';
import type { ClusterEvent } from './queue.ts';

/** Returns how to stop each. */
export function followOthers(informers: Informers, announce: (event: ClusterEvent) => void): readonly (() => void)[] {
  const on = (event: ClusterEvent) => (): void => announce(event);
  return [
    informers.of(PersistentVolumeClaim).subscribe({ added: on('claim'), updated: on('claim') }),
    informers.of(PersistentVolume).subscribe({ added: on('volume'), updated: on('volume') }),
    informers.of(StorageClass).subscribe({ added: on('storage-class'), updated: on('storage-class') }),
    informers.of(Namespace).subscribe({ updated: on('namespace') }),
    informers.of(CSINode).subscribe({ added: on('csi-node'), updated: on('csi-node') }),
    informers.of(CSIDriver).subscribe({ added: on('csi-driver'), updated: on('csi-driver') }),
    informers.of(CSIStorageCapacity).subscribe({ added: on('storage-capacity'), updated: on('storage-capacity') }),
    informers.of(VolumeAttachment).subscribe({ deleted: on('detached') }),
  ];
}
