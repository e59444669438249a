/** The store as a list of revisions: everything that the real one must agree with, in a page. */
import type { Expectation, Key, Revision } from '../store.ts';

export interface ModelEntry {
  readonly key: Key;
  readonly text: string;
  readonly created: Revision;
  readonly revision: Revision;
}

export interface ModelWrite {
  readonly key: Key;
  /** undefined deletes. */
  readonly text: string | undefined;
  readonly expect: Expectation;
}

export interface ModelChange {
  readonly type: 'put' | 'delete';
  readonly key: Key;
  readonly revision: Revision;
  readonly text: string;
}

type State = ReadonlyMap<Key, ModelEntry>;

export class StoreModel {
  /** States by revision; numbers that failed batches used up are missing. */
  readonly #states = new Map<Revision, State>([[0, new Map()]]);
  readonly #changes: ModelChange[] = [];
  revision: Revision = 0;
  oldest: Revision = 0;

  /** Whether all expectations hold. */
  accepts(writes: readonly ModelWrite[]): boolean {
    const now = this.#now();
    return writes.every(({ key, expect }) => {
      const entry = now.get(key);
      if (expect === 'any') return true;
      return expect === 'absent' ? entry === undefined : entry?.revision === expect;
    });
  }

  commit(writes: readonly ModelWrite[], revision: Revision): void {
    const next = new Map(this.#now());
    for (const { key, text } of writes) {
      const old = next.get(key);
      if (text !== undefined) {
        next.set(key, { key, text, created: old?.created ?? revision, revision });
        this.#changes.push({ type: 'put', key, revision, text });
      } else if (old !== undefined) {
        next.delete(key);
        this.#changes.push({ type: 'delete', key, revision, text: old.text });
      }
    }
    this.#states.set(revision, next);
    this.revision = revision;
  }

  compact(revision: Revision): void {
    this.oldest = Math.max(this.oldest, Math.min(revision, this.revision));
  }

  /** As a crash leaves it: the state, and no history. */
  restart(): void {
    this.oldest = this.revision;
  }

  range(prefix: Key, at: Revision, after = '', limit = Infinity): { entries: ModelEntry[]; remaining: number } {
    const state = this.#states.get(at) ?? this.#before(at);
    const found = [...state.values()]
      .filter(({ key }) => key.startsWith(prefix) && key > after)
      .sort((a, b) => (a.key < b.key ? -1 : 1));
    const entries = found.slice(0, limit);
    return { entries, remaining: found.length - entries.length };
  }

  changes(prefix: Key, after: Revision): ModelChange[] {
    return this.#changes.filter(({ key, revision }) => revision > after && key.startsWith(prefix));
  }

  #now(): State {
    return this.#states.get(this.revision) ?? new Map();
  }

  #before(at: Revision): State {
    let revision = at;
    while (!this.#states.has(revision)) revision -= 1;
    return this.#states.get(revision) ?? new Map();
  }
}
