/** PersistentVolumes of type `local` whose path is a block device that pods have as such. */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { codeOf } from '../../base/errors.ts';
import { KeyedLock } from '../../base/keyed-lock.ts';
import { resolveDevice, type BlockMap, type BlockMaps, type MappedDevice } from './block-maps.ts';

const plugin = 'kubernetes.io~local-volume';

export class LocalBlocks {
  readonly #rootDirectory: string;
  readonly #maps: BlockMaps;
  /** By volume: its folder must not go while another pod begins to use it. */
  readonly #lock = new KeyedLock();

  constructor(rootDirectory: string, maps: BlockMaps) {
    this.#rootDirectory = rootDirectory;
    this.#maps = maps;
  }

  /** `name`: of the PersistentVolume. Throws VolumeError. */
  async prepare(uid: string, name: string, path: string): Promise<MappedDevice> {
    const map = this.#mapOf(uid, name);
    return this.#lock.run(name, async () => {
      const fresh = !(await this.#maps.isMapped(map));
      // Before anything is made: a path that is wrong leaves nothing.
      await resolveDevice(path);
      await this.#maps.begin(map);
      await this.#maps.map(path, map);
      return { ...map, fresh };
    });
  }

  async tearDown(uid: string): Promise<void> {
    const root = this.#folder();
    for (const name of await readdir(root).catch(ifAbsent)) {
      const map = this.#mapOf(uid, name);
      await this.#lock.run(name, async () => {
        if (!(await readdir(map.folder).catch(ifAbsent)).includes(uid)) return;
        await this.#maps.unmap(map);
        await this.#maps.end(map);
      });
    }
  }

  #folder(): string {
    return join(this.#rootDirectory, 'plugins', plugin, 'volumeDevices');
  }

  #mapOf(uid: string, name: string): BlockMap {
    const link = join(this.#rootDirectory, 'pods', uid, 'volumeDevices', plugin, name);
    return { folder: join(this.#folder(), name), uid, link };
  }
}

function ifAbsent(error: unknown): string[] {
  if (codeOf(error) === 'ENOENT') return [];
  throw error;
}
