/** Counts what is in a volume, in the way of its kind. */
import type { Pod } from '../../api/core/pod.ts';
import type { Volume } from '../../api/core/volume.ts';
import type { ClientReader } from '../../client/client.ts';
import type { CsiVolumes } from '../csi/volumes.ts';
import type { Mounter } from './mounter.ts';
import { isConfiguration } from './payload.ts';
import { sourceOf, type Source } from './source.ts';
import { fileSystemStatistics, folderStatistics, remoteStatistics, type VolumeUse } from './statistics.ts';

export interface MeasureOptions {
  readonly client: ClientReader;
  readonly csi: Pick<CsiVolumes, 'use'>;
  readonly mounter: Pick<Mounter, 'below'>;
  /** Where the pod's volume is, or is mounted. */
  readonly folder: (pod: Pod, volume: Volume) => string;
}

/** Undefined for what is the node's own or another pod's just as much, and for drivers that do not count. */
export async function measure(options: MeasureOptions, pod: Pod, volume: Volume): Promise<VolumeUse | undefined> {
  const folder = options.folder(pod, volume);
  if (volume.emptyDir !== undefined || isConfiguration(volume)) return folderStatistics(folder);
  if (volume.hostPath !== undefined || volume.image !== undefined) return undefined;
  const counted = await options.csi.use(pod.metadata.uid, volume.name);
  if (counted !== undefined) return counted;
  return measureSource(options, await sourceOf(options.client, pod, volume), folder);
}

async function measureSource(
  { mounter }: Pick<MeasureOptions, 'mounter'>,
  { local, nfs, block }: Source,
  folder: string,
): Promise<VolumeUse | undefined> {
  if (block || (local === undefined && nfs === undefined)) return undefined;
  const mounted = (await mounter.below(folder)).some((each) => each.path === folder);
  if (nfs !== undefined) return mounted ? remoteStatistics(folder) : undefined;
  return fileSystemStatistics(mounted ? folder : (local?.path ?? folder));
}
