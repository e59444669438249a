/** Brings one image's content from a registry into the store: manifest, configuration, layers. */
import { createHash } from 'node:crypto';
import type { Clock } from '../base/clock.ts';
import { requireSpace } from './disk-space.ts';
import { type HttpAnswer, HttpError } from './http.ts';
import type { ImageStore } from './image-store.ts';
import { ContentError, type Descriptor, type Manifest, parseConfig, parseManifest, type Platform } from './manifest.ts';
import type { Registry, RegistryError } from './registry.ts';
import { SharedWork } from './shared-work.ts';

export interface DownloadOptions {
  readonly store: ImageStore;
  readonly clock: Clock;
  readonly platform: Platform;
  /** Layers on their way at the same time. */
  readonly concurrency: number;
  /** Attempts per blob; each goes on where the last one broke off. */
  readonly attempts: number;
  /** Milliseconds before the second attempt; doubles. */
  readonly retryDelay: number;
  /** Bytes that one blob may have. */
  readonly maxBlobBytes: number;
}

export interface Downloaded {
  /** Digest of what the name points to: an index's, when there is one. */
  readonly target: string;
  /** Digest of the manifest for this platform. */
  readonly manifest: string;
}

/** Milliseconds. */
const longestRetryAfter = 10_000;
/** Bytes. It is read into memory, other than layers. */
const maxConfigBytes = 8 * 1024 * 1024;

export class Downloader {
  readonly #options: DownloadOptions;
  readonly #blobs = new SharedWork<void>();

  constructor(options: DownloadOptions) {
    this.#options = options;
  }

  /** What the name means now. Costs one request when the image is already here. Call within `store.adding`. */
  async resolve(
    registry: Registry,
    reference: string,
    digest: string | undefined,
    signal: AbortSignal,
  ): Promise<Downloaded> {
    const { platform, store } = this.#options;
    const { bytes } = await this.#retrying(signal, () => registry.manifest(digest ?? reference, signal));
    const target = digestOf(bytes);
    if (digest !== undefined && digest !== target) {
      throw new ContentError(`manifest digest mismatch: expected ${digest}, got ${target}`);
    }
    const parsed = parseManifest(bytes, platform);
    if ('manifest' in parsed) {
      await store.blobs.put([bytes], { digest: target });
      return { target, manifest: target };
    }
    const { next } = parsed;
    if ((await store.blobs.size(next.digest)) === undefined) {
      const inner = await this.#retrying(signal, () => registry.manifest(next.digest, signal));
      await store.blobs.put([inner.bytes], { digest: next.digest, size: next.size });
    }
    return { target, manifest: next.digest };
  }

  /** Downloads and unpacks all that the manifest names and the store lacks. Call within `store.adding`. */
  async content(registry: Registry, manifestDigest: string, signal: AbortSignal): Promise<void> {
    const { store, platform, concurrency } = this.#options;
    const parsed = parseManifest(await store.blobs.read(manifestDigest), platform);
    if ('next' in parsed) throw new ContentError(`${manifestDigest} is an index within an index`);
    const { manifest } = parsed;
    await this.#blob(registry, manifest.config, signal, maxConfigBytes);
    const config = parseConfig(await store.blobs.read(manifest.config.digest), manifest.layers.length);
    const stop = new AbortController();
    const combined = AbortSignal.any([signal, stop.signal]);
    const waiting = [...manifest.layers.keys()];
    const worker = async (): Promise<void> => {
      for (let index = waiting.shift(); index !== undefined; index = waiting.shift()) {
        await this.#layer(registry, manifest, config.rootfs.diff_ids[index] ?? '', index, combined);
      }
    };
    const workers = Array.from({ length: Math.min(concurrency, waiting.length) }, worker);
    try {
      await Promise.all(workers);
    } catch (error) {
      stop.abort(error);
      await Promise.allSettled(workers);
      throw error;
    }
  }

  async #layer(
    registry: Registry,
    manifest: Manifest,
    diffId: string,
    index: number,
    signal: AbortSignal,
  ): Promise<void> {
    const layer = manifest.layers[index];
    if (layer === undefined) return;
    const { store } = this.#options;
    await this.#blob(registry, layer, signal);
    await store.layers.ensure(diffId, () => store.blobs.stream(layer.digest), signal);
  }

  async #blob(
    registry: Registry,
    blob: Descriptor,
    signal: AbortSignal,
    most = this.#options.maxBlobBytes,
  ): Promise<void> {
    const { store } = this.#options;
    if (blob.size > most) {
      throw new ContentError(`blob ${blob.digest} has ${blob.size} bytes, more than the ${most} allowed`);
    }
    if ((await store.blobs.size(blob.digest)) !== undefined) return;
    await requireSpace(store.blobs.root, blob.size, `blob ${blob.digest}`);
    await this.#blobs.run(blob.digest, signal, (shared) => this.#fetch(registry, blob, shared));
  }

  async #fetch(registry: Registry, blob: Descriptor, signal: AbortSignal): Promise<void> {
    const ingest = await this.#options.store.blobs.ingest({ digest: blob.digest, size: blob.size });
    try {
      await this.#retrying(signal, async () => {
        if (ingest.size === blob.size && blob.size > 0) return;
        const { start, body } = await registry.blob(blob.digest, ingest.size, signal);
        await copy(body, ingest.size - start, (chunk) => ingest.write(chunk));
        if (ingest.size < blob.size) {
          throw new HttpError(`blob ${blob.digest} ends after ${ingest.size} of ${blob.size} bytes: unexpected EOF`);
        }
      });
      await ingest.commit();
    } catch (error) {
      await ingest.abandon();
      throw error;
    }
  }

  /** Repeats what failed by the network or by the registry's own trouble; answers of "no" are final. */
  async #retrying<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    const { attempts, retryDelay, clock } = this.#options;
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await work();
      } catch (error) {
        if (attempt >= attempts || signal.aborted || !isPassing(error)) throw error;
        const asked = (error as Partial<RegistryError>).retryAfter ?? 0;
        // Longer than that is for the caller to wait: its back-off leaves the place to other pulls.
        if (asked > longestRetryAfter) throw error;
        await clock.sleep(Math.max(asked, retryDelay * 2 ** (attempt - 1)), signal);
      }
    }
  }
}

/** A registry that ignores the range sends everything again: `skip` bytes of it are here already. */
async function copy(answer: HttpAnswer, skip: number, write: (chunk: Buffer) => Promise<void>): Promise<void> {
  let left = skip;
  for await (const chunk of answer.body) {
    if (left >= chunk.length) {
      left -= chunk.length;
      continue;
    }
    await write(left > 0 ? chunk.subarray(left) : chunk);
    left = 0;
  }
}

function isPassing(error: unknown): boolean {
  if (error instanceof HttpError) return error.passing;
  const status = (error as Partial<RegistryError>).status;
  return status !== undefined && (status === 429 || status >= 500);
}

function digestOf(bytes: Uint8Array): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}
