/** Volumes that outlive pods: claims, local disks, NFS. */
import { mkdir, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { Node } from '../../api/core/node.ts';
import { nodeSelectorMatcher } from '../../api/core/placement.ts';
import type { Pod } from '../../api/core/pod.ts';
import type { Volume } from '../../api/core/volume.ts';
import type { ClientReader } from '../../client/client.ts';
import type { Attachments } from '../csi/attachments.ts';
import type { CsiBlocks } from '../csi/blocks.ts';
import type { Claimed, CsiSource, CsiVolumes } from '../csi/volumes.ts';
import { checkHostPath } from '../container/mounts.ts';
import { containersOf } from '../pod/names.ts';
import type { MappedDevice } from './block-maps.ts';
import { claimedBy } from './claimed.ts';
import type { ExclusiveVolumes } from './exclusive.ts';
import type { KernelFileSystems } from './kernel.ts';
import type { LocalBlocks } from './local-blocks.ts';
import type { LocalDisks } from './local-disks.ts';
import { giveToGroup } from './ownership.ts';
import type { Mounter } from './mounter.ts';
import { sourceOf, type Source } from './source.ts';
import { during, UnprocessedVolumeError, VolumeError, type PreparedVolume } from './volume.ts';

export interface PersistentVolumes {
  /** `folder` is where it is mounted when it needs a mount. Throws VolumeError. */
  prepare(pod: Pod, volume: Volume, folder: string, signal: AbortSignal): Promise<PreparedVolume>;
  /** Before the pod's mounts go. */
  tearDown(uid: string): Promise<void>;
}

export interface PersistentOptions {
  readonly client: ClientReader;
  readonly nodeName: string;
  readonly mounter: Mounter;
  readonly kernel: KernelFileSystems;
  readonly csi: Pick<CsiVolumes, 'publish' | 'tearDown'>;
  readonly csiBlocks: Pick<CsiBlocks, 'publish' | 'tearDown'>;
  readonly localBlocks: Pick<LocalBlocks, 'prepare' | 'tearDown'>;
  readonly attachments: Pick<Attachments, 'release'>;
  readonly localDisks: Pick<LocalDisks, 'mount'>;
  readonly exclusive: Pick<ExclusiveVolumes, 'take'>;
  /** A device has been mapped for the pod; for its events. */
  readonly mapped: (pod: Pod, message: string) => void;
}

export function persistentVolumes(options: PersistentOptions): PersistentVolumes {
  return {
    async prepare(pod, volume, folder, signal) {
      const source = await sourceOf(options.client, pod, volume);
      checkMode(pod, source);
      await checkReach(options, pod, source);
      const { block, volumeName } = source;
      return during(block ? 'MapVolume.SetUpDevice failed' : 'MountVolume.SetUp failed', volumeName, async () => {
        if (volumeName !== undefined && source.exclusive) await options.exclusive.take(pod.metadata.uid, volumeName);
        const claimed = claimedBy(options.client, pod, volume);
        if (block) return prepareBlock(options, pod, source, signal, claimed);
        if (source.csi !== undefined) return prepareCsi(options, pod, source, source.csi, signal, claimed);
        return prepareSource(options, pod, source, folder);
      });
    },
    async tearDown(uid) {
      // Side by side: a driver that does not answer keeps nobody else's volumes.
      const all = [options.localBlocks.tearDown(uid), options.csiBlocks.tearDown(uid), options.csi.tearDown(uid)];
      for (const outcome of await Promise.allSettled(all)) if (outcome.status === 'rejected') throw outcome.reason;
      options.attachments.release(uid);
    },
  };
}

/** Throws when a container wants a file system and the volume is a device, or the other way round. */
function checkMode(pod: Pod, { name, block, volumeName }: Source): void {
  if (volumeName === undefined) return;
  const field = block ? 'volumeMounts' : 'volumeDevices';
  const containers = containersOf(pod).map(({ spec }) => spec);
  if (!containers.some((container) => container[field]?.some((each) => each.name === name))) return;
  const mode = block ? 'Block' : 'Filesystem';
  throw new UnprocessedVolumeError(`volume ${name} has volumeMode ${mode}, but is specified in ${field}`);
}

/** Pods that name their node never met the scheduler. Throws when the node cannot reach the volume. */
async function checkReach(
  { client, nodeName }: PersistentOptions,
  pod: Pod,
  { reach, block, volumeName }: Source,
): Promise<void> {
  // A pod that has begun keeps its volumes, whatever becomes of the node's labels.
  if (reach === undefined || pod.status?.phase === 'Running') return;
  await during(`${block ? 'Map' : 'Mount'}Volume.NodeAffinity check failed`, volumeName, async () => {
    const { metadata } = await client.get(Node, { name: nodeName });
    if (nodeSelectorMatcher(reach)({ name: nodeName, labels: metadata.labels ?? {} })) return;
    throw new VolumeError('no matching NodeSelectorTerms');
  });
}

async function prepareSource(
  options: PersistentOptions,
  pod: Pod,
  source: Source,
  folder: string,
): Promise<PreparedVolume> {
  const { name, readonly } = source;
  if (source.nfs !== undefined) return prepareNfs(options, source, source.nfs, folder);
  const place = source.local ?? source.hostPath;
  if (place === undefined) {
    throw new VolumeError(`volumes of type ${source.other} are not supported by this node`);
  }
  // A missing hostPath of no type is made by the runtime, in a pod or in a PersistentVolume.
  if (source.hostPath === undefined) {
    return { name, path: await prepareLocal(options, pod, source, place.path, folder), readonly, mode: 0o750 };
  }
  await checkHostPath(place.path, source.hostPath.type ?? '');
  return { name, path: place.path, readonly, mode: 0o750 };
}

async function prepareBlock(
  options: PersistentOptions,
  pod: Pod,
  source: Source,
  signal: AbortSignal,
  claimed: Claimed | undefined,
): Promise<PreparedVolume> {
  const { name, volumeName = '' } = source;
  const { link, folder, fresh } = await mapDevice(options, pod, volumeName, source, signal, claimed);
  if (fresh) {
    const succeeded = `MapVolume.MapPodDevice succeeded for volume ${JSON.stringify(volumeName)}`;
    options.mapped(pod, `${succeeded} globalMapPath ${JSON.stringify(folder)}`);
    options.mapped(pod, `${succeeded} volumeMapPath ${JSON.stringify(dirname(link))}`);
  }
  return { name, path: link, readonly: source.csi?.readonly ?? source.readonly, mode: 0o750, block: true };
}

async function mapDevice(
  { csiBlocks, localBlocks }: PersistentOptions,
  pod: Pod,
  volumeName: string,
  { csi, local, hostPath, other }: Source,
  signal: AbortSignal,
  claimed: Claimed | undefined,
): Promise<MappedDevice> {
  if (csi !== undefined) return csiBlocks.publish(pod, volumeName, csi, signal, claimed);
  if (local !== undefined) return localBlocks.prepare(pod.metadata.uid, volumeName, local.path);
  const kind = hostPath === undefined ? other : 'hostPath';
  throw new VolumeError(`volumes of type ${kind} cannot have volumeMode Block: use one of type local or csi`, {
    operation: 'MapVolume.FindMapperPluginBySpec failed',
  });
}

async function prepareCsi(
  options: PersistentOptions,
  pod: Pod,
  { name }: Source,
  csi: CsiSource,
  signal: AbortSignal,
  claimed: Claimed | undefined,
): Promise<PreparedVolume> {
  const { path, ownership } = await options.csi.publish(pod, name, csi, signal, claimed);
  if (ownership) await giveLocalToGroup(pod, path, csi.readonly);
  return { name, path, readonly: csi.readonly, mode: 0o750 };
}

/** Resolves to what containers mount: a folder itself, or where the device is mounted. Throws when it is missing. */
async function prepareLocal(
  { localDisks }: PersistentOptions,
  pod: Pod,
  { local, mountOptions, readonly }: Source,
  path: string,
  folder: string,
): Promise<string> {
  const present = await stat(path).catch(() => undefined);
  if (present === undefined) throw new VolumeError(`path "${path}" does not exist`);
  const isDevice = present.isBlockDevice();
  if (!isDevice && !present.isDirectory()) throw new VolumeError('only directory and block device are supported');
  if (isDevice)
    await localDisks.mount({ path, type: local?.fsType || 'ext4', options: mountOptions, readonly }, folder);
  const own = isDevice ? folder : path;
  await giveLocalToGroup(pod, own, readonly);
  return own;
}

async function giveLocalToGroup(pod: Pod, path: string, readonly: boolean): Promise<void> {
  const { fsGroup, fsGroupChangePolicy } = pod.spec?.securityContext ?? {};
  if (fsGroup === undefined) return;
  await giveToGroup(path, fsGroup, readonly, fsGroupChangePolicy ?? 'Always');
}

async function prepareNfs(
  options: PersistentOptions,
  source: Source,
  nfs: NonNullable<Source['nfs']>,
  folder: string,
): Promise<PreparedVolume> {
  if (!(await options.kernel.canMount('nfs'))) {
    throw new VolumeError(
      `cannot mount ${nfs.server}:${nfs.path}: this node's kernel has no NFS client (nfs is not in /proc/filesystems, ` +
        'and no module brings it); use another node',
    );
  }
  const readonly = source.readonly || nfs.readOnly === true;
  await mountOnce(options.mounter, folder, () =>
    options.mounter.mount(`${nfs.server}:${nfs.path}`, folder, 'nfs', [
      ...source.mountOptions,
      ...(readonly ? ['ro'] : []),
    ]),
  );
  return { name: source.name, path: folder, readonly, mode: 0o750 };
}

async function mountOnce(mounter: Mounter, folder: string, mount: () => Promise<void>): Promise<void> {
  // First of all: what is mounted is not looked into, since its server may be away.
  if ((await mounter.below(folder)).some((each) => each.path === folder)) return;
  await mkdir(folder, { recursive: true });
  await mount();
}
