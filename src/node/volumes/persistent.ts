/** Volumes that outlive pods: claims, local disks, NFS. */
import { mkdir, stat } from 'node:fs/promises';
import { PersistentVolumeClaim } from '../../api/core/persistent-volume-claim.ts';
import { PersistentVolume } from '../../api/core/persistent-volume.ts';
import type { Pod } from '../../api/core/pod.ts';
import type { Volume } from '../../api/core/volume.ts';
import { isNotFound, type ClientReader } from '../../client/client.ts';
import { ephemeralHandle, type CsiSource, type CsiVolumes } from '../csi/volumes.ts';
import { checkHostPath } from '../container/mounts.ts';
import { namespaceOf } from '../pod/names.ts';
import type { KernelFileSystems } from './kernel.ts';
import { giveToGroup } from './ownership.ts';
import type { Mounter } from './mounter.ts';
import { VolumeError, type PreparedVolume } from './volume.ts';

export interface PersistentVolumes {
  /** `folder` is where it is mounted when it needs a mount. Throws VolumeError. */
  prepare(pod: Pod, volume: Volume, folder: string): Promise<PreparedVolume>;
  /** Before the pod's mounts go. */
  tearDown(uid: string): Promise<void>;
}

export interface PersistentOptions {
  readonly client: ClientReader;
  readonly mounter: Mounter;
  readonly kernel: KernelFileSystems;
  readonly csi: Pick<CsiVolumes, 'publish' | 'tearDown'>;
}

interface Source {
  readonly name: string;
  readonly readonly: boolean;
  readonly block: boolean;
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
    async prepare(pod, volume, folder) {
      const source = await sourceOf(options.client, pod, volume);
      return prepareSource(options, pod, source, folder);
    },
    tearDown: (uid) => options.csi.tearDown(uid),
  };
}

async function sourceOf(client: ClientReader, pod: Pod, volume: Volume): Promise<Source> {
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
  const request = client.get(PersistentVolumeClaim, { namespace, name: claimName });
  const claim = await found(request, `persistentvolumeclaim "${claimName}" not found`);
  if (owner !== undefined) checkOwner(claim, pod, owner);
  const { volumeName = '', accessModes = [] } = claim.spec ?? {};
  if (claim.status?.phase !== 'Bound' || volumeName === '') {
    throw new VolumeError(`PVC ${namespace}/${claimName} is not bound`);
  }
  const volume = client.get(PersistentVolume, { name: volumeName });
  const { spec = {} } = await found(volume, `persistentvolume "${volumeName}" not found`);
  const onlyRead = accessModes.length > 0 && accessModes.every((mode) => mode === 'ReadOnlyMany');
  return volumeSource(name, spec, readonly || onlyRead, accessModes);
}

/** A generic ephemeral volume's claim belongs to its pod; one that only has its name does not. */
function checkOwner({ metadata }: PersistentVolumeClaim, pod: Pod, owner: string): void {
  if ((metadata.ownerReferences ?? []).some((each) => each.uid === owner)) return;
  const claim = `${namespaceOf(pod)}/${metadata.name}`;
  throw new VolumeError(`PVC ${claim} was not created for pod ${pod.metadata.name} (pod is not owner)`);
}

type VolumeSpec = NonNullable<PersistentVolume['spec']>;
const otherKinds = ['iscsi', 'rbd', 'cephfs', 'fc'];

function volumeSource(name: string, spec: VolumeSpec, readonly: boolean, accessModes: readonly string[]): Source {
  const { hostPath, local, nfs, csi, mountOptions = [] } = spec;
  return {
    name,
    readonly,
    block: spec.volumeMode === 'Block',
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
  };
}

async function found<T>(request: Promise<T>, complaint: string): Promise<T> {
  try {
    return await request;
  } catch (error) {
    if (isNotFound(error)) throw new VolumeError(complaint);
    throw error;
  }
}

async function prepareSource(
  options: PersistentOptions,
  pod: Pod,
  source: Source,
  folder: string,
): Promise<PreparedVolume> {
  const { name, readonly } = source;
  if (source.csi !== undefined) return prepareCsi(options, pod, source, source.csi);
  if (source.nfs !== undefined) return prepareNfs(options, source, source.nfs, folder);
  const place = source.local ?? source.hostPath;
  if (place === undefined) {
    throw new VolumeError(`volumes of type ${source.other} are not supported by this node`);
  }
  // A missing hostPath of no type is made by the runtime, in a pod or in a PersistentVolume.
  if (source.hostPath !== undefined) await checkHostPath(place.path, source.hostPath.type ?? '');
  else if (await mountLocal(options, source, place.path, folder)) return { name, path: folder, readonly, mode: 0o750 };
  else if (!source.block) await giveLocalToGroup(pod, place.path, readonly);
  return { name, path: place.path, readonly, mode: 0o750 };
}

async function prepareCsi(
  options: PersistentOptions,
  pod: Pod,
  { name, block }: Source,
  csi: CsiSource,
): Promise<PreparedVolume> {
  if (block) throw new VolumeError(`driver ${csi.driver}: volumes of mode Block are not supported by this node`);
  const { path, ownership } = await options.csi.publish(pod, name, csi);
  if (ownership) await giveLocalToGroup(pod, path, csi.readonly);
  return { name, path, readonly: csi.readonly, mode: 0o750 };
}

/** Mounts a local volume that is a device at `folder`; false when it is a folder itself. Throws when it is missing. */
async function mountLocal(options: PersistentOptions, source: Source, path: string, folder: string): Promise<boolean> {
  const present = await stat(path).catch(() => undefined);
  if (present === undefined) throw new VolumeError(`path "${path}" does not exist`);
  if (!present.isBlockDevice() || source.block) return false;
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
