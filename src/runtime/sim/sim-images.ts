/** An image service without images: every valid name can be pulled, unless the test says otherwise. */
import { createHash } from 'node:crypto';
import type { Clock } from '../../base/clock.ts';
import { formatReference, isDigest, repositoryOf } from '../../image/reference.ts';
import { parseImageName } from '../../image/puller.ts';
import type { ImageError, ImageInfo, ImageService, PullResult, RegistryAuth } from '../../image/service.ts';

interface SimImage {
  readonly sizeBytes?: number;
  /** The image's user. */
  readonly uid?: number;
  readonly username?: string;
  readonly mirror?: string;
}

export interface SimImagesOptions {
  readonly clock: Clock;
  /** Milliseconds that a pull takes. */
  readonly pullDelay?: number;
  /** What a name stands for, or the error that its pull fails with. */
  readonly image?: (name: string, auth: readonly RegistryAuth[]) => SimImage | ImageError;
}

export class SimImages implements ImageService {
  readonly #options: SimImagesOptions;
  readonly #images = new Map<string, ImageInfo>();
  /** Names in the order in which they were pulled. */
  readonly pulls: string[] = [];

  constructor(options: SimImagesOptions) {
    this.#options = options;
  }

  listImages(): Promise<readonly ImageInfo[]> {
    return Promise.resolve([...this.#images.values()]);
  }

  imageStatus(image: string): Promise<ImageInfo | undefined> {
    return Promise.resolve(this.#find(image));
  }

  async pullImage(image: string, auth: readonly RegistryAuth[], signal: AbortSignal): Promise<PullResult> {
    const reference = parseImageName(image);
    const name = formatReference(reference);
    this.pulls.push(name);
    if ((this.#options.pullDelay ?? 0) > 0) await this.#options.clock.sleep(this.#options.pullDelay ?? 0, signal);
    const found = this.#options.image?.(name, auth) ?? {};
    if (found instanceof Error) throw found;
    const id = `sha256:${createHash('sha256').update(name).digest('hex')}`;
    const ref = `${repositoryOf(reference)}@${reference.digest ?? id}`;
    const { mirror, sizeBytes = 1024 * 1024, ...user } = found;
    const tags = reference.digest === undefined ? [name] : [];
    this.#images.set(id, { id, repoTags: tags, repoDigests: [ref], sizeBytes, ...user, volumes: [], pinned: false });
    return { id, ref, sizeBytes, ...(mirror === undefined ? {} : { mirror }) };
  }

  removeImage(image: string): Promise<void> {
    const found = this.#find(image);
    if (found !== undefined) this.#images.delete(found.id);
    return Promise.resolve();
  }

  imageFsInfo(): Promise<{ readonly path: string; readonly usedBytes: number; readonly inodesUsed: number }> {
    const usedBytes = [...this.#images.values()].reduce((sum, image) => sum + image.sizeBytes, 0);
    return Promise.resolve({ path: '/', usedBytes, inodesUsed: this.#images.size });
  }

  #find(image: string): ImageInfo | undefined {
    if (isDigest(image)) return this.#images.get(image);
    const name = formatReference(parseImageName(image));
    return [...this.#images.values()].find((info) => info.repoTags.includes(name) || info.repoDigests.includes(name));
  }
}
