/**
 * Whether a cache has caught up with what its controller wrote: planning from an older state than one's own
 * last word would undo it, or do it twice.
 *
 *     if (!(await writes.seen(key))) return;     // the event that brings the newer state enqueues the key
 *     await writes.making(key, ref, () => client.update(kind, next, { subresource: 'status' }));
 */
import type { Kind, KubernetesObject } from '../../api/kind.ts';
import { keyOf, refOf, type CacheReader } from '../../client/cache.ts';
import { isNotFound, type Client, type ObjectRef } from '../../client/client.ts';
import { notOlder } from '../../client/expectations.ts';

export class OwnWrites<T extends KubernetesObject> {
  readonly #client: Client;
  readonly #kind: Kind<T>;
  readonly #cache: CacheReader<T>;
  /**
   * By key and written object, the resourceVersion that was written last; undefined when the write failed or its
   * answer was lost, so that nobody knows which state it met.
   */
  readonly #open = new Map<string, Map<string, string | undefined>>();

  constructor(client: Client, kind: Kind<T>, cache: CacheReader<T>) {
    this.#client = client;
    this.#kind = kind;
    this.#cache = cache;
  }

  /** Whether everything that was written for the key has arrived. */
  async seen(key: string): Promise<boolean> {
    const open = this.#open.get(key);
    if (open === undefined) return true;
    for (const [name, version] of open) {
      const written = version ?? (await this.#live(name));
      // Events of a kind come in order: who has heard of a later one has heard of this one.
      if (written === undefined || notOlder(this.#cache.resourceVersion, written)) open.delete(name);
      else open.set(name, written);
    }
    if (open.size > 0) return false;
    this.#open.delete(key);
    return true;
  }

  /** Writes the object of that name for the key. */
  async making(key: string, ref: ObjectRef, write: () => Promise<T>): Promise<T> {
    const name = keyOf({ metadata: ref as { name: string; namespace?: string } });
    const open = this.#open.get(key) ?? new Map<string, string | undefined>();
    this.#open.set(key, open.set(name, undefined));
    const written = await write();
    open.set(name, written.metadata.resourceVersion);
    return written;
  }

  forget(key: string): void {
    this.#open.delete(key);
  }

  async #live(name: string): Promise<string | undefined> {
    try {
      return (await this.#client.get(this.#kind, refOf(name))).metadata.resourceVersion;
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw error;
    }
  }
}
