/**
 * What the runtime must remember, one folder per sandbox and container with a `record.json` that is
 * replaced in one step. Not flushed: after a power cut nothing runs any more, and what cannot be read
 * is cleaned away like what isn't there.
 */
import { mkdirSync, readFileSync, readdirSync, renameSync, writeFileSync } from 'node:fs';
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

  constructor(root: string) {
    this.#root = root;
    mkdirSync(root, { recursive: true });
  }

  /** Records that can be read, and names of folders whose record can't. */
  load(): { readonly records: readonly T[]; readonly damaged: readonly string[] } {
    const records: T[] = [];
    const damaged: string[] = [];
    for (const name of readdirSync(this.#root)) {
      const record = this.#read(name);
      if (record === undefined) damaged.push(name);
      else records.push(record);
    }
    return { records, damaged };
  }

  save(record: T): void {
    const folder = join(this.#root, record.id);
    const temporary = join(folder, '.record.json');
    try {
      writeFileSync(temporary, JSON.stringify(record));
    } catch (error) {
      if (codeOf(error) !== 'ENOENT') throw error;
      mkdirSync(folder, { recursive: true, mode: 0o700 });
      writeFileSync(temporary, JSON.stringify(record));
    }
    renameSync(temporary, join(folder, 'record.json'));
  }

  async remove(id: string): Promise<void> {
    await rm(join(this.#root, id), { recursive: true, force: true });
  }

  #read(name: string): T | undefined {
    try {
      const record = JSON.parse(readFileSync(join(this.#root, name, 'record.json'), 'utf8')) as T;
      return record.id === name ? record : undefined;
    } catch (error) {
      if (codeOf(error) === 'ENOENT' || codeOf(error) === 'ENOTDIR' || error instanceof SyntaxError) return undefined;
      throw error;
    }
  }
}
