/**
 * Lists and watches against a tiny model: a map of objects, copied at each revision.
 *
 * Claims: the pages of a list together are what the map held at the first page's revision; and a reader
 * that applies a watch's events, with whatever selector, holds what the map holds, filtered.
 */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { systemClock } from '../../base/clock.ts';
import { ConfigMap } from '../../api/core/config-map.ts';
import { MemoryJournal } from '../../store/journal/memory.ts';
import { openStore } from '../../store/open-store.ts';
import type { Store } from '../../store/store.ts';
import { itemOf, openFeed } from '../watch/feed.ts';
import { listQueryOf, readList } from './read.ts';
import { keyOf, Resources } from './resources.ts';
import { metaOf, seal } from './snapshot.ts';

const resource = new Resources([ConfigMap]).of(ConfigMap);

interface Write {
  readonly name: string;
  /** undefined deletes. */
  readonly color: string | undefined;
}

const names = ['a', 'b', 'c', 'd', 'e', 'f'];
const write: fc.Arbitrary<Write> = fc.record({
  name: fc.constantFrom(...names),
  color: fc.constantFrom('red', 'blue', undefined),
});

type Model = ReadonlyMap<string, string>;

async function apply(store: Store, model: Map<string, string>, { name, color }: Write): Promise<void> {
  const key = keyOf(resource, 'default', name);
  if (color === undefined) {
    if (model.delete(name)) await store.commit([{ type: 'delete', key, expect: 'any' }]);
    return;
  }
  model.set(name, color);
  const sealed = seal(ConfigMap, { metadata: { name, namespace: 'default', labels: { color } } });
  await store.commit([{ type: 'put', key, ...sealed, expect: 'any' }]);
}

const colorOf = (value: object): string => metaOf(value).labels?.['color'] ?? '';
const sorted = (model: Model): [string, string][] => [...model].toSorted(([one], [other]) => (one < other ? -1 : 1));
const openMemory = () => openStore({ journal: new MemoryJournal(), clock: systemClock });

test('pages together are one picture', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(write, { maxLength: 20 }),
      fc.array(fc.array(write, { maxLength: 4 }), { minLength: 8, maxLength: 8 }),
      fc.integer({ min: 1, max: 4 }),
      fc.constantFrom('', 'color=red', 'color!=red'),
      async (before, between, limit, selector) => {
        const store = await openMemory();
        const model = new Map<string, string>();
        for (const each of before) await apply(store, model, each);
        const wanted = sorted(model).filter(
          ([, color]) => selector === '' || (color === 'red') === (selector === 'color=red'),
        );
        const seen: [string, string][] = [];
        let token = '';
        for (const writes of between) {
          const query = new URLSearchParams({ limit: String(limit), labelSelector: selector, continue: token });
          const { entries, meta } = readList(store, resource, 'default', listQueryOf(query));
          for (const { value } of entries) seen.push([metaOf(value).name ?? '', colorOf(value)]);
          token = meta.continue ?? '';
          if (token === '') break;
          expect(entries).toHaveLength(limit);
          for (const each of writes) await apply(store, model, each);
        }
        expect(seen).toEqual(wanted);
        await store.close();
      },
    ),
    { numRuns: 100, seed: 20_261_123 },
  );
});

test('a reader of events holds what the store holds', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(write, { maxLength: 10 }),
      fc.array(write, { maxLength: 30 }),
      fc.constantFrom('', 'color=red', 'color!=red'),
      async (before, after, selector) => {
        const store = await openMemory();
        const model = new Map<string, string>();
        for (const each of before) await apply(store, model, each);
        const query = listQueryOf(new URLSearchParams({ labelSelector: selector }));
        const feed = openFeed({ store, resource, namespace: 'default', query });
        const held = new Map<string, string>();
        for (const { value } of feed.initial ?? []) held.set(metaOf(value).name ?? '', colorOf(value));
        let newest = feed.revision;
        for (const each of after) {
          await apply(store, model, each);
          for (const change of feed.watch.drain()) {
            const item = itemOf(change, feed.selection);
            if (item === undefined) continue;
            const { name = '' } = metaOf(item.snapshot.value);
            // Events say exactly what happens to the reader's set, and never go back.
            expect(item.type === 'ADDED').toBe(!held.has(name));
            expect(item.snapshot.revision).toBeGreaterThan(newest);
            newest = item.snapshot.revision;
            if (item.type === 'DELETED') held.delete(name);
            else held.set(name, colorOf(item.snapshot.value));
          }
          const matching = sorted(model).filter(
            ([, color]) => selector === '' || (color === 'red') === (selector === 'color=red'),
          );
          expect(sorted(held)).toEqual(matching);
        }
        feed.watch.close();
        await store.close();
      },
    ),
    { numRuns: 100, seed: 20_261_123 },
  );
});
