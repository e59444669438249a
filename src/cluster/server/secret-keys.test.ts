import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { FakeClock } from '../../base/clock.ts';
import { systemRandom } from '../../base/random.ts';
import type { Journal, JournalBatch } from '../../store/journal/journal.ts';
import { MemoryJournal } from '../../store/journal/memory.ts';
import { openStore } from '../../store/open-store.ts';
import { sealedUnder } from '../../store/sealed-codec.ts';
import type { Store } from '../../store/store.ts';
import { SecretKeys } from './secret-keys.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'keys-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const clock = new FakeClock();
const openKeys = (): SecretKeys => new SecretKeys({ folder, clock, random: systemRandom });
const idsInFile = (keys: SecretKeys): readonly string[] =>
  (JSON.parse(readFileSync(keys.path, 'utf8')) as { keys: { id: string }[] }).keys.map(({ id }) => id);

/** Remembers under which key each Secret lies in the journal. */
function spied(journal: Journal): { readonly journal: Journal; readonly under: Map<string, string | undefined> } {
  const under = new Map<string, string | undefined>();
  const append = async (batch: JournalBatch): Promise<void> => {
    await journal.append(batch);
    for (const { record } of batch.writes) {
      if (record?.key.startsWith('core/secrets/') === true) under.set(record.key, sealedUnder(record.bytes));
    }
  };
  return { under, journal: { open: (each) => journal.open(each), append, close: () => journal.close() } };
}

function putSecret(store: Store, name: string): Promise<unknown> {
  const value = { name };
  const bytes = new TextEncoder().encode(JSON.stringify(value));
  return store.commit([{ type: 'put', key: `core/secrets/a/${name}`, value, bytes, expect: 'any' }]);
}

test('the first start makes a key that only its owner may read', () => {
  const keys = openKeys();
  expect(statSync(keys.path).mode & 0o777).toBe(0o600);
  expect(openKeys().current).toEqual(keys.current);
});

test('a rotation leaves one key, and everything under it, also what was on its way', async () => {
  const keys = openKeys();
  const { journal, under } = spied(new MemoryJournal());
  const store = await openStore({ journal, codec: keys.codec, clock });
  for (const name of ['one', 'two', 'three']) await putSecret(store, name);
  const before = keys.current.id;
  const onItsWay = Promise.all([putSecret(store, 'four'), putSecret(store, 'one')]);
  await keys.rotate(store);
  await onItsWay;
  expect(keys.current.id).not.toBe(before);
  expect(idsInFile(keys)).toEqual([keys.current.id]);
  expect(new Set(under.values())).toEqual(new Set([keys.current.id]));
  expect(under.size).toBe(4);
});

test('a rotation that is cut short is finished at the next start, and nothing is lost meanwhile', async () => {
  const keys = openKeys();
  const inner = new MemoryJournal();
  const { journal, under } = spied(inner);
  const store = await openStore({ journal, codec: keys.codec, clock });
  for (const name of ['one', 'two']) await putSecret(store, name);
  let writes = 0;
  const crashing = Object.create(store, {
    commit: {
      value: (each: Parameters<Store['commit']>[0]) => {
        writes += 1;
        // The marker and one Secret get through.
        return writes > 2 ? Promise.reject(new Error('the power went')) : store.commit(each);
      },
    },
    range: { value: store.range.bind(store) },
    get: { value: store.get.bind(store) },
  }) as Store;
  await expect(keys.rotate(crashing)).rejects.toThrow('the power went');
  expect(new Set(under.values()).size).toBe(2);
  const later = openKeys();
  expect(later.isUnfinished).toBe(true);
  expect(await later.finish(store)).toBe(2);
  expect(later.isUnfinished).toBe(false);
  expect(idsInFile(later)).toHaveLength(1);
});

test.each(['', '{', '{"keys":[]}', '{"keys":[{"id":"x","secret":"AAAA"}]}'])('a damaged file is told: %j', (text) => {
  const { path } = openKeys();
  writeFileSync(path, text);
  expect(openKeys).toThrow(`${path} does not hold keys`);
});
