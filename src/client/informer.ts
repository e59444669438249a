/**
 * A cache that follows the API server: list, then watch from there, for as long as it runs.
 *
 * Guarantees
 * - Handlers see every object that exists as added, then its changes in order; intermediate states may be
 *   missing after a new list, and a deleted and re-created object is told as a delete and an add.
 * - The cache is changed before handlers are called, and handlers are called one change at a time.
 * - When the watch breaks it resumes where it was, bookmarks included; when that is too old (410), or the
 *   server can't tell, it lists again and tells the difference.
 * - Failures are retried after a growing pause; the cache keeps what it has meanwhile.
 *
 * Handlers must be quick: they put keys into queues.
 */
import type { Clock } from '../base/clock.ts';
import { assert, messageOf } from '../base/errors.ts';
import { silentLogger, type Logger } from '../base/log.ts';
import { systemRandom, type Random } from '../base/random.ts';
import type { Service } from '../base/service.ts';
import type { Kind, KubernetesObject } from '../api/kind.ts';
import type { Selector } from '../schema/selector.ts';
import { keyOf, refOf, ObjectCache, type CacheReader, type IndexFunction, type Indices } from './cache.ts';
import type { ClientReader, ObjectRef } from './client.ts';
import { reflect } from './reflector.ts';

export interface Handler<T> {
  /** `initial`: the object was there when the handler came, or at the first list. */
  readonly added?: (object: T, initial: boolean) => void;
  /** Also called when nothing but the resourceVersion differs. */
  readonly updated?: (object: T, old: T) => void;
  /** The last state that is known. */
  readonly deleted?: (object: T) => void;
}

export interface InformerOptions<T extends KubernetesObject> {
  readonly client: ClientReader;
  readonly kind: Kind<T>;
  readonly clock: Clock;
  readonly random?: Random;
  readonly logger?: Logger;
  /** All namespaces when absent. */
  readonly namespace?: string;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
  readonly indices?: Indices<T>;
  /** Shrinks objects before they are kept, to save memory. Must keep metadata. */
  readonly transform?: (object: T) => T;
}

export class Informer<T extends KubernetesObject> implements Service, CacheReader<T> {
  readonly name: string;
  readonly kind: Kind<T>;
  readonly #options: InformerOptions<T>;
  readonly #logger: Logger;
  readonly #cache: ObjectCache<T>;
  /** Wrapped, so that one handler can be subscribed twice. */
  readonly #handlers = new Set<{ readonly handler: Handler<T> }>();
  readonly #waiting = new Set<() => void>();
  #running = false;

  constructor(options: InformerOptions<T>) {
    this.#options = options;
    this.kind = options.kind;
    this.name = `informer/${options.kind.plural}`;
    this.#logger = (options.logger ?? silentLogger).named(this.name);
    this.#cache = new ObjectCache(options.indices);
  }

  get synced(): boolean {
    return this.#cache.synced;
  }

  get resourceVersion(): string {
    return this.#cache.resourceVersion;
  }

  get size(): number {
    return this.#cache.size;
  }

  get(ref: ObjectRef): T | undefined {
    return this.#cache.get(ref);
  }

  getByUid(uid: string): T | undefined {
    return this.#cache.getByUid(uid);
  }

  list(options?: { readonly namespace?: string | undefined; readonly selector?: Selector }): readonly T[] {
    return this.#cache.list(options);
  }

  by(index: string, value: string): readonly T[] {
    return this.#cache.by(index, value);
  }

  /** Can be added at any time; a name that is taken keeps its function. */
  addIndex(name: string, of: IndexFunction<T>): void {
    this.#cache.addIndex(name, of);
  }

  /** Calls the handler for what is there, then for every change. Returns how to stop. */
  subscribe(handler: Handler<T>): () => void {
    for (const object of this.#cache.list()) this.#call(() => handler.added?.(object, true));
    const subscription = { handler };
    this.#handlers.add(subscription);
    return () => void this.#handlers.delete(subscription);
  }

  /** Resolves after the first list has been told to the handlers; rejects with the signal's reason. */
  whenSynced(signal?: AbortSignal): Promise<void> {
    if (this.synced) return Promise.resolve();
    return new Promise((resolve, reject) => {
      if (signal?.aborted === true) return reject(signal.reason as Error);
      const onAbort = (): void => {
        this.#waiting.delete(onSync);
        reject(signal?.reason as Error);
      };
      const onSync = (): void => {
        signal?.removeEventListener('abort', onAbort);
        resolve();
      };
      signal?.addEventListener('abort', onAbort, { once: true });
      this.#waiting.add(onSync);
    });
  }

  async run(signal: AbortSignal): Promise<void> {
    assert(!this.#running, `${this.name} runs twice`);
    this.#running = true;
    const { client, kind, clock, random = systemRandom, namespace, labelSelector, fieldSelector } = this.#options;
    await reflect<T>(
      {
        client,
        kind,
        clock,
        random,
        logger: this.#logger,
        scope: {
          ...(namespace !== undefined && { namespace }),
          ...(labelSelector !== undefined && { labelSelector }),
          ...(fieldSelector !== undefined && { fieldSelector }),
        },
        sink: {
          replace: (objects, resourceVersion) => this.#replace(objects, resourceVersion),
          put: (object) => this.#put(object),
          remove: (object) => {
            this.#remove(object);
            this.#cache.resourceVersion = object.metadata.resourceVersion;
          },
          progress: (resourceVersion) => (this.#cache.resourceVersion = resourceVersion),
        },
      },
      signal,
    );
    this.#running = false;
  }

  #put(object: T, initial = false): void {
    const { transform } = this.#options;
    const kept = transform === undefined ? object : transform(object);
    const key = keyOf(object);
    const old = this.#cache.get(object.metadata);
    if (old !== undefined && old.metadata.uid !== object.metadata.uid) this.#remove(old);
    this.#cache.set(key, kept);
    this.#cache.resourceVersion = object.metadata.resourceVersion;
    const same = old?.metadata.uid === object.metadata.uid ? old : undefined;
    for (const { handler } of this.#handlers) {
      if (same === undefined) this.#call(() => handler.added?.(kept, initial));
      else this.#call(() => handler.updated?.(kept, same));
    }
  }

  /** The last state comes with the event, or, after a new list, is what the cache had. */
  #remove(object: T): void {
    if (this.#cache.delete(keyOf(object)) === undefined) return;
    for (const { handler } of this.#handlers) this.#call(() => handler.deleted?.(object));
  }

  #replace(objects: readonly T[], resourceVersion: string): void {
    const first = !this.#cache.synced;
    const gone = new Set(this.#cache.keys());
    for (const object of objects) gone.delete(keyOf(object));
    for (const key of gone) {
      const object = this.#cache.get(refOf(key));
      if (object !== undefined) this.#remove(object);
    }
    for (const object of objects) {
      const known = this.#cache.get(object.metadata);
      if (known?.metadata.resourceVersion === object.metadata.resourceVersion) continue;
      this.#put(object, first);
    }
    this.#cache.resourceVersion = resourceVersion;
    if (!first) return;
    this.#cache.synced = true;
    for (const wake of this.#waiting) wake();
    this.#waiting.clear();
  }

  /** One handler's failure must not keep the others from hearing of a change. */
  #call(action: () => void): void {
    try {
      action();
    } catch (error) {
      this.#logger.error('a handler failed', { error: messageOf(error) });
    }
  }
}
