/**
 * Which images there are, and their content. Guarantees: an image that is listed has all its blobs and
 * layers; what no image and no container needs any more is deleted; `images.json` is replaced in one
 * durable step after everything that it names is durable.
 */
import { readFileSync, statSync } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../base/clock.ts';
import { writeFileDurably } from '../base/file.ts';
import type { Logger } from '../base/log.ts';
import type { Random } from '../base/random.ts';
import { BlobStore } from './blobs.ts';
import { LayerStore } from './layers.ts';
import { type ImageConfig, type Manifest, parseConfig, parseManifest, hostPlatform } from './manifest.ts';
import { StoreUsers } from './store-users.ts';
import { formatReference, isDigest, parseReference, repositoryOf } from './reference.ts';

export interface ImageRecord {
  /** Digest of the configuration. */
  readonly id: string;
  /** Digest of the manifest. */
  readonly manifest: string;
  readonly tags: readonly string[];
  /** `repository@sha256:...`. */
  readonly digests: readonly string[];
  /** Of the manifest, the configuration and the layers as they were transferred. */
  readonly sizeBytes: number;
  readonly config: ImageConfig;
  readonly blobs: readonly string[];
  readonly pinned: boolean;
}

interface Names {
  readonly tags: readonly string[];
  readonly digests: readonly string[];
  readonly pinned?: boolean;
}

export interface ImageStoreOptions {
  readonly root: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  /** Bytes that one layer may hold unpacked; 32 GiB when absent. */
  readonly maxLayerBytes?: number;
}

export class ImageStore {
  readonly blobs: BlobStore;
  readonly layers: LayerStore;
  readonly #root: string;
  readonly #images = new Map<string, ImageRecord>();
  /** Layers that containers have mounted, by folder name; counted. */
  readonly #inUse = new Map<string, number>();
  /** Work that adds content; deleting waits until there is none, so that it can't take what is just coming. */
  #adding = 0;
  #collectAfterwards = false;
  readonly #users: StoreUsers;
  /** Of the `images.json` that was read last. */
  #version = '';

  private constructor(root: string, users: StoreUsers, blobs: BlobStore, layers: LayerStore) {
    this.#users = users;
    this.#root = root;
    this.blobs = blobs;
    this.layers = layers;
  }

  static async open(options: ImageStoreOptions): Promise<ImageStore> {
    const { root, clock, random, log, maxLayerBytes = 32 * 1024 ** 3 } = options;
    const users = new StoreUsers(root, clock, random);
    const { owner } = users;
    const blobs = await BlobStore.open(root, random, owner);
    const layers = await LayerStore.open({ root: join(root, 'layers'), owner, random, log, maxLayerBytes });
    return new ImageStore(root, users, blobs, layers);
  }

  /** Waits for layers to be flushed, and leaves the store. */
  async close(): Promise<void> {
    await this.layers.flushed();
    this.#users.close();
  }

  list(): readonly ImageRecord[] {
    this.#refresh();
    return [...this.#images.values()];
  }

  /** By id, by a prefix of an id of at least 12 digits, or by name. undefined for names that aren't valid, too. */
  find(image: string): ImageRecord | undefined {
    const id = image.startsWith('sha256:') ? image : `sha256:${image}`;
    if (isDigest(id)) return this.list().find((record) => record.id === id);
    if (/^[a-f0-9]{12,63}$/.test(image)) {
      const found = this.list().filter((record) => record.id.startsWith(id));
      if (found.length === 1) return found[0];
    }
    const wanted = nameOf(image);
    if (wanted === undefined) return undefined;
    return this.list().find((record) => record.tags.includes(wanted) || record.digests.includes(wanted));
  }

  /** Runs work that adds content; nothing is collected meanwhile. */
  async adding<T>(work: () => Promise<T>): Promise<T> {
    this.#adding += 1;
    try {
      await this.#users.locked(() => this.#users.setAdding(true));
      return await work();
    } finally {
      this.#adding -= 1;
      await this.#users.locked(() => this.#users.setAdding(this.#adding > 0));
      if (this.#adding === 0 && this.#collectAfterwards) await this.collect();
    }
  }

  /**
   * Makes the image whose blobs are all here one that can be run: unpacks its layers and lists it under the
   * names. Names move: an image that had them loses them. Call within `adding`.
   */
  async add(manifestDigest: string, names: Names, signal: AbortSignal): Promise<ImageRecord> {
    const { manifest, config } = await this.readImage(manifestDigest);
    await this.unpack(manifest, config, signal);
    const size = await this.blobs.size(manifestDigest);
    return this.#users.locked(() => this.#addRecord(manifestDigest, manifest, config, size ?? 0, names));
  }

  #addRecord(manifestDigest: string, manifest: Manifest, config: ImageConfig, size: number, names: Names): ImageRecord {
    this.#refresh();
    const known = this.#images.get(manifest.config.digest);
    const sizes = [manifest.config, ...manifest.layers].map((blob) => blob.size);
    const record: ImageRecord = {
      id: manifest.config.digest,
      manifest: manifestDigest,
      tags: [...new Set([...(known?.tags ?? []), ...names.tags])],
      digests: [...new Set([...(known?.digests ?? []), ...names.digests])],
      sizeBytes: sizes.reduce((sum, each) => sum + each, size),
      config,
      blobs: [
        ...new Set([
          ...(known?.blobs ?? []),
          manifestDigest,
          manifest.config.digest,
          ...manifest.layers.map((layer) => layer.digest),
        ]),
      ],
      pinned: names.pinned ?? known?.pinned ?? false,
    };
    this.#moveNames(record);
    this.#images.set(record.id, record);
    this.#save();
    return record;
  }

  async readImage(manifestDigest: string): Promise<{ manifest: Manifest; config: ImageConfig }> {
    const parsed = parseManifest(await this.blobs.read(manifestDigest), hostPlatform());
    if ('next' in parsed) throw new Error(`${manifestDigest} is an index, not a manifest`);
    const { manifest } = parsed;
    const config = parseConfig(await this.blobs.read(manifest.config.digest), manifest.layers.length);
    return { manifest, config };
  }

  async unpack(manifest: Manifest, config: ImageConfig, signal: AbortSignal): Promise<void> {
    for (const [index, diffId] of config.rootfs.diff_ids.entries()) {
      const digest = manifest.layers[index]?.digest ?? '';
      await this.layers.ensure(diffId, () => this.blobs.stream(digest), signal);
    }
  }

  /**
   * Folder names of the image's layers, lowest first, held until released. The image may have lost its
   * layers to a power cut: they are then unpacked again.
   */
  async acquire(
    id: string,
    signal: AbortSignal,
  ): Promise<{ readonly layers: readonly string[]; readonly release: () => void }> {
    const record = this.find(id);
    if (record === undefined) throw new Error(`image ${id} is not here`);
    const layers = record.config.rootfs.diff_ids.map((diffId) => this.layers.nameOf(diffId));
    const release = this.hold(layers);
    try {
      const { manifest, config } = await this.readImage(record.manifest);
      await this.unpack(manifest, config, signal);
    } catch (error) {
      release();
      throw error;
    }
    return { layers, release };
  }

  /** Keeps layers from being deleted; the runtime does this at its start for the containers that it finds. */
  hold(layers: readonly string[]): () => void {
    for (const layer of layers) this.#inUse.set(layer, (this.#inUse.get(layer) ?? 0) + 1);
    let held = true;
    return () => {
      if (!held) return;
      held = false;
      for (const layer of layers) {
        const count = (this.#inUse.get(layer) ?? 1) - 1;
        if (count === 0) this.#inUse.delete(layer);
        else this.#inUse.set(layer, count);
      }
    };
  }

  /** By id: the image with all its names. By name: that name, and the image with its last one. */
  async remove(image: string): Promise<boolean> {
    const removed = await this.#users.locked(() => this.#removeName(image));
    if (removed) await this.collect();
    return removed;
  }

  #removeName(image: string): boolean {
    const record = this.find(image);
    if (record === undefined) return false;
    const name = nameOf(image);
    const tags = record.tags.filter((tag) => tag !== name);
    const byName = record.tags.length !== tags.length && tags.length > 0;
    if (byName) this.#images.set(record.id, { ...record, tags });
    else this.#images.delete(record.id);
    this.#save();
    return true;
  }

  /** Deletes blobs and layers that nothing needs. */
  async collect(): Promise<void> {
    if (this.#adding > 0) {
      this.#collectAfterwards = true;
      return;
    }
    this.#collectAfterwards = false;
    await this.#users.locked(() => this.#sweep());
  }

  /** Under the lock, so that nobody begins to add. What others are adding is left to a later time. */
  async #sweep(): Promise<void> {
    if (this.#adding > 0 || this.#users.othersAreAdding()) return;
    const mounts = this.#users.mounts();
    const records = this.list();
    const neededBlobs = new Set(records.flatMap((record) => record.blobs));
    const diffIds = records.flatMap((record) => record.config.rootfs.diff_ids);
    const neededLayers = new Set(diffIds.map((diffId) => this.layers.nameOf(diffId)));
    for (const digest of await this.blobs.list()) if (!neededBlobs.has(digest)) await this.blobs.remove(digest);
    for (const name of await this.layers.list()) {
      if (!neededLayers.has(name) && !this.#inUse.has(name) && !mounts.includes(name)) await this.layers.remove(name);
    }
  }

  /** Bytes and inodes that all images take; walks the store. */
  async usage(): Promise<{ path: string; usedBytes: number; inodesUsed: number }> {
    const totals = { path: this.#root, usedBytes: 0, inodesUsed: 0 };
    const seen = new Set<number>();
    for (const entry of await readdir(this.#root, { recursive: true, withFileTypes: true })) {
      const found = await stat(join(entry.parentPath, entry.name)).catch(() => undefined);
      if (found === undefined || seen.has(found.ino)) continue;
      seen.add(found.ino);
      totals.inodesUsed += 1;
      totals.usedBytes += found.blocks * 512;
    }
    return totals;
  }

  #moveNames(to: ImageRecord): void {
    for (const other of this.#images.values()) {
      if (other.id === to.id || !other.tags.some((tag) => to.tags.includes(tag))) continue;
      this.#images.set(other.id, { ...other, tags: other.tags.filter((tag) => !to.tags.includes(tag)) });
    }
  }

  /** Reads what is on disk, unless it is what was read or written last. */
  #refresh(): void {
    const version = this.#versionOnDisk();
    if (version === this.#version) return;
    const records =
      version === ''
        ? []
        : (JSON.parse(readFileSync(join(this.#root, 'images.json'), 'utf8')) as readonly ImageRecord[]);
    this.#images.clear();
    for (const record of records) this.#images.set(record.id, record);
    this.#version = version;
  }

  #versionOnDisk(): string {
    const found = statSync(join(this.#root, 'images.json'), { throwIfNoEntry: false });
    return found === undefined ? '' : `${found.ino} ${found.mtimeMs} ${found.size}`;
  }

  #save(): void {
    writeFileDurably(join(this.#root, 'images.json'), JSON.stringify([...this.#images.values()]));
    this.#version = this.#versionOnDisk();
  }
}

function nameOf(image: string): string | undefined {
  try {
    const reference = parseReference(image);
    if (reference.digest !== undefined) return `${repositoryOf(reference)}@${reference.digest}`;
    return formatReference(reference);
  } catch {
    return undefined;
  }
}
