/**
 * What the runtime must remember, one folder per sandbox and container. Each version of a record is a file of
 * its own, `record.<n>.json`; the one before is deleted when it is written, and a reader takes the newest that
 * is whole. Not renamed over the old one: ext4 then flushes the new file, milliseconds at a time. Not flushed:
 * after a power cut nothing runs any more, and what cannot be read is cleaned away like what isn't there.
 */
import { mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { codeOf } from '../../base/errors.ts';
import type { ImageConfig } from '../../image/manifest.ts';
import type { NamespaceFiles } from '../../network/netns.ts';
import type { ContainerConfig, ContainerStatus, Mount, NamespaceOptions, SandboxConfig } from '../runtime.ts';

export interface SandboxRecord {
  readonly id: string;
  readonly config: SandboxConfig;
  readonly createdAt: number;
  readonly state: 'creating' | 'ready' | 'notReady' | 'removing';
  readonly ips: readonly string[];
  readonly namespaces: NamespaceFiles;
  readonly hostLink?: string;
  readonly sharedMemory?: string;
  /** Init of a pid namespace that the containers share. */
  readonly pid?: ProcessIdentity;
}

/** A process for good: pids come again, start times with them don't. */
export interface ProcessIdentity {
  readonly pid: number;
  /** Clock ticks since boot, and the boot. */
  readonly startedAt: string;
}

/**
 * starting: nothing of the image has run yet, and if the agent ends now nothing will.
 * releasing: the process is being let go; it may have run.
 */
export type Phase = 'created' | 'starting' | 'releasing' | 'running' | 'exited' | 'removing';

export interface ContainerRecord {
  readonly id: string;
  readonly sandboxId: string;
  /** The sandbox's, kept because it outlives it. */
  readonly cgroupParent: string;
  readonly logDirectory: string;
  readonly handler: string;
  readonly namespaces: NamespaceOptions;
  readonly config: ContainerConfig;
  readonly createdAt: number;
  readonly phase: Phase;
  readonly startedAt: number;
  readonly finishedAt: number;
  readonly exitCode: number;
  readonly reason: string;
  readonly message: string;
  readonly process?: ProcessIdentity;
  readonly image: ImageConfig['config'];
  readonly imageRef: string;
  /** Folder names of the image's layers, lowest first. */
  readonly layers: readonly string[];
  /** As configured, with images resolved to where they are mounted; and these images' layers. */
  readonly mounts?: readonly Mount[];
  readonly volumeLayers?: readonly string[];
  readonly user?: NonNullable<ContainerStatus['user']>;
}

export class RecordFolder<T extends { readonly id: string }> {
  readonly #root: string;
  /** Number of the newest version, by id. */
  readonly #versions = new Map<string, number>();

  constructor(root: string) {
    this.#root = root;
    mkdirSync(root, { recursive: true });
  }

  /** Records that can be read, and names of folders whose record can't. */
  load(): { readonly records: readonly T[]; readonly damaged: readonly string[] } {
    const records: T[] = [];
    const damaged: string[] = [];
    for (const name of readdirSync(this.#root)) {
      const record = this.#newest(name);
      if (record === undefined) damaged.push(name);
      else records.push(record);
    }
    return { records, damaged };
  }

  save(record: T): void {
    const before = this.#versions.get(record.id) ?? 0;
    const text = JSON.stringify(record);
    const folder = join(this.#root, record.id);
    if (before === 0) mkdirSync(folder, { recursive: true, mode: 0o700 });
    writeFileSync(join(folder, fileName(before + 1)), text);
    this.#versions.set(record.id, before + 1);
    if (before > 0) rmSync(join(folder, fileName(before)), { force: true });
  }

  async remove(id: string): Promise<void> {
    this.#versions.delete(id);
    await rm(join(this.#root, id), { recursive: true, force: true });
  }

  #newest(name: string): T | undefined {
    const folder = join(this.#root, name);
    let newest: T | undefined;
    this.#versions.set(name, 0);
    for (const version of versionsIn(folder)) {
      const file = join(folder, fileName(version));
      const record = newest === undefined ? readRecord<T>(file, name) : undefined;
      // Old ones, and one whose writer was killed: if it stayed, an old one could outlive a newer again.
      if (record === undefined) rmSync(file, { force: true });
      else this.#versions.set(name, version);
      newest ??= record;
    }
    return newest;
  }
}

const fileName = (version: number): string => `record.${version}.json`;

/** Newest first. */
function versionsIn(folder: string): readonly number[] {
  try {
    const found = readdirSync(folder).map((name) => Number(/^record\.(\d+)\.json$/.exec(name)?.[1] ?? 0));
    return found.filter((version) => version > 0).toSorted((a, b) => b - a);
  } catch (error) {
    if (codeOf(error) === 'ENOTDIR') return [];
    throw error;
  }
}

/** undefined when it was cut off while it was written. */
function readRecord<T extends { readonly id: string }>(file: string, id: string): T | undefined {
  try {
    const record = JSON.parse(readFileSync(file, 'utf8')) as T;
    return record.id === id ? record : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
