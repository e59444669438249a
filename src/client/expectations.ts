/**
 * What a controller has done that its cache has not heard of yet. Planning from a cache that lacks the
 * pods just created would create them again; so a key with open expectations waits.
 *
 *     if (!expectations.satisfied(key)) return;      // the event that satisfies it enqueues the key again
 *     const pod = await client.create(Pod, draft);
 *     expectations.created(key, pod);
 *
 * An expectation that is never met (an event lost, an object changed under way) lapses after five minutes.
 */
import type { Clock } from '../base/clock.ts';
import type { KubernetesObject } from '../api/kind.ts';
import type { CacheReader } from './cache.ts';

const timeout = 300_000;

interface Expected {
  readonly uid: string;
  readonly resourceVersion: string;
  readonly type: 'created' | 'deleted';
  readonly since: number;
}

export class Expectations<T extends KubernetesObject> {
  readonly #cache: CacheReader<T>;
  readonly #clock: Clock;
  readonly #open = new Map<string, Expected[]>();

  constructor(cache: CacheReader<T>, clock: Clock) {
    this.#cache = cache;
    this.#clock = clock;
  }

  /** The object, as the API server returned it, will appear. */
  created(key: string, object: T): void {
    this.#expect(key, 'created', object);
  }

  /** The object will disappear, or carry a deletionTimestamp. */
  deleted(key: string, object: T): void {
    this.#expect(key, 'deleted', object);
  }

  /** Whether the cache has caught up with everything done for the key. */
  satisfied(key: string): boolean {
    const open = (this.#open.get(key) ?? []).filter((expected) => !this.#met(expected));
    if (open.length === 0) this.#open.delete(key);
    else this.#open.set(key, open);
    return open.length === 0;
  }

  /** The owner is gone. */
  forget(key: string): void {
    this.#open.delete(key);
  }

  #expect(key: string, type: Expected['type'], { metadata }: T): void {
    const { uid, resourceVersion } = metadata;
    const expected: Expected = { uid, resourceVersion, type, since: this.#clock.monotonic() };
    const open = this.#open.get(key);
    if (open === undefined) this.#open.set(key, [expected]);
    else open.push(expected);
  }

  #met({ uid, resourceVersion, type, since }: Expected): boolean {
    if (this.#clock.monotonic() - since > timeout) return true;
    const seen = this.#cache.getByUid(uid);
    if (type === 'created') return seen !== undefined || notOlder(this.#cache.resourceVersion, resourceVersion);
    return seen === undefined || seen.metadata.deletionTimestamp !== undefined;
  }
}

/** Since v1.35 resourceVersions may be compared, as whole numbers of any length. */
export function notOlder(resourceVersion: string, than: string): boolean {
  const numbers = /^[0-9]+$/;
  if (!numbers.test(resourceVersion) || !numbers.test(than)) return false;
  return BigInt(resourceVersion) >= BigInt(than);
}
