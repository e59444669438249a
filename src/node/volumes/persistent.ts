/** Volumes that outlive pods: claims, local disks, NFS. */
import { mkdir, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { PersistentVolumeClaim } from '../../api/core/persistent-volume-claim.ts';
import { PersistentVolume } from '../../api/core/persistent-volume.ts';
import type { Pod } from '../../api/core/pod.ts';
import type { Volume } from '../../api/core/volume.ts';
import { messageOf } from '../../base/errors.ts';
import type { ClientReader } from '../../client/client.ts';
import type { CsiBlocks } from '../csi/blocks.ts';
import { ephemeralHandle, type Claimed, type CsiSource, type CsiVolumes } from '../csi/volumes.ts';
import { checkHostPath } from '../container/mounts.ts';
import { containersOf, namespaceOf } from '../pod/names.ts';
import type { MappedDevice } from './block-maps.ts';
import { claimedBy } from './claimed.ts';
import type { ExclusiveVolumes } from './exclusive.ts';
import type { KernelFileSystems } from './kernel.ts';
import type { LocalBlocks } from './local-blocks.ts';
import { giveToGroup } from './ownership.ts';
import type { Mounter } from './mounter.ts';
import { during, UnprocessedVolumeError, VolumeError, type PreparedVolume } from './volume.ts';

export interface PersistentVolumes {
  /** `folder` is where it is mounted when it needs a mount. Throws VolumeError. */
  prepare(pod: Pod, volume: Volume, folder: string, signal: AbortSignal): Promise<PreparedVolume>;
  /** Before the pod's mounts go. */
  tearDown(uid: string): Promise<void>;
}

export interface PersistentOptions {
  readonly client: ClientReader;
  readonly mounter: Mounter;
  readonly kernel: KernelFileSystems;
  readonly csi: Pick<CsiVolumes, 'publish' | 'tearDown'>;
  readonly csiBlocks: Pick<CsiBlocks, 'publish' | 'tearDown'>;
  readonly localBlocks: Pick<LocalBlocks, 'prepare' | 'tearDown'>;
  readonly exclusive: Pick<ExclusiveVolumes, 'take'>;
  /** A device has been mapped for the pod; for its events. */
  readonly mapped: (pod: Pod, message: string) => void;
}

export interface Source {
  readonly name: string;
  /** Of the PersistentVolume; a volume that the pod itself describes has none. */
  readonly volumeName?: string;
  readonly readonly: boolean;
  readonly block: boolean;
  /** One pod at a time. */
  readonly exclusive: boolean;
  readonly hostPath?: { readonly path: string; readonly type?: string };
  readonly local?: { readonly path: string; readonly fsType?: string };
  readonly nfs?: { readonly server: string; readonly path: string; readonly readOnly?: boolean };
  readonly mountOptions: readonly string[];
  readonly csi?: CsiSource;
  /** Names what it is when it is none of those. */
  readonly other: string;
}

export function persistentVolumes(options: PersistentOptions): PersistentVolumes {
  return {
    async prepare(pod, volume, folder, signal) {
      const source = await sourceOf(options.client, pod, volume);
      checkMode(pod, source);
      const { block, volumeName } = source;
      return during(block ? 'MapVolume.SetUpDevice failed' : 'MountVolume.SetUp failed', volumeName, async () => {
        if (volumeName !== undefined && source.exclusive) await options.exclusive.take(pod.metadata.uid, volumeName);
        if (block) return prepareBlock(options, pod, source, signal);
        if (source.csi !== undefined) {
          return prepareCsi(options, pod, source, source.csi, signal, claimedBy(options.client, pod, volume));
        }
        return prepareSource(options, pod, source, folder);
      });
    },
    async tearDown(uid) {
      await options.localBlocks.tearDown(uid);
      // Before those that are mounted: with them the node says that it uses nothing of the pod's any more.
      await options.csiBlocks.tearDown(uid);
      await options.csi.tearDown(uid);
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

/** What a volume of a pod is, as far as it outlives pods. Throws VolumeError. */
export async function sourceOf(client: ClientReader, pod: Pod, volume: Volume): Promise<Source> {
  if (volume.persistentVolumeClaim !== undefined) {
    const { claimName, readOnly } = volume.persistentVolumeClaim;
    return claimSource(client, pod, volume.name, claimName, readOnly === true);
  }
  if (volume.ephemeral !== undefined) {
    return claimSource(client, pod, volume.name, `${pod.metadata.name}-${volume.name}`, false, pod.metadata.uid);
  }
  const other = Object.keys(volume).find((key) => key !== 'name') ?? 'nothing';
  const { nfs, csi } = volume;
  return {
    name: volume.name,
    readonly: false,
    block: false,
    exclusive: false,
    mountOptions: [],
    other,
    ...(nfs === undefined ? {} : { nfs }),
    ...(csi === undefined ? {} : { csi: inlineSource(pod, volume.name, csi) }),
  };
}

function inlineSource(pod: Pod, name: string, csi: NonNullable<Volume['csi']>): CsiSource {
  const namespace = namespaceOf(pod);
  return {
    driver: csi.driver,
    volumeHandle: ephemeralHandle(pod, name),
    readonly: csi.readOnly === true,
    fsType: csi.fsType ?? '',
    accessModes: ['ReadWriteOnce'],
    mountOptions: [],
    attributes: csi.volumeAttributes ?? {},
    ephemeral: true,
    ...(csi.nodePublishSecretRef === undefined ? {} : { publishSecret: { ...csi.nodePublishSecretRef, namespace } }),
  };
}

async function claimSource(
  client: ClientReader,
  pod: Pod,
  name: string,
  claimName: string,
  readonly: boolean,
  owner?: string,
): Promise<Source> {
  const namespace = namespaceOf(pod);
  try {
    const request = client.get(PersistentVolumeClaim, { namespace, name: claimName });
    const claim = await found(request, 'failed to fetch PVC from API server');
    if (owner !== undefined) checkOwner(claim, pod, owner);
    const volumeName = boundVolumeOf(claim, pod);
    const volume = client.get(PersistentVolume, { name: volumeName });
    const { spec = {} } = await found(volume, `failed to fetch PV ${volumeName} from API server`);
    checkClaim(volumeName, spec, claim);
    const { accessModes = [] } = claim.spec ?? {};
    const onlyRead = accessModes.length > 0 && accessModes.every((mode) => mode === 'ReadOnlyMany');
    return volumeSource(name, volumeName, spec, readonly || onlyRead);
  } catch (error) {
    if (!(error instanceof VolumeError) || error instanceof UnprocessedVolumeError) throw error;
    throw new UnprocessedVolumeError(`error processing PVC ${namespace}/${claimName}: ${error.message}`, {
      cause: error,
    });
  }
}

function boundVolumeOf({ metadata, spec, status }: PersistentVolumeClaim, pod: Pod): string {
  // A pod that has begun keeps its claim: containers of it start anew.
  if (metadata.deletionTimestamp !== undefined && pod.status?.phase !== 'Running')
    throw new VolumeError('PVC is being deleted');
  if (status?.phase !== 'Bound') throw new VolumeError('PVC is not bound');
  if ((spec?.volumeName ?? '') === '') throw new VolumeError('PVC has empty pvc.Spec.VolumeName');
  return spec?.volumeName ?? '';
}

/** A volume that is bound to another claim is another's. */
function checkClaim(name: string, { claimRef }: VolumeSpec, { metadata }: PersistentVolumeClaim): void {
  if (claimRef === undefined) {
    throw new VolumeError(
      `found PV object ${name} but it has a nil pv.Spec.ClaimRef indicating it is not yet bound to the claim`,
    );
  }
  if (claimRef.uid === metadata.uid) return;
  throw new VolumeError(
    `found PV object ${name} but its pv.Spec.ClaimRef.UID ${claimRef.uid ?? ''} does not point to claim.UID ${metadata.uid}`,
  );
}

/** A generic ephemeral volume's claim belongs to its pod; one that only has its name does not. */
function checkOwner({ metadata }: PersistentVolumeClaim, pod: Pod, owner: string): void {
  if ((metadata.ownerReferences ?? []).some((each) => each.uid === owner)) return;
  const namespace = namespaceOf(pod);
  throw new UnprocessedVolumeError(
    `PVC ${namespace}/${metadata.name} was not created for pod ${namespace}/${pod.metadata.name} (pod is not owner)`,
  );
}

type VolumeSpec = NonNullable<PersistentVolume['spec']>;
const otherKinds = ['iscsi', 'rbd', 'cephfs', 'fc'];

function volumeSource(name: string, volumeName: string, spec: VolumeSpec, readonly: boolean): Source {
  const { hostPath, local, nfs, csi, mountOptions = [], accessModes = [] } = spec;
  return {
    name,
    volumeName,
    readonly,
    block: spec.volumeMode === 'Block',
    // Of several modes it is not known which one the pod means.
    exclusive: accessModes.length === 1 && accessModes[0] === 'ReadWriteOncePod',
    mountOptions,
    other: otherKinds.find((key) => key in spec) ?? 'its source',
    ...(hostPath && { hostPath }),
    ...(local && { local }),
    ...(nfs && { nfs }),
    ...(csi && { csi: persistentSource(csi, readonly, mountOptions, accessModes) }),
  };
}

function persistentSource(
  csi: NonNullable<VolumeSpec['csi']>,
  readonly: boolean,
  mountOptions: readonly string[],
  accessModes: readonly string[],
): CsiSource {
  const { driver, volumeHandle, fsType = '', volumeAttributes = {} } = csi;
  return {
    driver,
    volumeHandle,
    readonly: readonly || csi.readOnly === true,
    fsType,
    accessModes,
    mountOptions,
    attributes: volumeAttributes,
    ephemeral: false,
    ...(csi.nodeStageSecretRef === undefined ? {} : { stageSecret: csi.nodeStageSecretRef }),
    ...(csi.nodePublishSecretRef === undefined ? {} : { publishSecret: csi.nodePublishSecretRef }),
    ...(csi.nodeExpandSecretRef === undefined ? {} : { expandSecret: csi.nodeExpandSecretRef }),
  };
}

async function found<T>(request: Promise<T>, complaint: string): Promise<T> {
  try {
    return await request;
  } catch (error) {
    throw new VolumeError(`${complaint}: ${messageOf(error)}`, { cause: error });
  }
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
  if (source.hostPath !== undefined) await checkHostPath(place.path, source.hostPath.type ?? '');
  else if (await mountLocal(options, source, place.path, folder)) return { name, path: folder, readonly, mode: 0o750 };
  else await giveLocalToGroup(pod, place.path, readonly);
  return { name, path: place.path, readonly, mode: 0o750 };
}

async function prepareBlock(
  options: PersistentOptions,
  pod: Pod,
  source: Source,
  signal: AbortSignal,
): Promise<PreparedVolume> {
  const { name, volumeName = '' } = source;
  const { link, folder, fresh } = await mapDevice(options, pod.metadata.uid, volumeName, source, signal);
  if (fresh) {
    const succeeded = `MapVolume.MapPodDevice succeeded for volume ${JSON.stringify(volumeName)}`;
    options.mapped(pod, `${succeeded} globalMapPath ${JSON.stringify(folder)}`);
    options.mapped(pod, `${succeeded} volumeMapPath ${JSON.stringify(dirname(link))}`);
  }
  return { name, path: link, readonly: source.csi?.readonly ?? source.readonly, mode: 0o750, block: true };
}

async function mapDevice(
  { csiBlocks, localBlocks }: PersistentOptions,
  uid: string,
  volumeName: string,
  { csi, local, hostPath, other }: Source,
  signal: AbortSignal,
): Promise<MappedDevice> {
  if (csi !== undefined) return csiBlocks.publish(uid, volumeName, csi, signal);
  if (local !== undefined) return localBlocks.prepare(uid, volumeName, local.path);
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

/** Mounts a local volume that is a device at `folder`; false when it is a folder itself. Throws when it is missing. */
async function mountLocal(options: PersistentOptions, source: Source, path: string, folder: string): Promise<boolean> {
  const present = await stat(path).catch(() => undefined);
  if (present === undefined) throw new VolumeError(`path "${path}" does not exist`);
  if (!present.isBlockDevice()) return false;
  await mountOnce(options.mounter, folder, async () => {
    await options.mounter.mount(path, folder, source.local?.fsType ?? 'ext4', source.mountOptions);
  });
  return true;
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
