/**
 * PersistentVolumes of type `local` whose path is a block device with a file system, or one to be made: an empty
 * device is formatted by the first pod that writes, as upstream does.
 */
import { mkdir } from 'node:fs/promises';
import { KeyedLock } from '../../base/keyed-lock.ts';
import { resolveDevice } from './block-maps.ts';
import type { DiskTools } from './disk-tools.ts';
import type { Mounter } from './mounter.ts';
import { during, VolumeError } from './volume.ts';

export interface LocalDisk {
  readonly path: string;
  readonly type: string;
  readonly options: readonly string[];
  readonly readonly: boolean;
}

export class LocalDisks {
  readonly #rootDirectory: string;
  readonly #mounter: Mounter;
  readonly #tools: DiskTools;
  /** By device: while it is being formatted, others would do so, too. */
  readonly #lock = new KeyedLock();

  constructor(rootDirectory: string, mounter: Mounter, tools: DiskTools) {
    this.#rootDirectory = rootDirectory;
    this.#mounter = mounter;
    this.#tools = tools;
  }

  /** At the pod's folder, once. Throws VolumeError. */
  async mount(disk: LocalDisk, folder: string): Promise<void> {
    await during('MountVolume.MountDevice failed', undefined, async () => {
      const device = await resolveDevice(disk.path);
      await this.#lock.run(device, async () => {
        // This node's pods, and nobody else's: somebody else's mount of it is for mount(8) to refuse.
        const mounts = await this.#mounter.below(this.#rootDirectory);
        if (mounts.some(({ path }) => path === folder)) return;
        const isInUse = mounts.some(({ source }) => source === device);
        const found = isInUse ? disk.type : await this.#prepare(device, disk);
        await mkdir(folder, { recursive: true });
        await this.#mounter.mount(device, folder, disk.type, disk.options).catch((error: unknown) => {
          throw found === disk.type ? error : mismatch(disk.type, found, error);
        });
      });
    });
  }

  /** The file system that is there then. */
  async #prepare(device: string, { type, readonly }: LocalDisk): Promise<string> {
    const found = await this.#tools.contentOf(device);
    if (found !== undefined) {
      if (!readonly) await this.#tools.repair(device);
      return found;
    }
    if (readonly) {
      throw new VolumeError(`cannot mount unformatted disk ${device} as we are manipulating it in read-only mode`);
    }
    await this.#tools.format(device, type);
    return type;
  }
}

function mismatch(wanted: string, found: string, error: unknown): VolumeError {
  const said = error instanceof Error ? error.message : String(error);
  return new VolumeError(
    `failed to mount the volume as "${wanted}", it already contains ${found}. Mount error: ${said}`,
    {
      cause: error,
    },
  );
}
