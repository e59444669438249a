/** The image service: pulls, lists, removes, loads and saves. */
import { createHash } from 'node:crypto';
import type { Clock } from '../base/clock.ts';
import type { Logger } from '../base/log.ts';
import type { Random } from '../base/random.ts';
import { loadArchive, saveArchive } from './archive.ts';
import { Downloader } from './download.ts';
import { HttpClient } from './http.ts';
import { type ImageRecord, ImageStore } from './image-store.ts';
import { hostPlatform } from './manifest.ts';
import { type ImageSource, registryMirror, type RegistryMirrorOptions, sourceMirror } from './mirror.ts';
import { parseImageName, Puller } from './puller.ts';
import { repositoryOf } from './reference.ts';
import type { ImageInfo, ImageService, PullResult, RegistryAuth } from './service.ts';

export interface ImagesOptions {
  /** Folder of the content store. */
  readonly root: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  /** Registries to ask when the one in the name can't be reached. */
  readonly mirrors?: readonly RegistryMirrorOptions[];
  /** Images made here when the registry in their name can't be reached or hasn't got them. Given the store. */
  readonly sources?: (store: ImageStore) => readonly ImageSource[];
  /** Hosts besides loopback that are spoken to without TLS. */
  readonly insecureHosts?: readonly string[];
  readonly authorities?: Readonly<Record<string, string>>;
  readonly answerTimeout?: number;
  readonly idleTimeout?: number;
  readonly mirrorPatience?: number;
  readonly unreachableFor?: number;
  readonly retryDelay?: number;
  readonly maxLayerBytes?: number;
}

/**
 * Repositories below this have no content: containers of the runtime's built-in handler name them, so that
 * a pod of a built-in program has an image like any other.
 */
export const builtinRepository = 'coracle.internal/';

const usageMaxAge = 30_000;

export class Images implements ImageService {
  readonly store: ImageStore;
  readonly #puller: Puller;
  readonly #http: HttpClient;
  readonly #clock: Clock;
  #usage: { readonly at: number; readonly value: ReturnType<ImageStore['usage']> } | undefined;

  private constructor(store: ImageStore, puller: Puller, http: HttpClient, clock: Clock) {
    this.store = store;
    this.#puller = puller;
    this.#http = http;
    this.#clock = clock;
  }

  static async open(options: ImagesOptions): Promise<Images> {
    const { clock, log } = options;
    const store = await ImageStore.open(options);
    const http = new HttpClient({
      clock,
      answerTimeout: options.answerTimeout ?? 30_000,
      idleTimeout: options.idleTimeout ?? 60_000,
      ...(options.insecureHosts === undefined ? {} : { insecureHosts: options.insecureHosts }),
      ...(options.authorities === undefined ? {} : { authorities: options.authorities }),
    });
    const downloader = new Downloader({
      store,
      clock,
      platform: hostPlatform(),
      concurrency: 3,
      attempts: 5,
      retryDelay: options.retryDelay ?? 500,
      maxBlobBytes: options.maxLayerBytes ?? 32 * 1024 ** 3,
    });
    const puller: Puller = new Puller({
      store,
      clock,
      log,
      http,
      downloader,
      mirrors: [
        ...(options.mirrors ?? []).map((mirror) => registryMirror(mirror, () => puller)),
        ...(options.sources?.(store) ?? []).map((source) => sourceMirror(source, store)),
      ],
      mirrorPatience: options.mirrorPatience ?? 2_000,
      unreachableFor: options.unreachableFor ?? 60_000,
    });
    return new Images(store, puller, http, clock);
  }

  /** Closes connections and waits for layers to be flushed. */
  async close(): Promise<void> {
    this.#http.close();
    await this.store.close();
  }

  listImages(): Promise<readonly ImageInfo[]> {
    return Promise.resolve(this.store.list().map(infoOf));
  }

  imageStatus(image: string): Promise<ImageInfo | undefined> {
    const record = this.store.find(image);
    return Promise.resolve(record === undefined ? builtinImage(image) : infoOf(record));
  }

  async pullImage(image: string, auth: readonly RegistryAuth[], signal: AbortSignal): Promise<PullResult> {
    const builtin = builtinImage(image);
    if (builtin !== undefined) return { id: builtin.id, ref: builtin.repoDigests[0] ?? '', sizeBytes: 0 };
    this.#usage = undefined;
    return this.#puller.pull(image, auth, signal);
  }

  async removeImage(image: string): Promise<void> {
    this.#usage = undefined;
    await this.store.remove(image);
  }

  async imageFsInfo(): Promise<{ readonly path: string; readonly usedBytes: number; readonly inodesUsed: number }> {
    const now = this.#clock.monotonic();
    if (this.#usage === undefined || now - this.#usage.at > usageMaxAge) {
      this.#usage = { at: now, value: this.store.usage() };
    }
    return this.#usage.value;
  }

  /** Loads every image of an OCI layout tar or docker-archive tar; returns what was loaded. */
  load(archive: AsyncIterable<Uint8Array>, signal: AbortSignal): Promise<readonly ImageInfo[]> {
    this.#usage = undefined;
    return this.store.adding(async () => (await loadArchive(this.store, archive, signal)).map(infoOf));
  }

  /** An OCI layout tar (which docker reads, too) of the named images. Throws ImageError when one isn't here. */
  save(images: readonly string[]): AsyncIterable<Uint8Array> {
    return saveArchive(this.store, images);
  }
}

function infoOf(record: ImageRecord): ImageInfo {
  const [user = ''] = (record.config.config.User ?? '').split(':');
  return {
    id: record.id,
    repoTags: record.tags,
    repoDigests: record.digests,
    sizeBytes: record.sizeBytes,
    ...(user === '' ? {} : /^\d+$/.test(user) ? { uid: Number(user) } : { username: user }),
    volumes: Object.keys(record.config.config.Volumes ?? {}),
    pinned: record.pinned,
  };
}

function builtinImage(image: string): ImageInfo | undefined {
  const digest = (text: string): string => `sha256:${createHash('sha256').update(text).digest('hex')}`;
  if (!image.startsWith(builtinRepository)) return undefined;
  const reference = parseImageName(image);
  const id = digest(image);
  return {
    id,
    repoTags: [image],
    repoDigests: [`${repositoryOf(reference)}@${id}`],
    sizeBytes: 0,
    volumes: [],
    pinned: true,
  };
}
