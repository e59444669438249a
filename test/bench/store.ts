/** Durable writes, restarts, watches and memory of the store over its SQLite journal. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { systemClock } from '../../src/base/clock.ts';
import { MemoryJournal } from '../../src/store/journal/memory.ts';
import { SqliteJournal } from '../../src/store/journal/sqlite.ts';
import { openStore } from '../../src/store/open-store.ts';
import type { Store, Write } from '../../src/store/store.ts';

export interface StoreRow {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
}

const clock = systemClock;
const rounded = (value: number): number => Math.round(value * 100) / 100;

/** An object of about 1.8 KB. */
function put(key: string, size = 1700): Write {
  const value = Object.freeze({ text: 'x'.repeat(size) });
  return { type: 'put', key, value, bytes: Buffer.from(JSON.stringify(value)), expect: 'any' };
}

/** `total` writes by so many writers; writes per second, and the longest wait. */
async function write(store: Store, writers: number, total: number, make: (n: number) => Write) {
  const start = clock.monotonic();
  let next = 0;
  let longest = 0;
  const writer = async (): Promise<void> => {
    while (next < total) {
      const n = next;
      next += 1;
      const before = clock.monotonic();
      await store.commit([make(n)]);
      longest = Math.max(longest, clock.monotonic() - before);
    }
  };
  await Promise.all(Array.from({ length: writers }, writer));
  return { perSecond: (total / (clock.monotonic() - start)) * 1000, longest };
}

/** Measures how late a timer of 5 ms fires. */
function watchStalls(): { stop(): number } {
  let longest = 0;
  let last = clock.monotonic();
  const tick = (): void => {
    const now = clock.monotonic();
    longest = Math.max(longest, now - last - 5);
    last = now;
    timer = clock.after(5, tick);
  };
  let timer = clock.after(5, tick);
  return {
    stop: () => {
      timer.cancel();
      return longest;
    },
  };
}

/** Of the database and what lies beside it. */
function sizeOf(directory: string, database: string): number {
  const files = readdirSync(directory).filter((name) => name.startsWith(database));
  return files.reduce((sum, name) => sum + statSync(join(directory, name)).size, 0);
}

class Bench {
  readonly rows: StoreRow[] = [];
  readonly #directory = mkdtempSync(join(tmpdir(), 'bench-store-'));

  note(name: string, value: number, unit: string): void {
    this.rows.push({ name, value: rounded(value), unit });
  }

  open(name: string): Promise<Store> {
    return openStore({ journal: new SqliteJournal({ path: join(this.#directory, name) }), clock });
  }

  async writes(): Promise<void> {
    const store = await this.open('writes.db');
    await write(store, 1, 500, (n) => put(`warm/${n}`));
    this.note(
      'durable creates of 1.8 KB, sequential',
      (await write(store, 1, 3000, (n) => put(`a/${n}`))).perSecond,
      '/s',
    );
    const grouped = await write(store, 64, 30_000, (n) => put(`b/${n}`));
    this.note('durable creates of 1.8 KB, 64 writers', grouped.perSecond, '/s');
    this.note('... longest wait', grouped.longest, 'ms');
    await store.close();
  }

  async churn(updates: number): Promise<void> {
    const store = await this.open('churn.db');
    const stalls = watchStalls();
    const { perSecond, longest } = await write(store, 64, updates, (n) => put(`leases/${n % 1000}`, 300));
    this.note(`${updates} updates of 1,000 leases, 64 writers`, perSecond, '/s');
    this.note('... longest wait for a write', longest, 'ms');
    this.note('... longest stall of the event loop', stalls.stop(), 'ms');
    this.note('... files afterwards', sizeOf(this.#directory, 'churn.db') / 1e6, 'MB');
    await store.close();
  }

  async restart(objects: number): Promise<void> {
    const name = `restart-${objects}.db`;
    const store = await this.open(name);
    await write(store, 512, objects, (n) => put(`pods/ns-${n % 100}/pod-${n}`));
    await store.close();
    globalThis.gc?.();
    const before = process.memoryUsage().rss;
    const start = clock.monotonic();
    const again = await this.open(name);
    this.note(`restart with ${objects} objects of 1.8 KB`, clock.monotonic() - start, 'ms');
    this.note('... memory per object, values not parsed', (process.memoryUsage().rss - before) / objects, 'bytes');
    await again.close();
  }

  async watches(): Promise<void> {
    const store = await openStore({ journal: new MemoryJournal(), clock });
    let delivered = 0;
    for (let n = 0; n < 1000; n += 1) {
      const watch = store.watch('pods/', 0, { onReady: () => (delivered += watch.drain().length) });
    }
    const start = clock.monotonic();
    for (let n = 0; n < 1000; n += 1) await store.commit([put(`pods/default/${n % 100}`)]);
    const microseconds = (clock.monotonic() - start) * 1000;
    this.note('1,000 changes to 1,000 watches of one prefix', delivered, 'events');
    this.note('... each', microseconds / delivered, 'us');
    const apart = await openStore({ journal: new MemoryJournal(), clock });
    for (let n = 0; n < 1000; n += 1) apart.watch(`pods/ns-${n}/`, 0);
    const { perSecond } = await write(apart, 1, 20_000, (n) => put(`pods/ns-${n % 1000}/a`));
    this.note('writes beside 1,000 watches of other namespaces', perSecond, '/s');
    await Promise.all([store.close(), apart.close()]);
  }

  /** Counted from outside, in a run of its own. */
  syncs(): void {
    const program = fileURLToPath(new URL('../../src/store/testing/crash-writer.ts', import.meta.url));
    for (const writers of [1, 64]) {
      const path = join(this.#directory, `syncs-${writers}.db`);
      const command = [
        '-f',
        '-c',
        '-e',
        'trace=fsync,fdatasync',
        process.execPath,
        program,
        path,
        `${writers}`,
        '2000',
      ];
      const { status, stderr } = spawnSync('strace', command, { encoding: 'utf8', maxBuffer: 1 << 26 });
      if (status !== 0) return this.note('syncs (not counted: needs strace)', 0, '');
      // Columns: share, seconds, microseconds per call, calls, errors if any, name.
      const calls = stderr.matchAll(/^\s*[\d.]+\s+[\d.]+\s+\d+\s+(\d+)\s.*(?:fsync|fdatasync)$/gm);
      const count = calls.reduce((sum, [, number]) => sum + Number(number), 0);
      this.note(`fsync and fdatasync calls for 2,000 commits by ${writers}`, count, 'calls');
    }
  }

  close(): void {
    rmSync(this.#directory, { recursive: true });
  }
}

export async function benchStore(updates = 1_000_000): Promise<readonly StoreRow[]> {
  const bench = new Bench();
  try {
    await bench.writes();
    await bench.churn(updates);
    await bench.restart(10_000);
    await bench.restart(150_000);
    await bench.watches();
    bench.syncs();
  } finally {
    bench.close();
  }
  return bench.rows;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const rows = await benchStore(Number(process.argv[2] ?? 1_000_000));
  const lines = rows.map(({ name, value, unit }) => `${name.padEnd(56)} ${String(value).padStart(12)} ${unit}`);
  process.stdout.write(`${lines.join('\n')}\n${JSON.stringify(rows)}\n`);
}
