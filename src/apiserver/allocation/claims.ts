/**
 * Numbers and addresses that only one object may hold. A claim is a key of its own, written in the same
 * transaction as its holder and only if it is absent: none is given twice, and a crash leaves neither half.
 */
import type { Random } from '../../base/random.ts';
import type { Store, Write } from '../../store/store.ts';

/** `!` can't begin an API group, so claims and objects never meet. */
const root = '!claims';

const encoder = new TextEncoder();

export interface Pool {
  readonly name: string;
  /** Members are numbered from 0. The first `reserved` are given only when all others are taken. */
  readonly size: number;
  readonly reserved: number;
  /** How the member is called, as in its claim's key. */
  readonly nameOf: (index: number) => string;
}

/** Tries before every member is looked at in turn. */
const luckyTries = 32;

export class Claims {
  readonly #store: Store;
  readonly #random: Random;
  /** Claimed by writes that are on their way: others need not run into them. */
  readonly #pending = new Set<string>();

  constructor(store: Store, random: Random) {
    this.#store = store;
    this.#random = random;
  }

  key(pool: string, name: string): string {
    return `${root}/${pool}/${name}`;
  }

  isTaken(pool: string, name: string): boolean {
    const key = this.key(pool, name);
    return this.#pending.has(key) || this.#store.get(key) !== undefined;
  }

  /** A free member, or undefined when there is none. Nothing is claimed yet. */
  pick({ name, size, reserved, nameOf }: Pool, except: ReadonlySet<string> = new Set()): string | undefined {
    const free = (index: number): string | undefined => {
      const member = nameOf(index);
      return except.has(member) || this.isTaken(name, member) ? undefined : member;
    };
    const open = size - reserved;
    const tries = open > 0 ? luckyTries : 0;
    for (let attempt = 0; attempt < tries; attempt += 1) {
      const found = free(reserved + Math.floor(this.#random.next() * open));
      if (found !== undefined) return found;
    }
    for (let offset = 0; offset < size; offset += 1) {
      const found = free((reserved + offset) % size);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  /** The write that claims a member for `holder`. */
  take(pool: string, name: string, holder: string): Write {
    const value = Object.freeze({ holder });
    const bytes = encoder.encode(JSON.stringify(value));
    return { type: 'put', key: this.key(pool, name), value, bytes, expect: 'absent' };
  }

  /** The write that gives a member back; none when it is not this holder's. */
  release(pool: string, name: string, holder: string): readonly Write[] {
    const entry = this.#store.get(this.key(pool, name));
    if (entry === undefined || (entry.value as { readonly holder?: string }).holder !== holder) return [];
    return [{ type: 'delete', key: entry.key, expect: entry.revision }];
  }

  /** Marks the claims among these writes as on their way; the result takes the marks off. */
  hold(writes: readonly Write[]): () => void {
    const keys = writes.filter(({ type }) => type === 'put').map(({ key }) => key);
    for (const key of keys) this.#pending.add(key);
    return () => {
      for (const key of keys) this.#pending.delete(key);
    };
  }
}
