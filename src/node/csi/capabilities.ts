/** How a volume of a CSI driver is to be used: what the agent tells the driver, and what it does itself. */
import type { CSIDriver } from '../../api/storage/csi-driver.ts';
import type { CsiDriver } from './drivers.ts';
import { accessMode, capability, type VolumeCapability } from './messages.ts';
import type { CsiSource } from './volumes.ts';

type Able = Pick<CsiDriver, 'capabilities'>;

/** Of a volume with a file system. The driver gives it to `fsGroup` when it can. */
export function mountCapability(driver: Able, source: CsiSource, fsGroup: number | undefined): VolumeCapability {
  const group = fsGroup !== undefined && driver.capabilities.has(capability.mountGroup) ? `${fsGroup}` : '';
  return {
    mount: {
      ...(source.fsType === '' ? {} : { fsType: source.fsType }),
      mountFlags: source.mountOptions,
      ...(group === '' ? {} : { volumeMountGroup: group }),
    },
    accessMode: { mode: modeOf(driver, source) },
  };
}

/** Of a volume that is a device. */
export function blockCapability(driver: Able, source: CsiSource): VolumeCapability {
  return { block: {}, accessMode: { mode: modeOf(driver, source) } };
}

const modes: Readonly<Record<string, number>> = {
  ReadWriteOnce: accessMode.singleNodeWriter,
  ReadWriteOncePod: accessMode.singleNodeWriter,
  ReadOnlyMany: accessMode.multiNodeReader,
  ReadWriteMany: accessMode.multiNodeMultiWriter,
};
/** Of drivers that tell one writer on a node from several. */
const finerModes: typeof modes = {
  ...modes,
  ReadWriteOnce: accessMode.singleNodeMultiWriter,
  ReadWriteOncePod: accessMode.singleNodeSingleWriter,
};

/** Of several modes that a PersistentVolume offers, the first one is taken, as upstream does. */
function modeOf({ capabilities }: Able, { accessModes: [first = 'ReadWriteOnce'] }: CsiSource): number {
  const known = capabilities.has(capability.singleNodeMultiWriter) ? finerModes : modes;
  return known[first] ?? accessMode.unknown;
}

/** Whether fsGroup is for the agent to apply. */
export function changesOwnership(driver: Able, source: CsiSource, installed: CSIDriver | undefined): boolean {
  if (source.readonly || driver.capabilities.has(capability.mountGroup)) return false;
  const policy = installed?.spec.fsGroupPolicy ?? 'ReadWriteOnceWithFSType';
  if (policy !== 'ReadWriteOnceWithFSType') return policy === 'File';
  return source.fsType !== '' && source.accessModes.some((mode) => mode.startsWith('ReadWriteOnce'));
}
