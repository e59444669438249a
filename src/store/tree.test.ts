import fc from 'fast-check';
import { expect, test } from 'vitest';
import { EntryTree } from './tree.ts';

interface Item {
  readonly key: string;
  readonly value: number;
}

/** What a range must be, the slow way. */
function expected(items: ReadonlyMap<string, Item>, prefix: string, after: string, limit: number) {
  const found = [...items.values()]
    .filter(({ key }) => key.startsWith(prefix) && key > after)
    .sort((a, b) => (a.key < b.key ? -1 : 1));
  return { entries: found.slice(0, limit), remaining: Math.max(0, found.length - limit) };
}

const name = fc.nat({ max: 4000 }).map((n) => `${'abc'[n % 3] ?? ''}/${n.toString(7)}`);
const operation = fc.oneof(
  { weight: 3, arbitrary: fc.tuple(fc.constant('put' as const), name) },
  { weight: 2, arbitrary: fc.tuple(fc.constant('delete' as const), name) },
);
const query = fc.record({
  prefix: fc.constantFrom('', 'a/', 'b/1', 'c/66', 'z'),
  after: name,
  limit: fc.nat({ max: 200 }),
});

const rounds = fc.array(fc.tuple(fc.array(operation, { minLength: 50, maxLength: 1500 }), query), { maxLength: 4 });

test('agrees with a sorted map through many puts and deletes, and snapshots do not change', () => {
  const agrees = fc.property(fc.constantFrom(4, 5, 64), rounds, (width, rounds) => {
    const tree = new EntryTree<Item>(width);
    const map = new Map<string, Item>();
    const kept: { view: ReturnType<typeof tree.snapshot>; map: Map<string, Item> }[] = [];
    let value = 0;
    for (const [operations, { prefix, after, limit }] of rounds) {
      for (const [kind, key] of operations) {
        value += 1;
        const old = map.get(key);
        expect(kind === 'put' ? tree.put({ key, value }) : tree.delete(key)).toBe(old);
        if (kind === 'delete') map.delete(key);
        else map.set(key, tree.get(key)!);
      }
      kept.push({ view: tree.snapshot(), map: new Map(map) });
      expect(tree.size).toBe(map.size);
      expect(tree.range(prefix, after, limit)).toEqual(expected(map, prefix, after, limit));
      expect(tree.count(prefix)).toBe(expected(map, prefix, '', Infinity).entries.length);
    }
    for (const { view, map } of kept) {
      expect(view.range('', undefined, Infinity)).toEqual(expected(map, '', '', Infinity));
    }
  });
  expect(() => fc.assert(agrees, { numRuns: 60 })).not.toThrow();
});

test('emptied, it is as good as new', () => {
  const tree = new EntryTree<Item>();
  for (let n = 0; n < 10_000; n += 1) tree.put({ key: `k/${n}`, value: n });
  for (let n = 0; n < 10_000; n += 1) tree.delete(`k/${n}`);
  expect(tree.size).toBe(0);
  tree.put({ key: 'a', value: 1 });
  expect(tree.range('', undefined, 5).entries).toHaveLength(1);
});

test('a fork and its origin go separate ways', () => {
  const tree = EntryTree.from([{ key: 'a', value: 1 }]);
  const fork = tree.fork();
  tree.put({ key: 'b', value: 2 });
  fork.put({ key: 'c', value: 3 });
  expect(tree.range('', undefined, 9).entries.map(({ key }) => key)).toEqual(['a', 'b']);
  expect(fork.range('', undefined, 9).entries.map(({ key }) => key)).toEqual(['a', 'c']);
});
