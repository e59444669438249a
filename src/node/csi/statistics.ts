/** How full the volumes of CSI drivers are. */
import type { VolumeUse } from '../volumes/statistics.ts';
import { callDriver } from './call.ts';
import type { CsiDriver } from './drivers.ts';
import { capability, StatsRequest, usageUnit, VolumeStats } from './messages.ts';

/** Undefined when the driver does not count. Throws CsiCallError. */
export async function csiVolumeUse(
  driver: CsiDriver,
  volumeId: string,
  volumePath: string,
): Promise<VolumeUse | undefined> {
  if (!driver.capabilities.has(capability.volumeStats)) return undefined;
  const { usage } = await callDriver(driver, 'NodeGetVolumeStats', [StatsRequest, VolumeStats], {
    volumeId,
    volumePath,
  });
  const bytes = usage.find(({ unit }) => unit === usageUnit.bytes);
  const inodes = usage.find(({ unit }) => unit === usageUnit.inodes);
  return {
    capacityBytes: bytes?.total ?? 0,
    availableBytes: bytes?.available ?? 0,
    usedBytes: bytes?.used ?? 0,
    inodes: inodes?.total ?? 0,
    inodesFree: inodes?.available ?? 0,
    inodesUsed: inodes?.used ?? 0,
  };
}
