import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { FakeClock, systemClock } from '../../base/clock.ts';
import { openStore } from '../open-store.ts';
import { StorageError, type Store, type Write } from '../store.ts';
import type { ValueCodec } from './journal.ts';
import { SqliteJournal } from './sqlite.ts';

let directory = '';
const stores: Store[] = [];

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'store-'));
});
afterEach(async () => {
  for (const store of stores.splice(0)) await store.close();
  rmSync(directory, { recursive: true });
});

const file = (): string => join(directory, 'store.db');
const put = (key: string, text: string): Write => {
  const value = { text };
  return { type: 'put', key, value, bytes: Buffer.from(JSON.stringify(value)), expect: 'any' };
};

async function opened(codec?: ValueCodec): Promise<Store> {
  const store = await openStore({
    journal: new SqliteJournal({ path: file(), lockTimeout: 0 }),
    clock: new FakeClock(),
    ...(codec !== undefined && { codec }),
  });
  stores.push(store);
  return store;
}

describe('a restart', () => {
  test('brings back every object with its revisions, and the counter', async () => {
    const first = await opened();
    await first.commit([put('a', 'one'), put('b', 'two')]);
    await first.commit([put('a', 'three')]);
    await first.commit([{ type: 'delete', key: 'b', expect: 'any' }]);
    await first.close();
    const second = await opened();
    expect(second.revision).toBe(3);
    expect(second.oldestRevision).toBe(3);
    expect(second.range('').entries).toMatchObject([{ key: 'a', value: { text: 'three' }, created: 1, revision: 2 }]);
    expect((await second.commit([put('c', 'four')])).revision).toBe(4);
  });

  test('brings back large values and many keys', async () => {
    const first = await opened();
    const large = 'x'.repeat(1_500_000);
    await Promise.all(Array.from({ length: 500 }, (_, n) => first.commit([put(`k/${n}`, `value ${n}`)])));
    await first.commit([put('large', large)]);
    await first.close();
    const second = await opened();
    expect(second.count('k/')).toBe(500);
    expect(second.get('k/250')?.value).toEqual({ text: 'value 250' });
    expect(second.get('large')?.value).toEqual({ text: large });
  });
});

describe('opening is refused with a sentence', () => {
  test('while another server has the file', async () => {
    await opened();
    await expect(opened()).rejects.toThrow(StorageError);
    await expect(opened()).rejects.toThrow(/store\.db is in use by another server; stop that one first/);
  });

  test('when the directory is missing', async () => {
    const journal = new SqliteJournal({ path: join(directory, 'missing', 'store.db') });
    await expect(openStore({ journal, clock: systemClock })).rejects.toThrow(/check that its directory exists/);
  });

  test('when the file is something else', async () => {
    writeFileSync(file(), 'not a database at all, just some text that is longer than a header is'.repeat(20));
    await expect(opened()).rejects.toThrow(/is not a database of this program; move it away/);
    const other = new DatabaseSync(join(directory, 'other.db'));
    other.exec('CREATE TABLE users (name TEXT)');
    other.close();
    const journal = new SqliteJournal({ path: join(directory, 'other.db') });
    await expect(openStore({ journal, clock: systemClock })).rejects.toThrow(/database of another program/);
  });

  test('when it was written by a later version', async () => {
    await (await opened()).close();
    const database = new DatabaseSync(file());
    database.exec('PRAGMA user_version = 99');
    database.close();
    await expect(opened()).rejects.toThrow(/written by another version .format 99; this one reads 1./);
  });
});

test('values go through the codec on their way to disk and back', async () => {
  const flip = (bytes: Uint8Array): Uint8Array => bytes.map((byte) => byte ^ 0xff);
  const codec: ValueCodec = {
    seal: (key, bytes) => (key.startsWith('secrets/') ? flip(bytes) : bytes),
    open: (key, bytes) => (key.startsWith('secrets/') ? flip(bytes) : bytes),
  };
  const store = await opened(codec);
  await store.commit([put('secrets/a', 'hidden'), put('pods/a', 'visible')]);
  await store.close();
  const database = new DatabaseSync(file());
  const rows = database.prepare('SELECT key, value FROM objects ORDER BY key').all();
  database.close();
  expect(rows.map(({ value }) => Buffer.from(value as Uint8Array).includes('visible'))).toEqual([true, false]);
  expect(rows.map(({ value }) => Buffer.from(value as Uint8Array).includes('hidden'))).toEqual([false, false]);
  expect((await opened(codec)).get('secrets/a')?.value).toEqual({ text: 'hidden' });
});

test('the files do not grow with the number of updates', async () => {
  const store = await opened();
  for (let round = 0; round < 40; round += 1) {
    await Promise.all(
      Array.from({ length: 500 }, (_, n) => store.commit([put(`leases/${n}`, `${round}`.repeat(300))])),
    );
  }
  const bytes = readdirSync(directory).reduce((sum, name) => sum + statSync(join(directory, name)).size, 0);
  expect(bytes).toBeLessThan(12_000_000);
});

test('nobody but its owner may read the files', async () => {
  const store = await opened();
  await store.commit([put('a', 'secret')]);
  for (const name of readdirSync(directory))
    expect({ name, others: statSync(join(directory, name)).mode & 0o077 }).toEqual({ name, others: 0 });
});
