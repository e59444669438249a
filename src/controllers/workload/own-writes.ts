/**
 * Whether a cache has caught up with what its controller wrote: planning from an older state than one's own
 * last word would undo it, or do it twice.
 *
 *     if (!(await writes.seen(key, cached))) return;     // the event that brings the newer state enqueues the key
 *     await writes.making(key, () => client.update(kind, next, { subresource: 'status' }));
 */
import type { Kind, KubernetesObject } from '../../api/kind.ts';
import { refOf } from '../../client/cache.ts';
import { isNotFound, type Client } from '../../client/client.ts';
import { notOlder } from '../../client/expectations.ts';

export class OwnWrites<T extends KubernetesObject> {
  readonly #client: Client;
  readonly #kind: Kind<T>;
  /** The resourceVersion that was written last; undefined when the answer was lost. */
  readonly #open = new Map<string, string | undefined>();

  constructor(client: Client, kind: Kind<T>) {
    this.#client = client;
    this.#kind = kind;
  }

  async seen(key: string, { metadata }: T): Promise<boolean> {
    if (!this.#open.has(key)) return true;
    const written = this.#open.get(key) ?? (await this.#live(key));
    if (written !== undefined && !notOlder(metadata.resourceVersion, written)) {
      this.#open.set(key, written);
      return false;
    }
    this.#open.delete(key);
    return true;
  }

  async making(key: string, write: () => Promise<T>): Promise<T> {
    this.#open.set(key, undefined);
    const written = await write();
    this.#open.set(key, written.metadata.resourceVersion);
    return written;
  }

  forget(key: string): void {
    this.#open.delete(key);
  }

  async #live(key: string): Promise<string | undefined> {
    try {
      return (await this.#client.get(this.#kind, refOf(key))).metadata.resourceVersion;
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw error;
    }
  }
}
