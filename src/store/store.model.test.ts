import assert from 'node:assert/strict';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { FakeClock } from '../base/clock.ts';
import { MemoryJournal } from './journal/memory.ts';
import { openStore } from './open-store.ts';
import { CompactedError, ConflictError, StorageError, type Store, type Watch, type Write } from './store.ts';
import { FaultyJournal, type JournalFault } from './testing/faulty-journal.ts';
import { StoreModel, type ModelWrite } from './testing/model.ts';

/** A few keys, so that they meet often. */
const key = fc.constantFrom('p/a/1', 'p/a/2', 'p/ab/1', 'p/b/1', 'q/1', 'q/10', 'r');
const prefix = fc.constantFrom('', 'p/', 'p/a/', 'p/a', 'q/1', 'r', 'z/');

type Step =
  | {
      readonly do: 'commit';
      readonly writes: readonly {
        key: string;
        text: string | undefined;
        expect: 'any' | 'absent' | 'current' | 'stale';
      }[];
    }
  | { readonly do: 'commit together'; readonly keys: readonly string[] }
  | {
      readonly do: 'range';
      readonly prefix: string;
      readonly back: number;
      readonly limit: number;
      readonly after: string;
    }
  | { readonly do: 'watch'; readonly prefix: string; readonly back: number }
  | { readonly do: 'compact'; readonly back: number }
  | { readonly do: 'fail'; readonly fault: JournalFault }
  | { readonly do: 'restart' };

const write = fc.record({
  key,
  text: fc.option(fc.string({ maxLength: 5 }), { nil: undefined, freq: 3 }),
  expect: fc.constantFrom('any', 'absent', 'current', 'stale'),
} as const);
const back = fc.nat({ max: 12 });

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constant('commit' as const),
      writes: fc.uniqueArray(write, { minLength: 1, maxLength: 3, selector: (w) => w.key }),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('commit together' as const),
      keys: fc.array(key, { minLength: 2, maxLength: 5 }),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('range' as const),
      prefix,
      back,
      limit: fc.integer({ min: 1, max: 4 }),
      after: key,
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('watch' as const), prefix, back }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('compact' as const), back }) },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('fail' as const),
      fault: fc.constantFrom('before' as const, 'after' as const),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('restart' as const) }) },
);

/** The real store and the model side by side. */
class Pair {
  readonly model = new StoreModel();
  readonly #clock = new FakeClock();
  readonly #memory = new MemoryJournal();
  #journal = new FaultyJournal(this.#memory);
  #store: Store | undefined;
  #watches: { readonly watch: Watch; readonly prefix: string; readonly after: number; readonly seen: unknown[] }[] = [];
  /** Highest revision that any commit was ever given or could have been given. */
  #highest = 0;

  get store(): Store {
    return this.#store!;
  }

  async open(): Promise<void> {
    this.#journal = new FaultyJournal(this.#memory);
    this.#store = await openStore({ journal: this.#journal, clock: this.#clock });
  }

  async run(step: Step): Promise<void> {
    const { model, store } = this;
    switch (step.do) {
      case 'commit':
        return this.#commit(step.writes.map((each) => this.#expectation(each)));
      case 'commit together':
        return this.#commitTogether(step.keys);
      case 'range': {
        const at = Math.max(0, model.revision - step.back);
        if (at < model.oldest) return;
        const mine = store.range(step.prefix, { at, after: step.after, limit: step.limit });
        const theirs = model.range(step.prefix, at, step.after, step.limit);
        assert.equal(mine.remaining, theirs.remaining);
        assert.deepEqual(mine.entries.map(flat), theirs.entries);
        assert.equal(store.count(step.prefix), model.range(step.prefix, model.revision).entries.length);
        return;
      }
      case 'watch': {
        const after = Math.max(0, model.revision - step.back);
        if (after < model.oldest) return assert.throws(() => store.watch(step.prefix, after), CompactedError);
        this.#watches.push({ watch: store.watch(step.prefix, after), prefix: step.prefix, after, seen: [] });
        return;
      }
      case 'compact':
        model.compact(model.revision - step.back);
        return store.compact(store.revision - step.back);
      case 'fail':
        return this.#fail(step.fault);
      case 'restart':
        return this.#restart();
    }
  }

  /** Every watch has seen exactly the changes after its start, in order. */
  check(): void {
    assert.equal(this.store.revision, this.model.revision);
    for (const { watch, prefix, after, seen } of this.#watches) {
      for (const { type, key, revision, entry } of watch.drain()) {
        seen.push({ type, key, revision, text: (entry.value as { text: string }).text });
      }
      assert.deepEqual(seen, this.model.changes(prefix, after));
    }
  }

  #expectation(write: {
    key: string;
    text: string | undefined;
    expect: 'any' | 'absent' | 'current' | 'stale';
  }): ModelWrite {
    const { key, text, expect } = write;
    const current = this.store.get(key)?.revision ?? 1_000_000;
    const named = { any: 'any', absent: 'absent', current, stale: current - 1 } as const;
    return { key, text, expect: named[expect] };
  }

  async #commit(writes: readonly ModelWrite[]): Promise<void> {
    const { model, store } = this;
    const accepted = model.accepts(writes);
    const result = await store.commit(writes.map(toWrite)).catch((error: unknown) => error);
    if (!accepted) return assert.ok(result instanceof ConflictError);
    const { revision } = result as { revision: number };
    assert.ok(revision > this.#highest, 'a revision was used twice');
    this.#highest = revision;
    model.commit(writes, revision);
  }

  /** Everyone wants to create its key: the first of each wins. */
  async #commitTogether(keys: readonly string[]): Promise<void> {
    const writes = keys.map((each): ModelWrite => ({ key: each, text: 'together', expect: 'absent' }));
    const results = await Promise.allSettled(writes.map((each) => this.store.commit([toWrite(each)])));
    for (const [index, result] of results.entries()) {
      const one = [writes[index]!];
      assert.equal(result.status, this.model.accepts(one) ? 'fulfilled' : 'rejected');
      if (result.status !== 'fulfilled') continue;
      this.#highest = Math.max(this.#highest, result.value.revision);
      this.model.commit(one, result.value.revision);
    }
  }

  async #fail(fault: JournalFault): Promise<void> {
    const writes: ModelWrite[] = [
      { key: 'p/a/1', text: 'lost', expect: 'any' },
      { key: 'r', text: undefined, expect: 'any' },
    ];
    this.#journal.faults.push(fault);
    await assert.rejects(this.store.commit(writes.map(toWrite)), StorageError);
    this.#highest += 1;
    await this.#clock.advance(1000);
  }

  /** After a repair, so that a batch in doubt is not what this is about. */
  async #restart(): Promise<void> {
    await this.#commit([{ key: 'q/1', text: 'before restart', expect: 'any' }]);
    await this.store.close();
    this.check();
    this.#watches = [];
    await this.open();
    this.model.restart();
  }
}

function toWrite({ key, text, expect }: ModelWrite): Write {
  if (text === undefined) return { type: 'delete', key, expect };
  const value = { text };
  return { type: 'put', key, value, bytes: new TextEncoder().encode(JSON.stringify(value)), expect };
}

function flat(entry: { key: string; value: object; created: number; revision: number }): unknown {
  const { key, created, revision } = entry;
  return { key, text: (entry.value as { text: string }).text, created, revision };
}

const agrees = fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 80, size: 'max' }), async (steps) => {
  const pair = new Pair();
  await pair.open();
  for (const each of steps) {
    await pair.run(each);
    pair.check();
  }
  await pair.store.close();
});

test('the store agrees with its model over commits, ranges, watches, compactions, failures and restarts', async () => {
  await expect(fc.assert(agrees, { numRuns: 300 })).resolves.toBeUndefined();
});
