/** What there is to do now and then for volumes that running pods have. */
import type { Pod } from '../../api/core/pod.ts';
import type { Volume } from '../../api/core/volume.ts';
import type { ClientReader } from '../../client/client.ts';
import type { CsiBlocks } from '../csi/blocks.ts';
import type { Claimed, CsiSource, CsiVolumes } from '../csi/volumes.ts';
import { claimedBy } from './claimed.ts';
import { sourceOf } from './source.ts';
import { during } from './volume.ts';

export interface Chore {
  /** Of the event that tells of its failure. */
  readonly reason: 'FailedMount' | 'VolumeResizeFailed';
  /** Throws VolumeError. */
  readonly run: (signal: AbortSignal) => Promise<void>;
}

export interface ChoresOptions {
  readonly client: ClientReader;
  readonly csi: Pick<CsiVolumes, 'republish' | 'grow'>;
  readonly csiBlocks: Pick<CsiBlocks, 'grow'>;
}

/** Whether a volume can be one that there is something to do for, as far as the pod says. */
export const mayHaveChores = ({ csi, persistentVolumeClaim, ephemeral }: Volume): boolean =>
  csi !== undefined || persistentVolumeClaim !== undefined || ephemeral !== undefined;

/** None for volumes that are not of a driver: they never have any. Throws VolumeError. */
export async function choresOf(
  { client, csi, csiBlocks }: ChoresOptions,
  pod: Pod,
  volume: Volume,
): Promise<readonly Chore[]> {
  const { csi: source, block, name, volumeName } = await sourceOf(client, pod, volume);
  if (source === undefined) return [];
  const claimed = claimedBy(client, pod, volume);
  if (block) return deviceChores(csiBlocks, pod, volumeName, source, claimed);
  const republish: Chore = {
    reason: 'FailedMount',
    run: (signal) => during('MountVolume.SetUp failed', volumeName, () => csi.republish(pod, name, source, signal)),
  };
  if (claimed === undefined) return [republish];
  const grow: Chore = {
    reason: 'VolumeResizeFailed',
    run: (signal) => csi.grow(pod, name, source, claimed, signal),
  };
  return [republish, grow];
}

/** Devices are not published anew: their drivers hear nothing of the pod that could become old. */
function deviceChores(
  csiBlocks: ChoresOptions['csiBlocks'],
  pod: Pod,
  volumeName: string | undefined,
  source: CsiSource,
  claimed: Claimed | undefined,
): readonly Chore[] {
  if (claimed === undefined || volumeName === undefined) return [];
  return [{ reason: 'VolumeResizeFailed', run: (signal) => csiBlocks.grow(pod, volumeName, source, claimed, signal) }];
}
