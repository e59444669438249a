/**
 * Volumes that one pod at a time may have: access mode ReadWriteOncePod and no other. The scheduler sees to it, too;
 * pods that name their node never meet it. Who has a volume is a file `exclusive-volumes/PV` in the pod's folder, so
 * that an agent that was killed still knows.
 */
import { mkdir, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { codeOf } from '../../base/errors.ts';
import { writeFileDurably } from '../../base/file.ts';
import { KeyedLock } from '../../base/keyed-lock.ts';
import { VolumeError } from './volume.ts';

export interface ExclusiveVolumesOptions {
  readonly rootDirectory: string;
  /** What a pod was refused is free now. */
  readonly onFree: (uid: string) => void;
}

export class ExclusiveVolumes {
  readonly #options: ExclusiveVolumesOptions;
  readonly #lock = new KeyedLock();
  /** Uids of pods that were refused, by volume. */
  readonly #refused = new Map<string, Set<string>>();

  constructor(options: ExclusiveVolumesOptions) {
    this.#options = options;
  }

  /** `volume`: name of the PersistentVolume. Throws VolumeError when another pod of this node has it. */
  async take(uid: string, volume: string): Promise<void> {
    await this.#lock.run(volume, async () => {
      for (const other of await namesIn(this.#pods())) {
        if (other === uid || !(await exists(join(this.#folder(other), volume)))) continue;
        this.#refused.set(volume, (this.#refused.get(volume) ?? new Set()).add(uid));
        throw new VolumeError('volume uses the ReadWriteOncePod access mode and is already in use by another pod');
      }
      await mkdir(this.#folder(uid), { recursive: true, mode: 0o750 });
      writeFileDurably(join(this.#folder(uid), volume), '');
    });
  }

  /** The pod has given back all that it had. */
  async release(uid: string): Promise<void> {
    const volumes = await namesIn(this.#folder(uid));
    await rm(this.#folder(uid), { recursive: true, force: true });
    for (const refused of this.#refused.values()) refused.delete(uid);
    for (const volume of volumes) {
      const waiting = this.#refused.get(volume) ?? [];
      this.#refused.delete(volume);
      for (const each of waiting) this.#options.onFree(each);
    }
  }

  #pods(): string {
    return join(this.#options.rootDirectory, 'pods');
  }

  #folder(uid: string): string {
    return join(this.#pods(), uid, 'exclusive-volumes');
  }
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(() => true, ifAbsent(false));
}

async function namesIn(folder: string): Promise<readonly string[]> {
  return readdir(folder).catch(ifAbsent([]));
}

function ifAbsent<T>(value: T): (error: unknown) => T {
  return (error) => {
    if (codeOf(error) === 'ENOENT') return value;
    throw error;
  };
}
