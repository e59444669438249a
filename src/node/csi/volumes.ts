/**
 * Volumes of CSI drivers: staged once on the node, published once for each pod. What was begun is written down beside
 * the mount before it is done, so that tear-down needs neither the API nor this process's memory.
 */
import { createHash } from 'node:crypto';
import { mkdir, rm, rmdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Pod } from '../../api/core/pod.ts';
import type { CSIDriver } from '../../api/storage/csi-driver.ts';
import { KeyedLock } from '../../base/keyed-lock.ts';
import type { ClientReader } from '../../client/client.ts';
import { namespaceOf } from '../pod/names.ts';
import type { Mounter } from '../volumes/mounter.ts';
import { wholeValue } from '../../schema/quantity.ts';
import type { VolumeUse } from '../volumes/statistics.ts';
import { during } from '../volumes/volume.ts';
import type { Attachments } from './attachments.ts';
import { callDriver } from './call.ts';
import { changesOwnership, mountCapability } from './capabilities.ts';
import { volumeContext, type TokenSource } from './context.ts';
import type { CsiDriver } from './drivers.ts';
import type { Expansion, Growth } from './expansion.ts';
import { driverNamed, installedDriver, isAttached, secretData } from './lookups.ts';
import {
  capability,
  Empty,
  ExpandRequest,
  PublishRequest,
  StageRequest,
  UnpublishRequest,
  UnstageRequest,
} from './messages.ts';
import { ifAbsent, keyOf, Records, type FoundRecord, type Published } from './records.ts';
import { csiVolumeUse } from './statistics.ts';

export interface CsiSource {
  readonly driver: string;
  readonly volumeHandle: string;
  readonly readonly: boolean;
  readonly fsType: string;
  /** Of the PersistentVolume, not of the claim: that may ask for less than there is. */
  readonly accessModes: readonly string[];
  readonly mountOptions: readonly string[];
  readonly attributes: Readonly<Record<string, string>>;
  /** Made for the pod, and gone with it. */
  readonly ephemeral: boolean;
  readonly stageSecret?: SecretName;
  readonly publishSecret?: SecretName;
  readonly expandSecret?: SecretName;
}

/** The claim that a pod has a volume by. */
export interface Claimed {
  /** The pod has it for reading only. */
  readonly readonly: boolean;
  /** Both as they are now. */
  load(): Promise<Pick<Growth, 'claim' | 'volume'>>;
}

export interface SecretName {
  readonly name?: string;
  readonly namespace?: string;
}

export interface CsiVolumesOptions {
  readonly client: ClientReader;
  readonly rootDirectory: string;
  readonly mounter: Pick<Mounter, 'below'>;
  readonly driver: (name: string) => CsiDriver | undefined;
  readonly attachments: Pick<Attachments, 'attached'>;
  readonly expansion: Pick<Expansion, 'afterMount' | 'inUse' | 'forget'>;
  readonly token: TokenSource;
}

/** A pod's use of a volume, ready to be asked of the driver. */
interface Use {
  readonly pod: Pod;
  readonly name: string;
  readonly source: CsiSource;
  readonly driver: CsiDriver;
  readonly installed: CSIDriver | undefined;
  readonly attaches: boolean;
  readonly publishContext: Readonly<Record<string, string>>;
  readonly staging: string | undefined;
}

export class CsiVolumes {
  readonly #options: CsiVolumesOptions;
  readonly #records: Records;
  /** Of a volume: who else has it must not change between being looked at and being acted upon. */
  readonly #lock = new KeyedLock();
  /** Volumes that this process has staged, by key. What an earlier one staged is staged again: it may not have got far. */
  readonly #staged = new Set<string>();

  constructor(options: CsiVolumesOptions) {
    this.#options = options;
    this.#records = new Records(join(options.rootDirectory, 'pods'));
  }

  /** Resolves to the path that containers mount. Throws VolumeError. */
  async publish(
    pod: Pod,
    name: string,
    source: CsiSource,
    signal: AbortSignal,
    claimed?: Claimed,
  ): Promise<{ path: string; ownership: boolean }> {
    const targetPath = this.#target(pod.metadata.uid, name);
    const mounted = await this.#isMounted(targetPath);
    // What is mounted serves on while the driver is away.
    if (mounted && this.#options.driver(source.driver) === undefined) return { path: targetPath, ownership: false };
    const driver = driverNamed(this.#options, source.driver);
    const installed = await installedDriver(this.#options.client, source);
    const ownership = changesOwnership(driver, source, installed);
    if (mounted) return { path: targetPath, ownership };
    const use = await this.#use(pod, name, source, installed, signal);
    await this.#lock.run(keyOf(source), async () => {
      signal.throwIfAborted();
      const folder = dirname(targetPath);
      await mkdir(folder, { recursive: true, mode: 0o750 });
      this.#records.write(folder, recordOf(source, use.staging, use.attaches));
      await this.#stage(use);
      await this.#publish(use);
      if (claimed !== undefined) await this.#growMounted(use, claimed);
    });
    return { path: targetPath, ownership };
  }

  /**
   * Publishes a running pod's volume again, with fresh tokens, if its driver wants that; nothing happens when it does
   * not, or is not here. Throws VolumeError.
   */
  async republish(pod: Pod, name: string, source: CsiSource, signal: AbortSignal): Promise<void> {
    if (this.#options.driver(source.driver) === undefined) return;
    const installed = await installedDriver(this.#options.client, source);
    if (installed?.spec.requiresRepublish !== true) return;
    if (!(await this.#isMounted(this.#target(pod.metadata.uid, name)))) return;
    const use = await this.#use(pod, name, source, installed, signal);
    await this.#lock.run(keyOf(source), async () => {
      signal.throwIfAborted();
      await this.#publish(use);
    });
  }

  /** Makes the file system of a running pod's volume as large as the volume has become. Throws VolumeError. */
  async grow(pod: Pod, name: string, source: CsiSource, claimed: Claimed, signal: AbortSignal): Promise<void> {
    const driver = this.#options.driver(source.driver);
    if (driver === undefined || !driver.capabilities.has(capability.expand)) return;
    if (!(await this.#isMounted(this.#target(pod.metadata.uid, name)))) return;
    const use = { pod, name, source, driver, staging: this.#stagingFor(driver, source) };
    await this.#lock.run(keyOf(source), async () => {
      signal.throwIfAborted();
      const operation = 'NodeExpandVolume.NodeExpandVolume failed';
      await during(operation, undefined, async () => {
        const growth = await this.#growth(use, claimed);
        await during(operation, growth.volume.metadata.name, () => this.#options.expansion.inUse(growth));
      });
    });
  }

  /** How full a pod's volume is; undefined when there is no such volume, or nobody can say. Throws CsiCallError. */
  async use(uid: string, name: string): Promise<VolumeUse | undefined> {
    const folder = this.#records.folder(uid, name);
    const record = await this.#records.read(folder);
    const driver = record === undefined ? undefined : this.#options.driver(record.driver);
    if (record === undefined || driver === undefined) return undefined;
    return csiVolumeUse(driver, record.volumeHandle, join(folder, 'mount'));
  }

  async #use(
    pod: Pod,
    name: string,
    source: CsiSource,
    installed: CSIDriver | undefined,
    signal: AbortSignal,
  ): Promise<Use> {
    const driver = driverNamed(this.#options, source.driver);
    const attaches = isAttached(source, installed);
    const publishContext = attaches ? await this.#attached(pod, source, signal) : {};
    const staging = this.#stagingFor(driver, source);
    return { pod, name, source, driver, installed, attaches, publishContext, staging };
  }

  async #stage({ pod, source, driver, publishContext, staging }: Use): Promise<void> {
    const key = keyOf(source);
    if (staging === undefined || this.#staged.has(key)) return;
    await mkdir(staging, { recursive: true, mode: 0o750 });
    await during('MountVolume.MountDevice failed', undefined, async () => {
      await callDriver(driver, 'NodeStageVolume', [StageRequest, Empty], {
        volumeId: source.volumeHandle,
        volumeCapability: mountCapability(driver, source, pod.spec?.securityContext?.fsGroup),
        publishContext,
        stagingTargetPath: staging,
        secrets: await secretData(this.#options.client, source.stageSecret, 'NodeStageSecretRef'),
        volumeContext: source.attributes,
      });
    });
    this.#staged.add(key);
  }

  async #publish({ pod, name, source, driver, installed, publishContext, staging }: Use): Promise<void> {
    await callDriver(driver, 'NodePublishVolume', [PublishRequest, Empty], {
      volumeId: source.volumeHandle,
      volumeCapability: mountCapability(driver, source, pod.spec?.securityContext?.fsGroup),
      publishContext,
      ...(staging === undefined ? {} : { stagingTargetPath: staging }),
      targetPath: this.#target(pod.metadata.uid, name),
      readonly: source.readonly,
      secrets: await secretData(this.#options.client, source.publishSecret, 'NodePublishSecretRef'),
      volumeContext: await volumeContext(pod, source, installed, this.#options.token),
    });
  }

  async #growMounted(use: Use, claimed: Claimed): Promise<void> {
    if (!use.driver.capabilities.has(capability.expand)) return;
    const operation = 'MountVolume.Setup failed while expanding volume';
    await during(operation, undefined, async () => {
      const growth = await this.#growth(use, claimed);
      await during(operation, growth.volume.metadata.name, () => this.#options.expansion.afterMount(growth));
    });
  }

  async #growth(use: Pick<Use, 'pod' | 'name' | 'source' | 'driver' | 'staging'>, claimed: Claimed): Promise<Growth> {
    const { pod, name, source, driver, staging } = use;
    return {
      ...(await claimed.load()),
      pod,
      readonly: claimed.readonly,
      key: keyOf(source),
      call: async (size) => {
        await callDriver(driver, 'NodeExpandVolume', [ExpandRequest, Empty], {
          volumeId: source.volumeHandle,
          volumePath: this.#target(pod.metadata.uid, name),
          capacityRange: { requiredBytes: wholeValue(size) },
          ...(staging === undefined ? {} : { stagingTargetPath: staging }),
          volumeCapability: mountCapability(driver, source, undefined),
          secrets: await secretData(this.#options.client, source.expandSecret, 'NodeExpandSecretRef'),
        });
      },
    };
  }

  async #isMounted(targetPath: string): Promise<boolean> {
    return (await this.#options.mounter.below(targetPath)).length > 0;
  }

  #target(uid: string, name: string): string {
    return join(this.#records.folder(uid, name), 'mount');
  }

  #stagingFor(driver: CsiDriver, source: CsiSource): string | undefined {
    return driver.capabilities.has(capability.stage) && !source.ephemeral ? this.#staging(source) : undefined;
  }

  /** Gives back all of a pod's volumes, and those of them that no other pod of this node has. */
  async tearDown(uid: string): Promise<void> {
    const all = await this.#records.of(uid);
    // Side by side: one driver that does not answer keeps the volumes of no other.
    const outcomes = await Promise.allSettled(
      all.map((found) => this.#lock.run(keyOf(found.record), () => this.#giveBack(found))),
    );
    for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason;
  }

  async #giveBack({ folder, record }: FoundRecord): Promise<void> {
    const driver = driverNamed(this.#options, record.driver);
    const { volumeHandle: volumeId, staging } = record;
    const targetPath = join(folder, 'mount');
    await callDriver(driver, 'NodeUnpublishVolume', [UnpublishRequest, Empty], { volumeId, targetPath });
    if (!(await this.#records.isUsedElsewhere({ folder, record }))) {
      this.#options.expansion.forget(keyOf(record));
      // From here on nobody knows how much of it is left, also if the driver says that it could not.
      this.#staged.delete(keyOf(record));
      if (staging !== undefined) {
        const request = { volumeId, stagingTargetPath: staging };
        await callDriver(driver, 'NodeUnstageVolume', [UnstageRequest, Empty], request);
        await rm(dirname(staging), { recursive: true, force: true });
      }
    }
    // Never with what is in it: a driver that forgot to unmount must not lose its volume's content.
    await rmdir(targetPath).catch(ifAbsent(undefined));
    await rm(folder, { recursive: true, force: true });
  }

  /** Volumes that were attached for pods, with the uids of these. */
  attached(): ReturnType<Records['attached']> {
    return this.#records.attached();
  }

  #attached(pod: Pod, source: CsiSource, signal: AbortSignal): Promise<Readonly<Record<string, string>>> {
    const { attachments } = this.#options;
    return during('MountVolume.WaitForAttach failed', undefined, () =>
      attachments.attached(pod.metadata.uid, source, signal),
    );
  }

  #staging({ driver, volumeHandle }: CsiSource): string {
    const name = createHash('sha256').update(volumeHandle).digest('hex');
    return join(this.#options.rootDirectory, 'plugins', 'kubernetes.io', 'csi', driver, name, 'globalmount');
  }
}

function recordOf({ driver, volumeHandle }: CsiSource, staging: string | undefined, attached: boolean): Published {
  return {
    driver,
    volumeHandle,
    ...(staging === undefined ? {} : { staging }),
    ...(attached ? { attached } : {}),
  };
}

/** The name of a volume that is made for one pod, as upstream makes it. */
export function ephemeralHandle(pod: Pod, volume: string): string {
  const text = `${pod.metadata.name}${namespaceOf(pod)}${pod.metadata.uid}${volume}`;
  return `csi-${createHash('sha256').update(text).digest('hex')}`;
}
