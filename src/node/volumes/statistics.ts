/**
 * How full pods' volumes are. Nothing is counted before somebody asks, and then not again for a while; who asks waits
 * for a moment at most, and has what was known before of a volume whose driver or file server does not answer.
 */
import { execFile } from 'node:child_process';
import { statfs } from 'node:fs/promises';
import type { Pod } from '../../api/core/pod.ts';
import type { Volume } from '../../api/core/volume.ts';
import type { Clock } from '../../base/clock.ts';
import { messageOf } from '../../base/errors.ts';
import type { Logger } from '../../base/log.ts';
import { folderUse } from '../eviction/usage.ts';
import { within } from '../timeout.ts';
import { claimNameOf } from './claimed.ts';

/** All zero where it cannot be said. */
export interface VolumeUse {
  readonly capacityBytes: number;
  readonly availableBytes: number;
  readonly usedBytes: number;
  readonly inodes: number;
  readonly inodesFree: number;
  readonly inodesUsed: number;
}

export interface VolumeStatistics {
  /** As the pod names it. */
  readonly name: string;
  /** Of the pod's namespace. */
  readonly claim?: string;
  /** Part of what the pod takes of the node's own disk. */
  readonly local: boolean;
  /** When it was counted, in milliseconds since the epoch. */
  readonly at: number;
  readonly use: VolumeUse;
}

export interface StatisticsOptions {
  readonly clock: Clock;
  readonly log: Logger;
  /** Volumes that the pod has mounted. */
  readonly volumes: (pod: Pod) => readonly Volume[];
  /** Counts; undefined for volumes of which nobody knows how full they are. */
  readonly measure: (pod: Pod, volume: Volume) => Promise<VolumeUse | undefined>;
}

interface Entry {
  known: { readonly at: number; readonly use: VolumeUse } | undefined;
  /** Until when what is known will do. */
  goodUntil: number;
  counting: Promise<void> | undefined;
}

/** Milliseconds. */
const patience = 1000;
const leastAge = 10_000;
/** So that counting takes a tenth of the time at most, however much there is to count. */
const ageByDuration = 10;

export class Statistics {
  readonly #options: StatisticsOptions;
  readonly #pods = new Map<string, Map<string, Entry>>();

  constructor(options: StatisticsOptions) {
    this.#options = options;
  }

  async of(pod: Pod): Promise<readonly VolumeStatistics[]> {
    const { clock, volumes } = this.#options;
    const entries = this.#pods.get(pod.metadata.uid) ?? new Map<string, Entry>();
    this.#pods.set(pod.metadata.uid, entries);
    const wanted = volumes(pod);
    await within(clock, patience, Promise.all(wanted.map((volume) => this.#refresh(entries, pod, volume))));
    return wanted.flatMap((volume) => {
      const known = entries.get(volume.name)?.known;
      return known === undefined ? [] : [{ ...known, ...aboutOf(pod, volume) }];
    });
  }

  forget(uid: string): void {
    this.#pods.delete(uid);
  }

  #refresh(entries: Map<string, Entry>, pod: Pod, volume: Volume): Promise<void> {
    const entry = entries.get(volume.name) ?? { known: undefined, goodUntil: 0, counting: undefined };
    entries.set(volume.name, entry);
    if (entry.goodUntil > this.#options.clock.now()) return Promise.resolve();
    entry.counting ??= this.#count(entry, pod, volume).finally(() => (entry.counting = undefined));
    return entry.counting;
  }

  async #count(entry: Entry, pod: Pod, volume: Volume): Promise<void> {
    const { clock, log, measure } = this.#options;
    const begun = clock.now();
    try {
      const use = await measure(pod, volume);
      entry.known = use === undefined ? undefined : { at: begun, use };
    } catch (error) {
      log.debug('cannot tell how full a volume is', { volume: volume.name, error: messageOf(error) });
    }
    entry.goodUntil = clock.now() + Math.max(leastAge, (clock.now() - begun) * ageByDuration);
  }
}

function aboutOf(pod: Pod, volume: Volume): Pick<VolumeStatistics, 'name' | 'local' | 'claim'> {
  const claim = claimNameOf(pod, volume);
  const onDisk = volume.emptyDir !== undefined && (volume.emptyDir.medium ?? '') === '';
  const local = onDisk || volume.configMap !== undefined;
  return { name: volume.name, local, ...(claim === undefined ? {} : { claim }) };
}

/** Of a folder that shares its file system with others: what is in it, and what is left for it. */
export async function folderStatistics(folder: string): Promise<VolumeUse> {
  const [own, all] = await Promise.all([folderUse(folder), fileSystemStatistics(folder)]);
  return { ...all, usedBytes: own.bytes, inodesUsed: own.inodes };
}

export async function fileSystemStatistics(path: string): Promise<VolumeUse> {
  const { bsize, blocks, bfree, bavail, files, ffree } = await statfs(path);
  return useOf(bsize, blocks, bfree, bavail, files, ffree);
}

/** By a process of its own: a file server that does not answer holds whoever asks, and this process has few hands. */
export async function remoteStatistics(path: string): Promise<VolumeUse> {
  const text = await new Promise<string>((resolve, reject) => {
    execFile('stat', ['--file-system', '--format=%S %b %f %a %c %d', path], (error, stdout) => {
      if (error === null) resolve(stdout);
      else reject(error);
    });
  });
  const [bsize = 0, blocks = 0, bfree = 0, bavail = 0, files = 0, ffree = 0] = text.trim().split(' ').map(Number);
  return useOf(bsize, blocks, bfree, bavail, files, ffree);
}

function useOf(
  blockSize: number,
  blocks: number,
  free: number,
  available: number,
  inodes: number,
  inodesFree: number,
): VolumeUse {
  return {
    capacityBytes: blocks * blockSize,
    availableBytes: available * blockSize,
    usedBytes: (blocks - free) * blockSize,
    inodes,
    inodesFree,
    inodesUsed: inodes - inodesFree,
  };
}
