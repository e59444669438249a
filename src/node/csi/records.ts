/** What is on disk of volumes that were published, beside their mounts: tear-down goes by nothing else. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { codeOf } from '../../base/errors.ts';
import { writeFileDurably } from '../../base/file.ts';
import type { AttachableVolume } from './attachments.ts';

export interface Published {
  readonly driver: string;
  readonly volumeHandle: string;
  /** Absent when the driver does not stage. */
  readonly staging?: string;
  /** It was attached to the node for this. */
  readonly attached?: boolean;
}

export interface FoundRecord {
  /** Of this pod's use of the volume. */
  readonly folder: string;
  readonly record: Published;
}

const recordFile = 'vol_data.json';
const kindFolder = 'kubernetes.io~csi';

/** Names a volume among those of all drivers. */
export const keyOf = ({ driver, volumeHandle }: AttachableVolume): string => `${driver}^${volumeHandle}`;

export class Records {
  readonly #pods: string;

  /** `pods`: the folder that has one for each pod. */
  constructor(pods: string) {
    this.#pods = pods;
  }

  /** The folder of a pod's volume; `mount` in it is where it is mounted. */
  folder(uid: string, name: string): string {
    return join(this.#pods, uid, 'volumes', kindFolder, name);
  }

  write(folder: string, record: Published): void {
    writeFileDurably(join(folder, recordFile), JSON.stringify(record));
  }

  async read(folder: string): Promise<Published | undefined> {
    const text = await readFile(join(folder, recordFile), 'utf8').catch(ifAbsent(''));
    return text === '' ? undefined : (JSON.parse(text) as Published);
  }

  async of(uid: string): Promise<readonly FoundRecord[]> {
    const root = join(this.#pods, uid, 'volumes', kindFolder);
    const found: FoundRecord[] = [];
    for (const name of await namesIn(root)) {
      const folder = join(root, name);
      const record = await this.read(folder);
      if (record !== undefined) found.push({ folder, record });
    }
    return found;
  }

  /** Volumes that were attached for pods, with the uids of these. */
  async attached(): Promise<readonly { readonly uid: string; readonly volume: AttachableVolume }[]> {
    const uids = await namesIn(this.#pods);
    const found = await Promise.all(
      uids.map(async (uid) =>
        (await this.of(uid))
          .filter(({ record }) => record.attached === true)
          .map(({ record }) => ({ uid, volume: record })),
      ),
    );
    return found.flat();
  }

  /** By another pod, or under another name by the same one. */
  async isUsedElsewhere({ folder: own, record }: FoundRecord): Promise<boolean> {
    for (const uid of await namesIn(this.#pods)) {
      const all = await this.of(uid);
      if (all.some((each) => each.folder !== own && keyOf(each.record) === keyOf(record))) return true;
    }
    return false;
  }
}

async function namesIn(folder: string): Promise<readonly string[]> {
  return readdir(folder).catch(ifAbsent([]));
}

export function ifAbsent<T>(value: T): (error: unknown) => T {
  return (error) => {
    const code = codeOf(error);
    if (code === 'ENOENT' || code === 'ENOTDIR') return value;
    throw error;
  };
}
