/**
 * Hands changes to the watchers whose prefix they lie under. Watchers are indexed by the folder of their
 * prefix (up to the last slash) or by whole key, so a change costs as much as it has interested watchers.
 */
import { Watcher } from './watcher.ts';
import type { Change, Key, Revision, Watch, WatchOptions } from './store.ts';

const defaultCapacity = 10_000;

export class WatchHub {
  readonly #folders = new Map<Key, Set<Watcher>>();
  readonly #keys = new Map<Key, Set<Watcher>>();
  readonly #current: () => Revision;
  #ready: Watcher[] = [];
  #size = 0;

  /** `current` tells the newest revision whose changes have all been dispatched. */
  constructor(current: () => Revision) {
    this.#current = current;
  }

  /** Watches that are open. */
  get size(): number {
    return this.#size;
  }

  /** `backlog`: changes after `after` that have been dispatched already, of any key. */
  open(prefix: Key, after: Revision, backlog: Iterable<Change>, options: WatchOptions): Watch {
    const exact = options.exact === true;
    const missed: Change[] = [];
    for (const change of backlog) {
      if (exact ? change.key === prefix : change.key.startsWith(prefix)) missed.push(change);
    }
    const index = exact ? this.#keys : this.#folders;
    const place = exact ? prefix : prefix.slice(0, prefix.lastIndexOf('/') + 1);
    const watcher: Watcher = new Watcher({
      prefix,
      after,
      missed,
      capacity: options.capacity ?? defaultCapacity,
      onReady: options.onReady,
      current: this.#current,
      onEnd: () => this.#forget(index, place, watcher),
    });
    const peers = index.get(place);
    if (peers === undefined) index.set(place, new Set([watcher]));
    else peers.add(watcher);
    this.#size += 1;
    return watcher;
  }

  /** Buffers the change for everyone interested; `announce` then wakes them. */
  dispatch(change: Change): void {
    const { key } = change;
    for (const watcher of this.#keys.get(key) ?? none) this.#push(watcher, change);
    for (let end = 0; ;) {
      for (const watcher of this.#folders.get(key.slice(0, end)) ?? none) {
        if (key.startsWith(watcher.prefix)) this.#push(watcher, change);
      }
      const slash = key.indexOf('/', end);
      if (slash === -1) return;
      end = slash + 1;
    }
  }

  announce(): void {
    const ready = this.#ready;
    this.#ready = [];
    for (const watcher of ready) watcher.wake();
  }

  /** Ends every watch; what is buffered can still be read. */
  close(): void {
    for (const index of [this.#folders, this.#keys]) {
      for (const watcher of [...index.values()].flatMap((peers) => [...peers])) watcher.end();
    }
  }

  #push(watcher: Watcher, change: Change): void {
    if (watcher.push(change)) this.#ready.push(watcher);
  }

  #forget(index: Map<Key, Set<Watcher>>, place: Key, watcher: Watcher): void {
    const peers = index.get(place);
    if (peers?.delete(watcher) !== true) return;
    this.#size -= 1;
    if (peers.size === 0) index.delete(place);
  }
}

const none: readonly Watcher[] = [];
