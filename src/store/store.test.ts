import { describe, expect, test } from 'vitest';
import { FakeClock } from '../base/clock.ts';
import { OverflowError } from '../base/subscription.ts';
import { MemoryJournal } from './journal/memory.ts';
import { openStore } from './open-store.ts';
import {
  CompactedError,
  ConflictError,
  FutureRevisionError,
  StorageError,
  type Expectation,
  type Write,
} from './store.ts';
import { FaultyJournal } from './testing/faulty-journal.ts';

const encoder = new TextEncoder();

function put(key: string, value: object = {}, expect: Expectation = 'any'): Write {
  return { type: 'put', key, value: Object.freeze(value), bytes: encoder.encode(JSON.stringify(value)), expect };
}
const remove = (key: string, expect: Expectation = 'any'): Write => ({ type: 'delete', key, expect });

async function opened(journal = new FaultyJournal(new MemoryJournal()), clock = new FakeClock()) {
  return { journal, clock, store: await openStore({ journal, clock }) };
}
const keys = (entries: readonly { key: string }[]): string[] => entries.map(({ key }) => key);

describe('commits', () => {
  test('all writes of a commit share the next revision, and become readable together', async () => {
    const { store } = await opened();
    const first = await store.commit([put('pods/a/1', { n: 1 }), put('pods/a/2', { n: 2 })]);
    expect(first.revision).toBe(1);
    const second = await store.commit([put('pods/a/1', { n: 3 }), remove('pods/a/2')]);
    expect(second.revision).toBe(2);
    expect(store.get('pods/a/1')).toMatchObject({ created: 1, revision: 2, value: { n: 3 } });
    expect(store.get('pods/a/2')).toBeUndefined();
  });

  test('an expectation that does not hold rejects the whole commit and tells what is there', async () => {
    const { store } = await opened();
    await store.commit([put('a', { n: 1 }, 'absent')]);
    const conflict = await store.commit([put('b'), put('a', {}, 7)]).catch((error: unknown) => error);
    expect(conflict).toBeInstanceOf(ConflictError);
    expect(conflict).toMatchObject({ key: 'a', actual: { revision: 1 }, message: 'a is at revision 1' });
    await expect(store.commit([remove('c', 1)])).rejects.toThrow('c does not exist');
    await expect(store.commit([put('a', {}, 'absent')])).rejects.toThrow(ConflictError);
    expect(store.get('b')).toBeUndefined();
    expect(store.revision).toBe(1);
  });

  test('a write is invisible until the journal has it, and the conflict with it is answered only then', async () => {
    const { store, journal } = await opened();
    journal.hold();
    const order: string[] = [];
    const first = store.commit([put('a', {}, 'absent')]).then(() => order.push('first'));
    const second = store.commit([put('a', {}, 'absent')]).catch(() => order.push(`conflict sees ${store.revision}`));
    await Promise.resolve();
    expect(store.get('a')).toBeUndefined();
    expect(store.revision).toBe(0);
    journal.release();
    await Promise.all([first, second]);
    expect(order).toEqual(['first', 'conflict sees 1']);
  });

  test('expectations compare with the newest pending write, also when an older one has just become durable', async () => {
    const { store, journal } = await opened();
    journal.hold();
    const created = store.commit([put('a', {}, 'absent')]);
    await Promise.resolve();
    const removed = store.commit([remove('a', 'any')]);
    const after = created.then(() => {
      journal.hold();
      const again = store.commit([put('a', { again: true }, 'absent')]);
      journal.release();
      return again;
    });
    journal.release();
    await Promise.all([created, removed, after]);
    expect(store.get('a')).toMatchObject({ created: 3, value: { again: true } });
  });

  test('a key that is deleted and created again starts a new life', async () => {
    const { store } = await opened();
    await store.commit([put('a')]);
    await store.commit([remove('a')]);
    await store.commit([put('a', {}, 'absent')]);
    expect(store.get('a')).toMatchObject({ created: 3, revision: 3 });
  });

  test('deleting what is not there changes nothing', async () => {
    const { store } = await opened();
    const watch = store.watch('', 0);
    await store.commit([remove('a')]);
    expect(watch.drain()).toEqual([]);
    watch.close();
  });
});

describe('ranges', () => {
  test('come in key order, by prefix, in pages, and say how much is left', async () => {
    const { store } = await opened();
    for (const name of ['b/3', 'a/2', 'b/1', 'b/2', 'c/1']) await store.commit([put(name)]);
    expect(keys(store.range('b/').entries)).toEqual(['b/1', 'b/2', 'b/3']);
    const page = store.range('b/', { limit: 2 });
    expect({ keys: keys(page.entries), remaining: page.remaining }).toEqual({ keys: ['b/1', 'b/2'], remaining: 1 });
    expect(keys(store.range('b/', { after: 'b/2' }).entries)).toEqual(['b/3']);
    expect(store.count('b/')).toBe(3);
  });

  test('later pages show the revision of the first one, whatever is written meanwhile', async () => {
    const { store } = await opened();
    for (const name of ['p/1', 'p/2', 'p/3']) await store.commit([put(name, { old: true })]);
    const first = store.range('p/', { limit: 1 });
    await store.commit([remove('p/2'), put('p/3', { old: false }), put('p/4')]);
    const rest = store.range('p/', { at: first.revision, after: 'p/1' });
    expect(rest.entries.map(({ key, value }) => [key, value])).toEqual([
      ['p/2', { old: true }],
      ['p/3', { old: true }],
    ]);
  });

  test('at a compacted or future revision are refused; a pager that has begun may end', async () => {
    const { store, clock } = await opened();
    for (let n = 0; n < 5; n += 1) await store.commit([put(`p/${n}`)]);
    expect(() => store.range('', { at: 9 })).toThrow(FutureRevisionError);
    await clock.advance(400_000);
    await store.commit([put('p/5')]);
    await clock.advance(400_000);
    await store.commit([put('p/6')]);
    expect(store.oldestRevision).toBe(6);
    expect(() => store.range('', { at: 2 })).toThrow(CompactedError);
    await store.compact(7);
    expect(() => store.range('', { at: 6 })).toThrow(CompactedError);
    expect(store.range('', { at: 7 }).entries).toHaveLength(7);
  });
});

describe('watches', () => {
  test('bring every change under the prefix after their start, then follow', async () => {
    const { store } = await opened();
    await store.commit([put('pods/a/1', { n: 1 })]);
    await store.commit([put('pods/a/1', { n: 2 })]);
    await store.commit([put('pods/ab/1')]);
    const watch = store.watch('pods/a/', 1);
    await store.commit([remove('pods/a/1')]);
    const seen = watch.drain().map(({ type, revision, entry }) => [type, revision, entry.value]);
    expect(seen).toEqual([
      ['put', 2, { n: 2 }],
      ['delete', 4, { n: 2 }],
    ]);
    watch.close();
  });

  test('of a single key hear of no other that starts with it', async () => {
    const { store } = await opened();
    const exact = store.watch('pods/a/web', 0, { exact: true });
    const prefix = store.watch('pods/a/web', 0);
    await store.commit([put('pods/a/web')]);
    await store.commit([put('pods/a/web2')]);
    expect(keys(exact.drain())).toEqual(['pods/a/web']);
    expect(keys(prefix.drain())).toEqual(['pods/a/web', 'pods/a/web2']);
  });

  test('say how far they have come, so that bookmarks can', async () => {
    const { store } = await opened();
    const watch = store.watch('a/', 0);
    await store.commit([put('b/1')]);
    expect(watch.progress).toBe(1);
    await store.commit([put('a/1')]);
    expect(watch.progress).toBe(1);
    watch.drain();
    expect(watch.progress).toBe(2);
    watch.close();
  });

  test('may start in the future', async () => {
    const { store } = await opened();
    const watch = store.watch('', 2);
    for (let n = 0; n < 3; n += 1) await store.commit([put('a', { n })]);
    expect(watch.drain().map(({ revision }) => revision)).toEqual([3]);
  });

  test('from before the oldest revision are refused', async () => {
    const { store } = await opened();
    for (let n = 0; n < 3; n += 1) await store.commit([put('a', { n })]);
    await store.compact(2);
    expect(() => store.watch('', 1)).toThrow(CompactedError);
    expect(store.watch('', 2).drain()).toHaveLength(1);
  });

  test('that are too slow end with an error after what was buffered; others go on', async () => {
    const { store } = await opened();
    const slow = store.watch('', 0, { capacity: 2 });
    const other = store.watch('', 0);
    for (let n = 0; n < 4; n += 1) await store.commit([put('a', { n })]);
    const seen: number[] = [];
    const reading = (async () => {
      for await (const { revision } of slow) seen.push(revision);
    })();
    await expect(reading).rejects.toThrow(OverflowError);
    expect(seen).toEqual([1, 2]);
    expect(other.drain()).toHaveLength(4);
  });

  test('whose reader fails end with its error, and disturb neither the commit nor others', async () => {
    const { store } = await opened();
    const broken = store.watch('', 0, {
      onReady: () => {
        throw new Error('broken');
      },
    });
    const other = store.watch('', 0);
    await store.commit([put('a')]);
    await store.commit([put('b')]);
    expect(broken.drain()).toHaveLength(1);
    expect(broken).toMatchObject({ ended: true, error: { message: 'broken' } });
    expect(other.drain()).toHaveLength(2);
  });

  test('wake their reader once per batch', async () => {
    const { store } = await opened();
    let woken = 0;
    const watch = store.watch('', 0, { onReady: () => (woken += 1) });
    await Promise.all([store.commit([put('a')]), store.commit([put('b')]), store.commit([put('c')])]);
    expect({ woken, size: watch.size }).toEqual({ woken: 1, size: 3 });
    await store.close();
    expect({ woken, ended: watch.ended }).toEqual({ woken: 2, ended: false });
    watch.drain();
    expect(watch.ended).toBe(true);
  });
});

test('waitFor resolves when the revision is durable', async () => {
  const { store } = await opened();
  const waiting = store.waitFor(2).then(() => store.revision);
  await store.commit([put('a')]);
  await store.commit([put('b')]);
  expect(await waiting).toBe(2);
  await expect(store.waitFor(9, AbortSignal.abort(new Error('enough')))).rejects.toThrow('enough');
});

describe('history is bounded', () => {
  test('by number of changes', async () => {
    const journal = new MemoryJournal();
    const store = await openStore({ journal, clock: new FakeClock(), history: { changes: 16 } });
    for (let n = 0; n < 100; n += 1) await store.commit([put('a', { n })]);
    expect(store.oldestRevision).toBeGreaterThanOrEqual(84);
    expect(store.oldestRevision).toBeLessThan(99);
  });

  test('by bytes', async () => {
    const journal = new MemoryJournal();
    const store = await openStore({ journal, clock: new FakeClock(), history: { bytes: 20_000 } });
    for (let n = 0; n < 100; n += 1) await store.commit([put('a', { text: 'x'.repeat(1000) })]);
    expect(store.oldestRevision).toBeGreaterThanOrEqual(80);
    expect(store.oldestRevision).toBeLessThan(99);
  });
});

describe('a journal that fails', () => {
  test('rejects the batch and everything behind it, shows nothing of it, and refuses writes for a while', async () => {
    const { store, journal, clock } = await opened();
    await store.commit([put('a', { n: 1 })]);
    journal.hold();
    journal.faults.push('before');
    const inFlight = store.commit([put('a', { n: 2 })]);
    await Promise.resolve();
    const behind = store.commit([put('b')]);
    const conflicting = store.commit([put('b', {}, 'absent')]);
    const results = Promise.allSettled([inFlight, behind, conflicting]);
    journal.release();
    for (const result of await results) expect(result).toMatchObject({ reason: { name: 'StorageError' } });
    expect(store.get('a')?.value).toEqual({ n: 1 });
    expect(store.revision).toBe(1);
    await expect(store.commit([put('c')])).rejects.toThrow(/could not be written to disk .the disk is full./);
    expect(store.failure).toBeInstanceOf(StorageError);
    await clock.advance(1000);
    const later = await store.commit([put('c')]);
    expect(later.revision).toBeGreaterThan(3);
    expect(store.failure).toBeUndefined();
  });

  test('in doubt, is put right before the next write: what was refused does not come back', async () => {
    const memory = new MemoryJournal();
    const { store, journal, clock } = await opened(new FaultyJournal(memory));
    await store.commit([put('kept', { n: 1 }), put('removed', { n: 1 })]);
    journal.faults.push('after');
    await expect(store.commit([put('kept', { n: 2 }), remove('removed'), put('new')])).rejects.toThrow(StorageError);
    await clock.advance(1000);
    await store.commit([put('other')]);
    await store.close();
    const { store: again } = await opened(new FaultyJournal(memory), clock);
    expect(again.range('').entries.map(({ key, value }) => [key, value])).toEqual([
      ['kept', { n: 1 }],
      ['other', {}],
      ['removed', { n: 1 }],
    ]);
    expect(again.revision).toBe(store.revision);
  });

  test('for good, refuses writes until the server is started again, and reads go on', async () => {
    const { store, journal, clock } = await opened();
    await store.commit([put('a')]);
    journal.faults.push('broken');
    await expect(store.commit([put('b')])).rejects.toThrow(/restart the server/);
    await clock.advance(60_000);
    await expect(store.commit([put('b')])).rejects.toThrow(StorageError);
    expect(keys(store.range('').entries)).toEqual(['a']);
  });
});
