/**
 * Content by digest, on disk: `blobs/sha256/<hex>`. Guarantees: a blob that is there is whole, has the
 * digest of its name and survives a power cut (written aside, fsync'ed, renamed, folder fsync'ed).
 */
import { createHash, type Hash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { type FileHandle, mkdir, open, readFile, readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { codeOf } from '../base/errors.ts';
import type { Random } from '../base/random.ts';
import { ContentError } from './manifest.ts';
import { isLeftover } from './store-users.ts';

export interface Expected {
  /** Absent: whatever the content's digest is. */
  readonly digest?: string;
  readonly size?: number;
}

export class BlobStore {
  readonly #owner: string;
  readonly #root: string;
  readonly #random: Random;

  private constructor(root: string, random: Random, owner: string) {
    this.#owner = owner;
    this.#root = root;
    this.#random = random;
  }

  /** Opens the store under `root`, dropping what processes that are gone left half-written. */
  static async open(root: string, random: Random, owner: string): Promise<BlobStore> {
    await mkdir(join(root, 'ingest'), { recursive: true });
    for (const name of await readdir(join(root, 'ingest')))
      if (isLeftover(name)) await rm(join(root, 'ingest', name), { force: true });
    await mkdir(join(root, 'blobs', 'sha256'), { recursive: true });
    return new BlobStore(root, random, owner);
  }

  get root(): string {
    return this.#root;
  }

  path(digest: string): string {
    return join(this.#root, 'blobs', 'sha256', digest.slice('sha256:'.length));
  }

  /** Bytes of the blob, or undefined when it isn't here. */
  async size(digest: string): Promise<number | undefined> {
    try {
      return (await stat(this.path(digest))).size;
    } catch (error) {
      if (codeOf(error) === 'ENOENT') return undefined;
      throw error;
    }
  }

  read(digest: string): Promise<Buffer> {
    return readFile(this.path(digest));
  }

  stream(digest: string): Readable {
    return createReadStream(this.path(digest), { highWaterMark: 256 * 1024 });
  }

  async list(): Promise<readonly string[]> {
    return (await readdir(join(this.#root, 'blobs', 'sha256'))).map((hex) => `sha256:${hex}`);
  }

  async remove(digest: string): Promise<void> {
    await rm(this.path(digest), { force: true });
  }

  /** Starts a new blob. The caller must `commit` or `abandon` it. */
  async ingest(expected: Expected = {}): Promise<Ingest> {
    const path = join(this.#root, 'ingest', `${this.#owner}-${Buffer.from(this.#random.bytes(8)).toString('hex')}`);
    return new Ingest(this, path, await open(path, 'wx', 0o600), expected);
  }

  async put(content: AsyncIterable<Uint8Array> | Iterable<Uint8Array>, expected: Expected = {}): Promise<string> {
    const ingest = await this.ingest(expected);
    try {
      for await (const chunk of content) await ingest.write(chunk);
      return await ingest.commit();
    } catch (error) {
      await ingest.abandon();
      throw error;
    }
  }
}

/** A blob on its way in. Writes are sequential; the digest is computed as bytes come. */
export class Ingest {
  readonly #store: BlobStore;
  readonly #path: string;
  readonly #file: FileHandle;
  readonly #expected: Expected;
  readonly #hash: Hash = createHash('sha256');
  #size = 0;
  #closed = false;

  constructor(store: BlobStore, path: string, file: FileHandle, expected: Expected) {
    this.#store = store;
    this.#path = path;
    this.#file = file;
    this.#expected = expected;
  }

  /** Bytes so far: where a resumed download goes on. */
  get size(): number {
    return this.#size;
  }

  /** Throws ContentError as soon as there is more than announced. */
  async write(chunk: Uint8Array): Promise<void> {
    const limit = this.#expected.size;
    if (limit !== undefined && this.#size + chunk.length > limit) {
      throw new ContentError(`content is larger than the announced ${limit} bytes`);
    }
    this.#hash.update(chunk);
    this.#size += chunk.length;
    for (let done = 0; done < chunk.length;) {
      done += (await this.#file.write(chunk, done, chunk.length - done)).bytesWritten;
    }
  }

  /** Verifies and publishes; returns the digest. */
  async commit(): Promise<string> {
    const digest = `sha256:${this.#hash.digest('hex')}`;
    const { digest: wanted, size } = this.#expected;
    if (size !== undefined && size !== this.#size) {
      throw new ContentError(`content ends after ${this.#size} of ${size} bytes: unexpected EOF`);
    }
    if (wanted !== undefined && wanted !== digest) {
      throw new ContentError(`content digest mismatch: expected ${wanted}, got ${digest}`);
    }
    await this.#file.sync();
    await this.#close();
    const target = this.#store.path(digest);
    await rename(this.#path, target);
    await syncFolder(join(target, '..'));
    return digest;
  }

  /** Drops what was written. Does nothing after a commit. */
  async abandon(): Promise<void> {
    await this.#close();
    await rm(this.#path, { force: true });
  }

  async #close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.#file.close();
  }
}

/** Makes renames and creations in a folder survive a power cut. */
async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
