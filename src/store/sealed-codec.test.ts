import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { FakeClock } from '../base/clock.ts';
import { systemRandom } from '../base/random.ts';
import { SqliteJournal } from './journal/sqlite.ts';
import { openStore } from './open-store.ts';
import { sealedCodec, sealedUnder, type SealingKey } from './sealed-codec.ts';
import { StorageError, type Store } from './store.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sealed-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const keyOf = (id: string): SealingKey => ({ id, secret: systemRandom.bytes(32) });
const codecOf = (current: SealingKey, ...older: readonly SealingKey[]) =>
  sealedCodec({
    keys: { current, find: (id) => [current, ...older].find((each) => each.id === id) },
    prefixes: ['core/secrets/'],
    randomBytes: (length) => systemRandom.bytes(length),
  });

const plain = new TextEncoder().encode('{"password":"hunter2"}');

test('what is sealed opens again, and is never the same twice', () => {
  const codec = codecOf(keyOf('one'));
  const [first, second] = [codec.seal('core/secrets/a/b', plain), codec.seal('core/secrets/a/b', plain)];
  expect(Buffer.compare(first, second)).not.toBe(0);
  expect(sealedUnder(first)).toBe('one');
  expect(codec.open('core/secrets/a/b', first)).toEqual(Buffer.from(plain));
});

test('other collections, and what was written before, stay as they are', () => {
  const codec = codecOf(keyOf('one'));
  expect(codec.seal('core/configmaps/a/b', plain)).toBe(plain);
  expect(codec.open('core/secrets/a/b', plain)).toBe(plain);
});

test('older keys still open; unknown ones are named', () => {
  const [old, young] = [keyOf('old'), keyOf('young')];
  const record = codecOf(old).seal('core/secrets/a/b', plain);
  expect(codecOf(young, old).open('core/secrets/a/b', record)).toEqual(Buffer.from(plain));
  expect(() => codecOf(young).open('core/secrets/a/b', record)).toThrow(
    new StorageError('core/secrets/a/b is sealed with the key "old", which is not among the keys at hand'),
  );
});

test.each([
  ['changed', 'core/secrets/a/b', (record: Uint8Array) => record.with(record.length - 1, 1 ^ (record.at(-1) ?? 0))],
  ['passed off as another', 'core/secrets/a/c', (record: Uint8Array) => record],
  ['cut short', 'core/secrets/a/b', (record: Uint8Array) => record.subarray(0, -3)],
])('a record that was %s does not open', (_how, key, spoil) => {
  const codec = codecOf(keyOf('one'));
  const record = new Uint8Array(codec.seal('core/secrets/a/b', plain));
  expect(() => codec.open(key, spoil(record))).toThrow(/changed, or belongs to another object/);
});

const open = (path: string, key: SealingKey): Promise<Store> =>
  openStore({ journal: new SqliteJournal({ path }), clock: new FakeClock(), codec: codecOf(key) });

test('the database never holds the plain text, and is read again after a restart', async () => {
  const path = join(folder, 'state.db');
  const key = keyOf('one');
  const store = await open(path, key);
  const value = { data: { password: 'hunter2-in-plain-sight' } };
  const bytes = new TextEncoder().encode(JSON.stringify(value));
  for (let count = 0; count < 20; count += 1) {
    await store.commit([{ type: 'put', key: `core/secrets/a/${count}`, value, bytes, expect: 'absent' }]);
  }
  await store.commit([{ type: 'delete', key: 'core/secrets/a/3', expect: 'any' }]);
  const found = (): readonly string[] =>
    readdirSync(folder).filter((name) => readFileSync(join(folder, name)).includes('hunter2-in-plain-sight'));
  expect(found()).toEqual([]);
  await store.close();
  expect(found()).toEqual([]);
  const again = await open(path, key);
  expect(again.get('core/secrets/a/7')?.value).toEqual(value);
  await again.close();
});
