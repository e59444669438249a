/**
 * Volumes of CSI drivers that are devices. Staged once on the node, published and mapped once for each pod. Of a
 * PersistentVolume `pv` lies below `plugins/kubernetes.io/csi/volumeDevices`, as upstream has it:
 *
 *     pv/data/vol_data.json   what tear-down needs to know
 *     pv/dev/UID              the device, for each pod that has it or may have it (block-maps.ts)
 *     staging/pv              for the driver to stage it at
 *     publish/pv/UID          where the driver puts the device
 */
import { mkdir, readdir, readFile, rm, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Pod } from '../../api/core/pod.ts';
import { writeFileDurably } from '../../base/file.ts';
import { KeyedLock } from '../../base/keyed-lock.ts';
import type { ClientReader } from '../../client/client.ts';
import { wholeValue } from '../../schema/quantity.ts';
import type { BlockMap, BlockMaps, MappedDevice } from '../volumes/block-maps.ts';
import type { Mounter } from '../volumes/mounter.ts';
import { during } from '../volumes/volume.ts';
import type { AttachableVolume, Attachments } from './attachments.ts';
import { callDriver } from './call.ts';
import { blockCapability } from './capabilities.ts';
import type { CsiDriver } from './drivers.ts';
import type { Expansion, Growth } from './expansion.ts';
import { driverNamed, installedDriver, isAttached, secretData, type RegisteredDrivers } from './lookups.ts';
import {
  capability,
  Empty,
  ExpandRequest,
  PublishRequest,
  StageRequest,
  UnpublishRequest,
  UnstageRequest,
} from './messages.ts';
import { ifAbsent, keyOf } from './records.ts';
import type { Claimed, CsiSource } from './volumes.ts';

export interface CsiBlocksOptions extends RegisteredDrivers {
  readonly client: ClientReader;
  readonly mounter: Pick<Mounter, 'below' | 'unmount'>;
  readonly maps: BlockMaps;
  readonly attachments: Pick<Attachments, 'attached'>;
  readonly expansion: Pick<Expansion, 'afterMount' | 'inUse' | 'forget'>;
}

/** What is on disk of a volume. */
interface VolumeRecord {
  readonly driver: string;
  readonly volumeHandle: string;
  /** It was attached to the node for this. */
  readonly attached: boolean;
}

/** A pod's use of a volume. */
interface Use {
  readonly pod: Pod;
  /** Of the PersistentVolume. */
  readonly name: string;
  readonly driver: CsiDriver;
  readonly source: CsiSource;
}

type Strings = Readonly<Record<string, string>>;

const plugin = 'kubernetes.io~csi';

export class CsiBlocks {
  readonly #options: CsiBlocksOptions;
  /** By PersistentVolume: who else has it must not change between being looked at and being acted upon. */
  readonly #lock = new KeyedLock();
  /** Volumes that this process has staged. What an earlier one staged is staged again: it may not have got far. */
  readonly #staged = new Set<string>();

  constructor(options: CsiBlocksOptions) {
    this.#options = options;
  }

  /** `name`: of the PersistentVolume. Throws VolumeError. */
  async publish(
    pod: Pod,
    name: string,
    source: CsiSource,
    signal: AbortSignal,
    claimed?: Claimed,
  ): Promise<MappedDevice> {
    const { maps } = this.#options;
    const map = this.#mapOf(pod.metadata.uid, name);
    if (await maps.isMapped(map)) return { ...map, fresh: false };
    return during('MapVolume.SetUpDevice failed', undefined, async () => {
      const driver = driverNamed(this.#options, source.driver);
      const { attached, publishContext } = await this.#attached(pod, source, signal);
      return this.#lock.run(name, async () => {
        signal.throwIfAborted();
        // By another volume of the pod with the same claim, meanwhile.
        if (await maps.isMapped(map)) return { ...map, fresh: false };
        await this.#begin(map, name, { driver: source.driver, volumeHandle: source.volumeHandle, attached });
        const use = { pod, name, driver, source };
        await this.#stage(use, publishContext);
        await this.#publish(use, publishContext);
        await maps.map(this.#target(use), map);
        if (claimed !== undefined) await this.#growMapped(use, claimed);
        return { ...map, fresh: true };
      });
    });
  }

  /** Tells the driver of a running pod's volume that has become larger. Throws VolumeError. */
  async grow(pod: Pod, name: string, source: CsiSource, claimed: Claimed, signal: AbortSignal): Promise<void> {
    const driver = this.#options.driver(source.driver);
    if (driver === undefined || !driver.capabilities.has(capability.expand)) return;
    if (!(await this.#options.maps.isMapped(this.#mapOf(pod.metadata.uid, name)))) return;
    await this.#lock.run(name, async () => {
      signal.throwIfAborted();
      await during('NodeExpandVolume.NodeExpandVolume failed', name, async () => {
        await this.#options.expansion.inUse(await this.#growth({ pod, name, driver, source }, claimed));
      });
    });
  }

  async #attached(
    { metadata: { uid } }: Pod,
    source: CsiSource,
    signal: AbortSignal,
  ): Promise<{ attached: boolean; publishContext: Strings }> {
    const { client, attachments } = this.#options;
    const attached = isAttached(source, await installedDriver(client, source));
    if (!attached) return { attached, publishContext: {} };
    const publishContext = await during('MapVolume.WaitForAttach failed', undefined, () =>
      attachments.attached(uid, source, signal),
    );
    return { attached, publishContext };
  }

  async #begin(map: BlockMap, name: string, record: VolumeRecord): Promise<void> {
    const data = join(this.#folder(name), 'data');
    await mkdir(data, { recursive: true, mode: 0o750 });
    writeFileDurably(join(data, recordFile), JSON.stringify(record));
    await this.#options.maps.begin(map);
  }

  async #stage(use: Use, publishContext: Strings): Promise<void> {
    const { name, driver, source } = use;
    if (!driver.capabilities.has(capability.stage) || this.#staged.has(name)) return;
    await mkdir(this.#staging(name), { recursive: true, mode: 0o750 });
    await callDriver(driver, 'NodeStageVolume', [StageRequest, Empty], {
      ...this.#common(use),
      publishContext,
      volumeContext: source.attributes,
      secrets: await secretData(this.#options.client, source.stageSecret, 'NodeStageSecretRef'),
    });
    this.#staged.add(name);
  }

  async #publish(use: Use, publishContext: Strings): Promise<void> {
    const { name, driver, source } = use;
    await during('MapVolume.MapPodDevice failed', undefined, async () => {
      await mkdir(this.#published(name), { recursive: true, mode: 0o750 });
      await callDriver(driver, 'NodePublishVolume', [PublishRequest, Empty], {
        ...this.#common(use),
        publishContext,
        volumeContext: source.attributes,
        targetPath: this.#target(use),
        readonly: source.readonly,
        secrets: await secretData(this.#options.client, source.publishSecret, 'NodePublishSecretRef'),
      });
    });
  }

  async #growMapped(use: Use, claimed: Claimed): Promise<void> {
    if (!use.driver.capabilities.has(capability.expand)) return;
    await during('MapVolume.MarkVolumeAsMounted failed while expanding volume', undefined, async () => {
      await this.#options.expansion.afterMount(await this.#growth(use, claimed));
    });
  }

  async #growth(use: Use, claimed: Claimed): Promise<Growth> {
    const { pod, driver, source } = use;
    return {
      ...(await claimed.load()),
      pod,
      readonly: claimed.readonly,
      key: keyOf(source),
      call: async (size) => {
        await callDriver(driver, 'NodeExpandVolume', [ExpandRequest, Empty], {
          ...this.#common(use),
          volumePath: this.#target(use),
          capacityRange: { requiredBytes: wholeValue(size) },
          secrets: await secretData(this.#options.client, source.expandSecret, 'NodeExpandSecretRef'),
        });
      },
    };
  }

  /** What every request says of the volume. */
  #common({ name, driver, source }: Use) {
    return {
      volumeId: source.volumeHandle,
      volumeCapability: blockCapability(driver, source),
      ...(driver.capabilities.has(capability.stage) ? { stagingTargetPath: this.#staging(name) } : {}),
    };
  }

  /** Gives back all of a pod's devices, and those of them that no other pod of this node has. */
  async tearDown(uid: string): Promise<void> {
    for (const name of await namesIn(this.#root())) {
      await this.#lock.run(name, async () => {
        const record = await this.#recordOf(name);
        if (record === undefined || !(await this.#usersOf(name)).includes(uid)) return;
        await this.#giveBack(this.#mapOf(uid, name), name, record);
      });
    }
  }

  async #giveBack(
    map: BlockMap,
    name: string,
    { driver: driverName, volumeHandle: volumeId }: VolumeRecord,
  ): Promise<void> {
    const { maps } = this.#options;
    await maps.unmap(map);
    const driver = driverNamed(this.#options, driverName);
    const targetPath = join(this.#published(name), map.uid);
    await callDriver(driver, 'NodeUnpublishVolume', [UnpublishRequest, Empty], { volumeId, targetPath });
    // For the driver to remove; what it forgets is but a name of the device.
    await this.#clear(targetPath);
    const stagingTargetPath = this.#staging(name);
    const last = (await this.#usersOf(name)).every((uid) => uid === map.uid);
    if (last) {
      this.#options.expansion.forget(keyOf({ driver: driverName, volumeHandle: volumeId }));
      // From here on nobody knows how much of it is left, also if the driver says that it could not.
      this.#staged.delete(name);
    }
    if (last && (await exists(stagingTargetPath))) {
      await callDriver(driver, 'NodeUnstageVolume', [UnstageRequest, Empty], { volumeId, stagingTargetPath });
      await this.#clear(stagingTargetPath);
    }
    if (!(await maps.end(map))) return;
    await rmdir(this.#published(name)).catch(ifAbsent(undefined));
    await rm(this.#folder(name), { recursive: true, force: true });
  }

  async #clear(path: string): Promise<void> {
    const { mounter } = this.#options;
    for (const point of await mounter.below(path)) await mounter.unmount(point.path);
    await rm(path, { recursive: true, force: true });
  }

  /** Volumes that were attached for pods, with the uids of these. */
  async attached(): Promise<readonly { readonly uid: string; readonly volume: AttachableVolume }[]> {
    const names = await namesIn(this.#root());
    const found = await Promise.all(
      names.map(async (name) => {
        const record = await this.#recordOf(name);
        if (record?.attached !== true) return [];
        return (await this.#usersOf(name)).map((uid) => ({ uid, volume: record }));
      }),
    );
    return found.flat();
  }

  /** Undefined for the folders that are no volume's: `staging`, `publish`. */
  async #recordOf(name: string): Promise<VolumeRecord | undefined> {
    const text = await readFile(join(this.#folder(name), 'data', recordFile), 'utf8').catch(ifAbsent(''));
    return text === '' ? undefined : (JSON.parse(text) as VolumeRecord);
  }

  #usersOf(name: string): Promise<readonly string[]> {
    return namesIn(join(this.#folder(name), 'dev'));
  }

  #root(): string {
    return join(this.#options.rootDirectory, 'plugins/kubernetes.io/csi/volumeDevices');
  }

  #folder(name: string): string {
    return join(this.#root(), name);
  }

  #staging(name: string): string {
    return join(this.#root(), 'staging', name);
  }

  /** Where the driver puts the pod's device. */
  #target({ name, pod }: Pick<Use, 'name' | 'pod'>): string {
    return join(this.#published(name), pod.metadata.uid);
  }

  /** With a device for each pod. */
  #published(name: string): string {
    return join(this.#root(), 'publish', name);
  }

  #mapOf(uid: string, name: string): BlockMap {
    const link = join(this.#options.rootDirectory, 'pods', uid, 'volumeDevices', plugin, name);
    return { folder: join(this.#folder(name), 'dev'), uid, link };
  }
}

const recordFile = 'vol_data.json';

async function exists(path: string): Promise<boolean> {
  return readdir(path).then(
    () => true,
    (error: unknown) => ifAbsent(false)(error),
  );
}

async function namesIn(folder: string): Promise<readonly string[]> {
  return readdir(folder).catch(ifAbsent([]));
}
