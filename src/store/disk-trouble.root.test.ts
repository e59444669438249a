/** Real file systems that run full or turn read-only: writes stop with a sentence, reads go on, nothing is lost. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { FakeClock } from '../base/clock.ts';
import { SqliteJournal } from './journal/sqlite.ts';
import { openStore } from './open-store.ts';
import { StorageError, type Store, type Write } from './store.ts';

let directory = '';
const run = (command: string, ...args: string[]): number | null => spawnSync(command, args).status;
const mountable = ((): boolean => {
  const probe = mkdtempSync(join(tmpdir(), 'mount-'));
  const mounted = run('mount', '-t', 'tmpfs', '-o', 'size=64k', 'none', probe) === 0;
  if (mounted) run('umount', probe);
  rmSync(probe, { recursive: true });
  return mounted;
})();

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'disk-'));
  run('mount', '-t', 'tmpfs', '-o', 'size=4m', 'none', directory);
});
afterEach(() => {
  run('umount', directory);
  rmSync(directory, { recursive: true });
});

const clock = new FakeClock();
const opened = (): Promise<Store> =>
  openStore({ journal: new SqliteJournal({ path: join(directory, 'store.db') }), clock });
const put = (key: string, size = 1000): Write => {
  const value = { text: 'x'.repeat(size) };
  return { type: 'put', key, value, bytes: Buffer.from(JSON.stringify(value)), expect: 'any' };
};

/** Takes all the space that is left. */
function fill(): void {
  const { bavail, bsize } = statfsSync(directory);
  writeFileSync(join(directory, 'filler'), Buffer.alloc(bavail * bsize));
}

test.skipIf(!mountable)(
  'a full disk: writes are refused, reads go on, and writes go on when there is space again',
  async () => {
    const store = await opened();
    for (let n = 0; n < 20; n += 1) await store.commit([put(`before/${n}`)]);
    fill();
    let written = 0;
    const writeOn = async (): Promise<never> => {
      for (;;) {
        await store.commit([put(`while/${written}`)]);
        written += 1;
      }
    };
    const refused: unknown = await writeOn().catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(StorageError);
    expect((refused as Error).message).toMatch(/the disk that holds .*store\.db is full; free some space/);
    expect(store.count('before/')).toBe(20);
    expect(store.count('while/')).toBe(written);

    rmSync(join(directory, 'filler'));
    await clock.advance(1000);
    await store.commit([put('after')]);
    await store.close();
    const again = await opened();
    expect(again.count('before/')).toBe(20);
    expect(again.count('while/')).toBe(written);
    expect(again.get('after')).toBeDefined();
    expect(again.revision).toBe(store.revision);
    await again.close();
  },
);

test.skipIf(!mountable)('a full disk at the start is a sentence', async () => {
  fill();
  await expect(opened()).rejects.toThrow(/the disk that holds .*store\.db is full; free some space/);
});

test.skipIf(!mountable)('a read-only data directory at the start is a sentence', async () => {
  await (await opened()).close();
  run('mount', '-o', 'remount,ro', directory);
  await expect(opened()).rejects.toThrow(/store\.db is read-only; make it and its directory writable/);
});
