/**
 * The power goes at any moment: nothing acknowledged is lost. The writer runs once under strace; afterwards the
 * disk is put together as it may have looked at many moments of that run, and opened.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { expect, test } from 'vitest';
import { FakeClock } from '../base/clock.ts';
import { seededRandom } from '../base/random.ts';
import type { Journal } from './journal/journal.ts';
import { SqliteFile } from './journal/sqlite-file.ts';
import { openStore } from './open-store.ts';
import { Acknowledgements } from './testing/acknowledged.ts';
import { parseTrace, TracedDisk, type Call } from './testing/traced-disk.ts';

const strace = spawnSync('strace', ['-f', 'true']).status === 0;
const program = new URL('./testing/crash-writer.ts', import.meta.url).pathname;

function trace(directory: string, writers: number, commits: number): Call[] {
  const log = join(directory, 'trace');
  const calls = 'trace=openat,pwrite64,write,ftruncate,fsync,fdatasync,unlink';
  const options = ['-f', '-y', '-xx', '-s', '1000000', '-e', calls, '-o', log];
  const command = [process.execPath, program, join(directory, 'store.db'), `${writers}`, `${commits}`];
  const { status } = spawnSync('strace', [...options, ...command], { maxBuffer: 1 << 28 });
  expect(status).toBe(0);
  return parseTrace(readFileSync(log, 'latin1'));
}

/** The file as it is, without a thread: what opening it after the cut brings back. */
async function check(path: string, acknowledged: Acknowledgements): Promise<void> {
  const file = new SqliteFile(path, 0);
  const journal: Journal = {
    open: (onRecords) => {
      for (const writes of file.records()) onRecords(writes.flatMap(({ record }) => record ?? []));
      return Promise.resolve(file.revision);
    },
    append: () => Promise.resolve(),
    close: () => Promise.resolve(file.close()),
  };
  const store = await openStore({ journal, clock: new FakeClock() });
  acknowledged.check(store);
  await store.close();
}

const isSync = ({ name }: Call): boolean => name === 'fsync' || name === 'fdatasync';

test.skipIf(!strace)('a power cut at any moment loses nothing acknowledged', { timeout: 120_000 }, async () => {
  const directory = mkdtempSync(join(tmpdir(), 'power-cut-'));
  const random = seededRandom(11);
  try {
    const calls = trace(directory, 4, 1500);
    const lastCommit = calls.findLastIndex(
      ({ name, path, data }) => name === 'write' && data.includes('writer-') && !path.includes('/store'),
    );
    const disk = new TracedDisk();
    const acknowledged = new Acknowledgements();
    let cuts = 0;
    for (const [index, call] of calls.entries()) {
      const ours = call.path.startsWith(directory);
      if (ours) disk.apply(call);
      else if (call.name === 'write') for (const line of String(call.data).split('\n')) acknowledged.note(line);
      const interesting = acknowledged.count > 0 && index <= lastCommit && random.next() < (isSync(call) ? 0.2 : 0.02);
      if (!interesting) continue;
      cuts += 1;
      const chance = [0, 0.5, 1][cuts % 3] ?? 0;
      const after = join(directory, `cut-${cuts}`);
      mkdirSync(after);
      for (const [path, content] of disk.after(() => random.next() < chance))
        writeFileSync(join(after, basename(path)), content);
      await check(join(after, 'store.db'), acknowledged);
      rmSync(after, { recursive: true });
    }
    expect(cuts).toBeGreaterThan(50);
    expect(acknowledged.count).toBe(1500);
  } finally {
    rmSync(directory, { recursive: true });
  }
});

test.skipIf(!strace)('every commit that nothing else is written beside has a sync of its own', () => {
  const directory = mkdtempSync(join(tmpdir(), 'power-cut-'));
  try {
    const calls = trace(directory, 1, 100);
    const syncs = calls.filter((call) => isSync(call) && call.path.endsWith('store.db-wal'));
    expect(syncs.length).toBeGreaterThanOrEqual(100);
    expect(syncs.length).toBeLessThan(120);
  } finally {
    rmSync(directory, { recursive: true });
  }
});
