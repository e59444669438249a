/**
 * Removes images that no container uses when their disk fills up: least recently used first, the young spared; and
 * those that nobody has used for longer than the node is told to keep them.
 */
import { messageOf } from '../../base/errors.ts';
import type { Clock } from '../../base/clock.ts';
import type { Logger } from '../../base/log.ts';
import type { ImageInfo, ImageService, RuntimeService } from '../../runtime/runtime.ts';
import type { Machine } from '../machine/machine.ts';
import type { NodeConfig } from '../config.ts';
import type { EventRecorder } from '../events.ts';
import { nodeReference } from '../registration.ts';

export interface ImageGarbageOptions {
  readonly config: NodeConfig;
  readonly images: ImageService;
  readonly runtime: RuntimeService;
  readonly machine: Machine;
  readonly events: EventRecorder;
  readonly clock: Clock;
  readonly log: Logger;
  readonly imagePath: () => Promise<string>;
  readonly lastUsed: (id: string) => number | undefined;
}

const every = 300_000;
/** An image that was asked for this short ago is about to be used. */
const justUsed = 60_000;

export class ImageGarbage {
  readonly name = 'image garbage';
  readonly #options: ImageGarbageOptions;
  /** When each image was seen in use last; for those that never were, when it was first seen or asked for. */
  readonly #idleSince = new Map<string, number>();

  constructor(options: ImageGarbageOptions) {
    this.#options = options;
  }

  async run(signal: AbortSignal): Promise<void> {
    const { clock, log } = this.#options;
    while (!signal.aborted) {
      await this.#collect().catch((error: unknown) => log.warn('cannot free images', { error: messageOf(error) }));
      await clock.sleep(every, signal).catch(() => {});
    }
  }

  /** All that are unused, whatever their age: the disk is full. */
  async freeAll(): Promise<void> {
    await this.#free(Infinity, justUsed);
  }

  async #collect(): Promise<void> {
    const { imagePath, machine, config, events } = this.#options;
    await this.#unused(0);
    if (config.imageMaximumAge > 0) await this.#free(Infinity, config.imageMaximumAge * 1000);
    const disk = await machine.disk(await imagePath());
    const used = disk.capacityBytes - disk.availableBytes;
    const percent = disk.capacityBytes === 0 ? 0 : (100 * used) / disk.capacityBytes;
    if (percent < config.imageGcHighPercent) return;
    const wanted = Math.ceil(used - (disk.capacityBytes * config.imageGcLowPercent) / 100);
    const freed = await this.#free(wanted, config.imageMinimumAge * 1000);
    if (freed >= wanted) return;
    const message = `Failed to garbage collect required amount of images. Attempted to free ${wanted} bytes, but only found ${freed} bytes eligible to free.`;
    events.about(nodeReference(config.nodeName), 'Warning', 'FreeDiskSpaceFailed', message);
  }

  /** Bytes that were freed. */
  async #free(wanted: number, youngest: number): Promise<number> {
    const { images, log } = this.#options;
    let freed = 0;
    for (const image of await this.#unused(youngest)) {
      if (freed >= wanted) break;
      log.info('removing an unused image', { image: image.repoTags[0] ?? image.id, bytes: image.sizeBytes });
      await images.removeImage(image.id);
      this.#idleSince.delete(image.id);
      freed += image.sizeBytes;
    }
    return freed;
  }

  /** Unused for at least `youngest` milliseconds, longest first. */
  async #unused(youngest: number): Promise<readonly ImageInfo[]> {
    const { images, runtime, clock, lastUsed } = this.#options;
    const now = clock.now();
    const [all, containers] = await Promise.all([images.listImages(), runtime.listContainers()]);
    const inUse = new Set(containers.flatMap((each) => [each.image, each.imageRef, each.userImage]));
    const present = new Set(all.map((image) => image.id));
    for (const id of this.#idleSince.keys()) if (!present.has(id)) this.#idleSince.delete(id);
    const idleSince = (image: ImageInfo): number => {
      const known = this.#idleSince.get(image.id) ?? lastUsed(image.id) ?? now;
      const since = isUsed(image, inUse) ? now : Math.max(known, lastUsed(image.id) ?? 0);
      this.#idleSince.set(image.id, since);
      return since;
    };
    return all
      .map((image) => ({ image, since: idleSince(image) }))
      .filter(({ image, since }) => !image.pinned && !isUsed(image, inUse) && now - since >= youngest)
      .sort((a, b) => a.since - b.since)
      .map(({ image }) => image);
  }
}

const isUsed = (image: ImageInfo, inUse: ReadonlySet<string>): boolean =>
  [image.id, ...image.repoTags, ...image.repoDigests].some((name) => inUse.has(name));
