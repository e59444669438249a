/** How a table is kept in step with a kernel that refuses something. The kernel is simulated. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { FakeClock } from '../base/clock.ts';
import { createLogger, type Logger } from '../base/log.ts';
import type { Nft } from './nft.ts';
import { NftTable } from './nft-table.ts';
import { TableSync } from './table-sync.ts';

let clock: FakeClock;
let table: NftTable;
let sync: TableSync;
let stop: AbortController;
let running: Promise<void>;
let lines: string[];
/** Keys in the kernel's set; undefined while there is no table. */
let held: Set<string> | undefined;

/** Takes elements of one set, but none named `bad...`. */
const nft: Nft = {
  apply: (script) => {
    const next = script.includes('delete table') ? new Set<string>() : new Set(held);
    for (const [, verb, keys = ''] of script.matchAll(/(add|delete) element inet t seen \{ (.*) \}/g)) {
      for (const key of keys.split(', ')) {
        if (key.startsWith('bad')) return Promise.reject(new Error('File exists'));
        if (verb === 'add') next.add(key);
        else next.delete(key);
      }
    }
    if (held === undefined && !script.includes('delete table')) return Promise.reject(new Error('No such file'));
    held = next;
    return Promise.resolve();
  },
  readTable: () =>
    Promise.resolve(
      held === undefined
        ? undefined
        : {
            elements: new Map([
              ['seen', new Map([...held].map((key) => [key, '']))],
              [table.marker, new Map<string, string>()],
            ]),
            rules: new Map<string, number>(),
          },
    ),
  readSet: () => Promise.resolve(undefined),
  hasSet: () => Promise.resolve(held !== undefined),
};

const want = (owner: string, ...keys: readonly string[]): void => {
  table.replace(
    owner,
    keys.map((key) => ({ set: 'seen', key, value: '' })),
  );
  sync.poke();
};

function recording(): Logger {
  return createLogger({ clock, level: 'warn', write: (line) => void lines.push(line) });
}

beforeEach(() => {
  clock = new FakeClock();
  lines = [];
  held = undefined;
  stop = new AbortController();
  table = new NftTable({
    name: 't',
    sets: { seen: { kind: 'set', body: 'type ipv4_addr;' } },
    chains: {},
    parts: () => [],
  });
  sync = new TableSync({ nft, table, clock, log: recording(), gather: () => {} });
});
afterEach(async () => {
  stop.abort();
  await running;
});

test('what the kernel refuses of one owner does not hold up the others, and is named', async () => {
  for (let at = 0; at < 10; at += 1) want(`service/${at}`, `10.0.0.${at}`);
  want('service/5', '10.0.0.5', 'bad');
  running = sync.run(stop.signal);
  await clock.advance(1);
  expect([...(held ?? [])].sort()).toEqual([0, 1, 2, 3, 4, 6, 7, 8, 9].map((at) => `10.0.0.${at}`));
  expect(lines).toHaveLength(1);
  expect(lines[0]).toContain('service/5');
  expect(lines[0]).toContain('File exists');
});

test('while something is refused, changes of others arrive at once', async () => {
  want('service/a', '10.0.0.1', 'bad');
  running = sync.run(stop.signal);
  await clock.advance(10_000);
  want('service/b', '10.0.0.2');
  await clock.advance(1);
  expect(held).toEqual(new Set(['10.0.0.2']));
  want('service/b');
  await clock.advance(1);
  expect(held).toEqual(new Set());
});

test('an owner that wants something else is taken at once', async () => {
  want('service/a', '10.0.0.1', 'bad');
  running = sync.run(stop.signal);
  await clock.advance(10_000);
  want('service/a', '10.0.0.1');
  await clock.advance(1);
  expect(held).toEqual(new Set(['10.0.0.1']));
  expect(clock.nextDue).toBeGreaterThan(clock.now() + 1000);
});

test('what was refused is tried again with growing pauses, which are not taken for foreign edits', async () => {
  want('service/a', 'bad');
  running = sync.run(stop.signal);
  await clock.advance(60_000);
  expect(lines.length).toBeGreaterThan(5);
  expect(lines.length).toBeLessThan(15);
  expect(sync.heals).toBe(0);
});

test('a table that is gone is put back whole, and nobody is blamed', async () => {
  want('service/a', '10.0.0.1');
  running = sync.run(stop.signal);
  await clock.advance(1);
  held = undefined;
  want('service/b', '10.0.0.2');
  await clock.advance(1000);
  expect(held).toEqual(new Set(['10.0.0.1', '10.0.0.2']));
  expect(lines.join('\n')).not.toContain('service/');
});
