/**
 * Volumes of CSI drivers: staged once on the node, published once for each pod. What was begun is written down beside
 * the mount before it is done, so that tear-down needs neither the API nor this process's memory.
 */
import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, rm, rmdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Pod } from '../../api/core/pod.ts';
import type { CSIDriver } from '../../api/storage/csi-driver.ts';
import { writeFileDurably } from '../../base/file.ts';
import { codeOf } from '../../base/errors.ts';
import { KeyedLock } from '../../base/keyed-lock.ts';
import type { ClientReader } from '../../client/client.ts';
import { namespaceOf } from '../pod/names.ts';
import type { Mounter } from '../volumes/mounter.ts';
import { during } from '../volumes/volume.ts';
import type { AttachableVolume, Attachments } from './attachments.ts';
import { callDriver } from './call.ts';
import { changesOwnership, mountCapability } from './capabilities.ts';
import type { CsiDriver } from './drivers.ts';
import { driverNamed, installedDriver, isAttached, secretData } from './lookups.ts';
import { capability, Empty, PublishRequest, StageRequest, UnpublishRequest, UnstageRequest } from './messages.ts';

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
  readonly attachments: Pick<Attachments, 'attached' | 'release'>;
  /** A token of the pod's service account for an audience, with its end as a timestamp. */
  readonly token: (
    pod: Pod,
    audience: string,
    seconds: number | undefined,
  ) => Promise<{ readonly token: string; readonly expirationTimestamp: string }>;
}

/** What is on disk of a published volume. */
interface Published {
  readonly driver: string;
  readonly volumeHandle: string;
  /** Absent when the driver does not stage. */
  readonly staging?: string;
  /** It was attached to the node for this. */
  readonly attached?: boolean;
}

const recordFile = 'vol_data.json';
const kindFolder = 'kubernetes.io~csi';

export class CsiVolumes {
  readonly #options: CsiVolumesOptions;
  /** Of a volume: who else has it must not change between being looked at and being acted upon. */
  readonly #lock = new KeyedLock();

  constructor(options: CsiVolumesOptions) {
    this.#options = options;
  }

  /** Resolves to the path that containers mount. Throws VolumeError. */
  async publish(
    pod: Pod,
    name: string,
    source: CsiSource,
    signal: AbortSignal,
  ): Promise<{ path: string; ownership: boolean }> {
    const driver = driverNamed(this.#options, source.driver);
    const installed = await installedDriver(this.#options.client, source);
    const folder = join(this.#pods(), pod.metadata.uid, 'volumes', kindFolder, name);
    const targetPath = join(folder, 'mount');
    const ownership = changesOwnership(driver, source, installed);
    const mounted = (await this.#options.mounter.below(targetPath)).length > 0;
    if (mounted && installed?.spec.requiresRepublish !== true) return { path: targetPath, ownership };
    const attaches = isAttached(source, installed);
    const publishContext = attaches ? await this.#attached(pod, source, signal) : {};
    const volumeCapability = mountCapability(driver, source, pod.spec?.securityContext?.fsGroup);
    const common = { volumeId: source.volumeHandle, volumeCapability, publishContext };
    const stages = driver.capabilities.has(capability.stage) && !source.ephemeral;
    const staging = stages ? this.#staging(source) : undefined;
    const stagingTargetPath = staging === undefined ? {} : { stagingTargetPath: staging };
    await this.#lock.run(keyOf(source), async () => {
      signal.throwIfAborted();
      await mkdir(folder, { recursive: true, mode: 0o750 });
      writeFileDurably(join(folder, recordFile), JSON.stringify(recordOf(source, staging, attaches)));
      if (staging !== undefined) {
        await during('MountVolume.MountDevice failed', undefined, async () => {
          await mkdir(staging, { recursive: true, mode: 0o750 });
          const secrets = await secretData(this.#options.client, source.stageSecret);
          const request = { ...common, ...stagingTargetPath, secrets, volumeContext: source.attributes };
          await callDriver(driver, 'NodeStageVolume', [StageRequest, Empty], request);
        });
      }
      await callDriver(driver, 'NodePublishVolume', [PublishRequest, Empty], {
        ...common,
        ...stagingTargetPath,
        targetPath,
        readonly: source.readonly,
        secrets: await secretData(this.#options.client, source.publishSecret),
        volumeContext: await this.#context(pod, source, installed),
      });
    });
    return { path: targetPath, ownership };
  }

  /** Gives back all of a pod's volumes, and those of them that no other pod of this node has. */
  async tearDown(uid: string): Promise<void> {
    for (const { folder, record } of await this.#publishedOf(uid)) {
      await this.#lock.run(keyOf(record), () => this.#giveBack(folder, record));
    }
    this.#options.attachments.release(uid);
  }

  async #giveBack(folder: string, record: Published): Promise<void> {
    const driver = driverNamed(this.#options, record.driver);
    const { volumeHandle: volumeId, staging } = record;
    const targetPath = join(folder, 'mount');
    await callDriver(driver, 'NodeUnpublishVolume', [UnpublishRequest, Empty], { volumeId, targetPath });
    if (staging !== undefined && !(await this.#isUsedElsewhere(folder, record))) {
      await callDriver(driver, 'NodeUnstageVolume', [UnstageRequest, Empty], { volumeId, stagingTargetPath: staging });
      await rm(dirname(staging), { recursive: true, force: true });
    }
    // Never with what is in it: a driver that forgot to unmount must not lose its volume's content.
    await rmdir(targetPath).catch(ifAbsent(undefined));
    await rm(folder, { recursive: true, force: true });
  }

  /** Volumes that were attached for pods, with the uids of these. */
  async attached(): Promise<readonly { readonly uid: string; readonly volume: AttachableVolume }[]> {
    const uids = await namesIn(this.#pods());
    const found = await Promise.all(
      uids.map(async (uid) =>
        (await this.#publishedOf(uid))
          .filter(({ record }) => record.attached === true)
          .map(({ record }) => ({ uid, volume: record })),
      ),
    );
    return found.flat();
  }

  #attached(pod: Pod, source: CsiSource, signal: AbortSignal): Promise<Readonly<Record<string, string>>> {
    const { attachments } = this.#options;
    return during('MountVolume.WaitForAttach failed', undefined, () =>
      attachments.attached(pod.metadata.uid, source, signal),
    );
  }

  async #context(
    pod: Pod,
    source: CsiSource,
    installed: CSIDriver | undefined,
  ): Promise<Readonly<Record<string, string>>> {
    const { podInfoOnMount = false, tokenRequests = [] } = installed?.spec ?? {};
    const prefix = 'csi.storage.k8s.io';
    const about = {
      [`${prefix}/pod.name`]: pod.metadata.name,
      [`${prefix}/pod.namespace`]: namespaceOf(pod),
      [`${prefix}/pod.uid`]: pod.metadata.uid,
      [`${prefix}/serviceAccount.name`]: pod.spec?.serviceAccountName ?? 'default',
      [`${prefix}/ephemeral`]: `${source.ephemeral}`,
    };
    const tokens = await Promise.all(
      tokenRequests.map(async ({ audience, expirationSeconds }) => [
        audience,
        await this.#options.token(pod, audience, expirationSeconds),
      ]),
    );
    return {
      ...source.attributes,
      ...(podInfoOnMount ? about : {}),
      ...(tokens.length === 0
        ? {}
        : { [`${prefix}/serviceAccount.tokens`]: JSON.stringify(Object.fromEntries(tokens)) }),
    };
  }

  #pods(): string {
    return join(this.#options.rootDirectory, 'pods');
  }

  #staging({ driver, volumeHandle }: CsiSource): string {
    const name = createHash('sha256').update(volumeHandle).digest('hex');
    return join(this.#options.rootDirectory, 'plugins', 'kubernetes.io', 'csi', driver, name, 'globalmount');
  }

  async #publishedOf(uid: string): Promise<readonly { readonly folder: string; readonly record: Published }[]> {
    const root = join(this.#pods(), uid, 'volumes', kindFolder);
    const found: { folder: string; record: Published }[] = [];
    for (const name of await namesIn(root)) {
      const folder = join(root, name);
      const text = await readFile(join(folder, recordFile), 'utf8').catch(ifAbsent(''));
      if (text !== '') found.push({ folder, record: JSON.parse(text) as Published });
    }
    return found;
  }

  /** By another pod, or under another name by the same one. */
  async #isUsedElsewhere(own: string, record: Published): Promise<boolean> {
    for (const uid of await namesIn(this.#pods())) {
      const all = await this.#publishedOf(uid);
      if (all.some((each) => each.folder !== own && keyOf(each.record) === keyOf(record))) return true;
    }
    return false;
  }
}

const keyOf = ({ driver, volumeHandle }: AttachableVolume): string => `${driver}^${volumeHandle}`;

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

async function namesIn(folder: string): Promise<readonly string[]> {
  return readdir(folder).catch(ifAbsent([]));
}

function ifAbsent<T>(value: T): (error: unknown) => T {
  return (error) => {
    const code = codeOf(error);
    if (code === 'ENOENT' || code === 'ENOTDIR') return value;
    throw error;
  };
}
