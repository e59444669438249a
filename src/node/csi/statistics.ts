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
  const nothing = { total: 0, available: 0, used: 0 };
  const bytes = usage.find(({ unit }) => unit === usageUnit.bytes) ?? nothing;
  const inodes = usage.find(({ unit }) => unit === usageUnit.inodes) ?? nothing;
  return {
    capacityBytes: bytes.total,
    availableBytes: bytes.available,
    usedBytes: bytes.used,
    inodes: inodes.total,
    inodesFree: inodes.available,
    inodesUsed: inodes.used,
  };
}
