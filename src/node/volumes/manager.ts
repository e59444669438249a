/**
 * The volumes of pods on this node.
 *
 * Guarantees: preparing again is harmless and repairs; tear-down finds what there is on disk and in the mount
 * table, not in memory, so it also works after a crash; files under a mount are never deleted.
 * Everything secret lives in one tmpfs below the root, mounted once.
 */
import { chmod, mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Pod } from '../../api/core/pod.ts';
import type { Volume } from '../../api/core/volume.ts';
import type { Clock } from '../../base/clock.ts';
import { codeOf } from '../../base/errors.ts';
import type { Logger } from '../../base/log.ts';
import type { ConfigurationReader } from '../container/environment.ts';
import type { PodFacts } from '../container/fields.ts';
import { checkHostPath } from '../container/mounts.ts';
import { containersOf } from '../pod/names.ts';
import { bytesOf, isLimited, podAmount } from '../pod/resources.ts';
import type { ExclusiveVolumes } from './exclusive.ts';
import { within } from '../timeout.ts';
import { pageSizeOf } from './hugepages.ts';
import type { Mounter } from './mounter.ts';
import type { Operations } from './operations.ts';
import { giveToGroup } from './ownership.ts';
import { isConfiguration, volumePayload, type PayloadReader } from './payload.ts';
import type { PersistentVolumes } from './persistent.ts';
import type { Tokens } from './tokens.ts';
import type { Statistics } from './statistics.ts';
import type { Upkeep } from './upkeep.ts';
import {
  failureText,
  lateText,
  UnprocessedVolumeError,
  unprocessedText,
  VolumeError,
  type PreparedVolume,
  type PreparedVolumes,
} from './volume.ts';
import { writeAtomically } from './writer.ts';

export interface VolumesOptions {
  readonly rootDirectory: string;
  readonly mounter: Mounter;
  readonly reader: Pick<ConfigurationReader, 'configMap' | 'secret'>;
  readonly tokens: Tokens;
  readonly persistent: PersistentVolumes;
  readonly exclusive: Pick<ExclusiveVolumes, 'release'>;
  readonly operations: Operations;
  readonly upkeep: Pick<Upkeep, 'follow' | 'forget'>;
  readonly statistics: Pick<Statistics, 'forget'>;
  readonly clock: Clock;
  readonly log: Logger;
  /** Makes sure that an image volume's image is here; resolves to its id. */
  readonly image: (pod: Pod, volume: Volume, signal: AbortSignal) => Promise<string>;
}

/** Of the making of a pod's volumes. */
interface Watcher {
  readonly failed: (error: VolumeError) => void;
  /** Names of those that are not ready yet. */
  readonly missing: () => readonly string[];
}

/** Milliseconds that a pod waits for its volumes before it is told which are missing, as upstream's. */
const patience = 123_000;
const openMode = 0o777;
/** As upstream's volumes on tmpfs have it: like /tmp, nobody takes away what is another's. */
const sharedMode = 0o1777;

export class Volumes {
  readonly #options: VolumesOptions;
  readonly #reader: PayloadReader;
  #stamps = 0;
  /** Pods whose volumes this process has made ready. */
  readonly #fresh = new Set<string>();

  constructor(options: VolumesOptions) {
    this.#options = options;
    this.#reader = {
      configMap: (namespace, name) => options.reader.configMap(namespace, name),
      secret: (namespace, name) => options.reader.secret(namespace, name),
      token: (facts, wanted) => options.tokens.get(facts, wanted),
    };
  }

  /** Once, before any pod: the tmpfs for secrets. One that an earlier agent mounted serves on. */
  async start(): Promise<void> {
    const folder = this.#secrets();
    await mkdir(folder, { recursive: true, mode: 0o750 });
    if ((await this.#options.mounter.below(folder)).some((each) => each.path === folder)) return;
    await this.#options.mounter.mount('tmpfs', folder, 'tmpfs', ['mode=0750', 'nosuid', 'nodev', 'noexec']);
  }

  /**
   * Makes all volumes that containers use, side by side. Rejects with the first one's failure, or when it takes too
   * long; what has been begun goes on, and the next call finds it. `failed` hears of each failure, once. Throws
   * VolumeError.
   */
  async prepare(facts: PodFacts, signal: AbortSignal, failed: (error: VolumeError) => void): Promise<PreparedVolumes> {
    const { operations, clock } = this.#options;
    const { uid } = facts.pod.metadata;
    const prepared = new Map<string, PreparedVolume>();
    const wanted = usedVolumesOf(facts.pod);
    const missing = (): readonly string[] => wanted.map(({ name }) => name).filter((name) => !prepared.has(name));
    const all = wanted.map(async (volume) => {
      const work = (): Promise<PreparedVolume> => this.#attempt(facts, volume, signal, { failed, missing });
      prepared.set(volume.name, await operations.run(uid, `prepare ${volume.name}`, signal, work));
    });
    if ((await within(clock, patience, Promise.all(all))) === undefined) {
      const error = new VolumeError(lateText(missing()));
      failed(error);
      throw error;
    }
    this.#fresh.add(uid);
    return new Map(wanted.flatMap(({ name }) => entryOf(prepared, name)));
  }

  async #attempt(
    facts: PodFacts,
    volume: Volume,
    signal: AbortSignal,
    { failed, missing }: Watcher,
  ): Promise<PreparedVolume> {
    try {
      return await this.#prepareOne(facts, volume, signal);
    } catch (error) {
      if (signal.aborted) throw error;
      const operation = error instanceof VolumeError ? error.operation : undefined;
      const message =
        error instanceof UnprocessedVolumeError
          ? unprocessedText(error, volume.name, missing())
          : failureText(error, volume.name);
      const told = new VolumeError(message, { operation, cause: error });
      failed(told);
      throw told;
    }
  }

  /** The pod runs: its volumes are looked after until it stops. Once or again. */
  follow(pod: Pod): void {
    this.#options.upkeep.follow(pod, usedVolumesOf(pod), this.#fresh.has(pod.metadata.uid));
  }

  /** The pod is stopping, or the agent is. */
  unfollow(uid: string): void {
    this.#options.upkeep.forget(uid);
  }

  /** Brings configuration volumes up to date. True when files changed. */
  async refresh(facts: PodFacts): Promise<boolean> {
    let changed = false;
    for (const volume of usedVolumesOf(facts.pod)) {
      if (isConfiguration(volume)) changed = (await this.#write(facts, volume)) || changed;
    }
    return changed;
  }

  /** When a pod's tokens must be replaced, in milliseconds since the epoch. */
  refreshAt(uid: string): number | undefined {
    return this.#options.tokens.refreshAt(uid);
  }

  /** Unmounts and deletes the volumes of a pod whose containers have ended. */
  async tearDown(uid: string): Promise<void> {
    const { mounter, tokens, persistent, exclusive, operations, upkeep, statistics } = this.#options;
    tokens.forget(uid);
    upkeep.forget(uid);
    statistics.forget(uid);
    this.#fresh.delete(uid);
    // What is still being mounted would come to be mounted after everything has been unmounted.
    await operations.settled(uid);
    const root = this.#pod(uid);
    await persistent.tearDown(uid);
    for (const { path } of await mounter.below(root)) await mounter.unmount(path);
    const left = await mounter.below(root);
    if (left.length > 0) throw new VolumeError(`still mounted: ${left.map((each) => each.path).join(', ')}`);
    await rm(join(this.#secrets(), uid), { recursive: true, force: true });
    for (const folder of ['volumes', 'volumeDevices']) await rm(join(root, folder), { recursive: true, force: true });
    await exclusive.release(uid);
  }

  /** Deletes what else there is of a pod: what its containers said when they ended is read until then. */
  async erase(uid: string): Promise<void> {
    await this.tearDown(uid);
    await rm(this.#pod(uid), { recursive: true, force: true });
  }

  /** Pods (by uid) that have anything on disk. */
  async known(): Promise<readonly string[]> {
    const folders = [join(this.#options.rootDirectory, 'pods'), this.#secrets()];
    const names = await Promise.all(folders.map((folder) => readdir(folder).catch(none)));
    return [...new Set(names.flat())];
  }

  async #prepareOne(facts: PodFacts, volume: Volume, signal: AbortSignal): Promise<PreparedVolume> {
    if (isConfiguration(volume)) {
      await this.#write(facts, volume);
      return { name: volume.name, path: this.#folder(facts.pod, volume), readonly: false, mode: 0o755 };
    }
    if (volume.emptyDir !== undefined) return this.#emptyDir(facts, volume);
    if (volume.hostPath !== undefined) {
      await checkHostPath(volume.hostPath.path, volume.hostPath.type ?? '').catch(asVolumeError);
      return { name: volume.name, path: volume.hostPath.path, readonly: false, mode: 0o750 };
    }
    if (volume.image !== undefined) {
      const image = await this.#options.image(facts.pod, volume, signal);
      return { name: volume.name, path: '', readonly: true, mode: 0o755, image };
    }
    const folder = this.#folder(facts.pod, volume);
    return this.#options.persistent.prepare(facts.pod, volume, folder, signal);
  }

  async #emptyDir(facts: PodFacts, volume: Volume): Promise<PreparedVolume> {
    const { pod } = facts;
    const folder = this.#folder(pod, volume);
    await mkdir(folder, { recursive: true });
    const { medium = '' } = volume.emptyDir ?? {};
    if (medium !== '' && !(await this.#isMounted(folder))) {
      const { mounter } = this.#options;
      if (medium === 'Memory') {
        await mounter.mount('tmpfs', folder, 'tmpfs', [...sizeOf(facts, volume), 'mode=1777', 'nosuid', 'nodev']);
      } else await mounter.mount('nodev', folder, 'hugetlbfs', [`pagesize=${pageSizeOf(pod, medium)}`]);
    }
    const mode = medium === 'Memory' ? sharedMode : openMode;
    await chmod(folder, mode);
    await ownedByGroup(pod, folder);
    return { name: volume.name, path: folder, readonly: false, mode: openMode };
  }

  async #isMounted(folder: string): Promise<boolean> {
    return (await this.#options.mounter.below(folder)).some((each) => each.path === folder);
  }

  async #write(facts: PodFacts, volume: Volume): Promise<boolean> {
    const payload = await volumePayload(volume, facts, this.#reader);
    const folder = this.#folder(facts.pod, volume);
    await mkdir(folder, { recursive: true });
    await chmod(folder, isSecret(volume) ? sharedMode : openMode);
    const gid = facts.pod.spec?.securityContext?.fsGroup;
    this.#stamps += 1;
    const stamp = `${this.#options.clock.now()}.${this.#stamps}`;
    return writeAtomically(folder, payload, stamp, gid === undefined ? {} : { gid });
  }

  #secrets(): string {
    return join(this.#options.rootDirectory, 'secrets');
  }

  #pod(uid: string): string {
    return join(this.#options.rootDirectory, 'pods', uid);
  }

  #folder(pod: Pod, volume: Volume): string {
    return volumeFolder(this.#options.rootDirectory, pod, volume);
  }
}

/** Where a pod's volume is, or is mounted. */
export function volumeFolder(rootDirectory: string, { metadata: { uid } }: Pod, volume: Volume): string {
  if (isSecret(volume)) return join(rootDirectory, 'secrets', uid, volume.name);
  return join(rootDirectory, 'pods', uid, 'volumes', kindOf(volume), volume.name);
}

function entryOf<T>(map: ReadonlyMap<string, T>, key: string): readonly (readonly [string, T])[] {
  const value = map.get(key);
  return value === undefined ? [] : [[key, value]];
}

/** As upstream: what the node can give, what the pod may have, what the volume may hold, whichever is least. */
function sizeOf({ pod, allocatable }: PodFacts, volume: Volume): readonly string[] {
  const bounds = [
    bytesOf(allocatable['memory']),
    isLimited(pod, 'memory') ? podAmount(pod, 'memory', 'limits') : 0,
    bytesOf(volume.emptyDir?.sizeLimit),
  ].filter((each) => each > 0);
  return bounds.length === 0 ? [] : [`size=${Math.min(...bounds)}`];
}

/** Those are on a tmpfs. */
const isSecret = (volume: Volume): boolean => volume.secret !== undefined || volume.projected !== undefined;

function kindOf(volume: Volume): string {
  const kind = Object.keys(volume).find((key) => key !== 'name') ?? 'unknown';
  return `kubernetes.io~${kind}`;
}

/** Names of the volumes that some container mounts. */
export function usedVolumes(pod: Pod): ReadonlySet<string> {
  const names = containersOf(pod).flatMap(({ spec }) => [
    ...(spec.volumeMounts ?? []).map((mount) => mount.name),
    ...(spec.volumeDevices ?? []).map((device) => device.name),
    ...(spec.env ?? []).flatMap((each) => each.valueFrom?.fileKeyRef?.volumeName ?? []),
  ]);
  return new Set(names);
}

export function usedVolumesOf(pod: Pod): readonly Volume[] {
  const used = usedVolumes(pod);
  return (pod.spec?.volumes ?? []).filter(({ name }) => used.has(name));
}

export async function ownedByGroup(pod: Pod, folder: string, readonly = false): Promise<void> {
  const { fsGroup, fsGroupChangePolicy } = pod.spec?.securityContext ?? {};
  if (fsGroup === undefined) return;
  await giveToGroup(folder, fsGroup, readonly, fsGroupChangePolicy ?? 'Always');
}

function asVolumeError(error: unknown): never {
  throw new VolumeError(error instanceof Error ? error.message : String(error));
}

function none(error: unknown): string[] {
  if (codeOf(error) === 'ENOENT') return [];
  throw error;
}
