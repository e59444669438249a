/** Disks of the network that only one node, or one pod, may have at a time unless all only read them. */
import type { Pod } from '../../api/core/pod.ts';
import type { Volume } from '../../api/core/volume.ts';

/** What the pod's volumes may clash with; empty for most. */
export function networkDisksOf(pod: Pod): readonly Volume[] {
  return (pod.spec?.volumes ?? []).filter(
    ({ gcePersistentDisk: gce, awsElasticBlockStore: aws, iscsi, rbd }) =>
      gce !== undefined || aws !== undefined || iscsi !== undefined || rbd !== undefined,
  );
}

export function clashes(one: Volume, other: Volume): boolean {
  if (one.awsElasticBlockStore !== undefined) {
    return one.awsElasticBlockStore.volumeID === other.awsElasticBlockStore?.volumeID;
  }
  return isSameDisk(one, other) && !(readsOnly(one) && readsOnly(other));
}

function isSameDisk(one: Volume, other: Volume): boolean {
  if (one.gcePersistentDisk !== undefined) return one.gcePersistentDisk.pdName === other.gcePersistentDisk?.pdName;
  if (one.iscsi !== undefined) return one.iscsi.iqn === other.iscsi?.iqn;
  if (one.rbd === undefined || other.rbd === undefined) return false;
  const monitors = new Set(other.rbd.monitors);
  return (
    one.rbd.monitors.some((monitor) => monitors.has(monitor)) &&
    (one.rbd.pool ?? 'rbd') === (other.rbd.pool ?? 'rbd') &&
    one.rbd.image === other.rbd.image
  );
}

function readsOnly({ gcePersistentDisk, iscsi, rbd }: Volume): boolean {
  return (gcePersistentDisk ?? iscsi ?? rbd)?.readOnly === true;
}
