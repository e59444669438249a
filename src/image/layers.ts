/**
 * Unpacked layers, each once however many images share it: `layers/<first 24 hex digits of the diff id>`.
 *
 * Guarantees: a layer that is there is whole. It is unpacked aside and renamed. Flushing a big tree takes
 * longer than unpacking it, so that happens afterwards; until it is done the layer carries the boot it was
 * unpacked in, and after a power cut it is dropped and unpacked again from its (durable) blob.
 */
import { readFileSync } from 'node:fs';
import { mkdir, readFile, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Readable } from 'node:stream';
import { codeOf, messageOf } from '../base/errors.ts';
import type { Logger } from '../base/log.ts';
import type { Random } from '../base/random.ts';
import { SharedWork } from './shared-work.ts';
import { isLeftover } from './store-users.ts';
import { unpackLayer } from './unpack.ts';

export interface LayerStoreOptions {
  readonly root: string;
  /** Of half-unpacked layers' names. */
  readonly owner: string;
  readonly random: Random;
  readonly log: Logger;
  /** Bytes that one layer may hold. */
  readonly maxLayerBytes: number;
}

const unflushedSuffix = '.unflushed';

export class LayerStore {
  readonly #options: LayerStoreOptions;
  readonly #bootId: string;
  readonly #unpacking = new SharedWork<void>();
  readonly #flushing = new Set<Promise<void>>();

  private constructor(options: LayerStoreOptions, bootId: string) {
    this.#options = options;
    this.#bootId = bootId;
  }

  static async open(options: LayerStoreOptions): Promise<LayerStore> {
    const bootId = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
    await mkdir(options.root, { recursive: true });
    const store = new LayerStore(options, bootId);
    await store.#clean();
    return store;
  }

  /** Folder that holds all layers; overlay mounts name them relative to it, which keeps the option short. */
  get root(): string {
    return this.#options.root;
  }

  nameOf(diffId: string): string {
    return diffId.slice('sha256:'.length, 'sha256:'.length + 24);
  }

  async has(diffId: string): Promise<boolean> {
    try {
      await stat(join(this.root, this.nameOf(diffId)));
      return true;
    } catch (error) {
      if (codeOf(error) === 'ENOENT') return false;
      throw error;
    }
  }

  async list(): Promise<readonly string[]> {
    return (await readdir(this.root)).filter((name) => /^[a-f0-9]{24}$/.test(name));
  }

  /** Unpacks the layer unless it is here. */
  async ensure(diffId: string, blob: () => Readable, signal: AbortSignal): Promise<void> {
    if (await this.has(diffId)) return;
    await this.#unpacking.run(diffId, signal, async (shared) => {
      if (!(await this.has(diffId))) await this.#unpack(diffId, blob(), shared);
    });
  }

  /** Moves it away first: a layer that is half deleted must not look whole. */
  async remove(name: string): Promise<void> {
    const aside = this.#asidePath();
    try {
      await rename(join(this.root, name), aside);
    } catch (error) {
      if (codeOf(error) !== 'ENOENT') throw error;
    }
    await rm(aside, { recursive: true, force: true });
    await rm(join(this.root, name + unflushedSuffix), { force: true });
  }

  #asidePath(): string {
    return join(this.root, `tmp-${this.#options.owner}-${Buffer.from(this.#options.random.bytes(8)).toString('hex')}`);
  }

  /** Resolves when everything unpacked so far is on the disk. */
  async flushed(): Promise<void> {
    await Promise.all(this.#flushing);
  }

  async #unpack(diffId: string, blob: Readable, signal: AbortSignal): Promise<void> {
    const name = this.nameOf(diffId);
    const aside = this.#asidePath();
    await mkdir(aside, { mode: 0o755 });
    try {
      await unpackLayer(blob, { into: aside, diffId, maxBytes: this.#options.maxLayerBytes, signal });
      await writeFile(join(this.root, name + unflushedSuffix), this.#bootId);
      await this.#publish(aside, name);
    } catch (error) {
      await rm(aside, { recursive: true, force: true });
      throw error;
    }
    this.#flushLater(name);
  }

  /** Another process may have been faster: its layer is as good. */
  async #publish(aside: string, name: string): Promise<void> {
    try {
      await rename(aside, join(this.root, name));
    } catch (error) {
      if (codeOf(error) !== 'ENOTEMPTY' && codeOf(error) !== 'EEXIST') throw error;
      await rm(aside, { recursive: true, force: true });
    }
  }

  #flushLater(name: string): void {
    const work = this.#flush(name)
      .catch((error: unknown) => {
        this.#options.log.warn('cannot flush layer; it will be unpacked again after a reboot', {
          layer: name,
          error: messageOf(error),
        });
      })
      .finally(() => this.#flushing.delete(work));
    this.#flushing.add(work);
  }

  /** Writes back the file system (syncfs), then forgets the mark. */
  async #flush(name: string): Promise<void> {
    const child = spawn('sync', ['--file-system', this.root], { stdio: 'ignore' });
    const [code] = (await once(child, 'close')) as [number | null];
    if (code !== 0) throw new Error(`sync ended with ${code}`);
    await rm(join(this.root, name + unflushedSuffix), { force: true });
  }

  /** Drops what was being unpacked when the last process ended, and what a power cut may have torn. */
  async #clean(): Promise<void> {
    for (const name of await readdir(this.root)) {
      if (name.startsWith('tmp-') && isLeftover(name.slice('tmp-'.length))) {
        await rm(join(this.root, name), { recursive: true, force: true });
      }
      if (!name.endsWith(unflushedSuffix)) continue;
      const layer = name.slice(0, -unflushedSuffix.length);
      if ((await readFile(join(this.root, name), 'utf8')) === this.#bootId) this.#flushLater(layer);
      else await this.remove(layer);
    }
  }
}
