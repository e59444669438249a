import { describe, expect, test } from 'vitest';
import { FakeClock } from '../base/clock.ts';
import { seededRandom } from '../base/random.ts';
import { Pod } from '../api/core/pod.ts';
import { parseSelector } from '../schema/selector.ts';
import { byController, byLabel, byNode } from './cache.ts';
import { ApiError, type Client, type ListOptions, type WatchEvent, type WatchOptions } from './client.ts';
import { Informer, type InformerOptions } from './informer.ts';
import { faulty } from './testing/faulty-client.ts';
import { MemoryClient } from './testing/memory-client.ts';

function setting(
  options: Partial<InformerOptions<Pod>> = {},
  wrap: (client: MemoryClient) => Client = (client) => client,
) {
  const clock = new FakeClock();
  const memory = new MemoryClient({ clock });
  const calls: string[] = [];
  const inner = wrap(memory);
  const client: Client = {
    ...bound(inner),
    list: (kind, list: ListOptions = {}) => {
      calls.push(`list${list.continue === undefined ? '' : ' more'}`);
      return inner.list(kind, list);
    },
    watch: (kind, watch: WatchOptions) => {
      calls.push(`watch ${watch.resourceVersion}`);
      return inner.watch(kind, watch);
    },
  };
  const informer = new Informer({ client, kind: Pod, clock, random: seededRandom(1), ...options });
  const told: string[] = [];
  const handler = {
    added: (pod: Pod, initial: boolean) => void told.push(`+${pod.metadata.name}${initial ? ' initially' : ''}`),
    updated: (pod: Pod, old: Pod) =>
      void told.push(`${pod.metadata.name} ${old.metadata.resourceVersion}>${pod.metadata.resourceVersion}`),
    deleted: (pod: Pod) => void told.push(`-${pod.metadata.name}`),
  };
  informer.subscribe(handler);
  const abort = new AbortController();
  const start = (): Promise<void> => informer.run(abort.signal);
  const seed = (name: string, more: { namespace?: string; labels?: Record<string, string>; node?: string } = {}): Pod =>
    memory.seed(Pod, {
      metadata: { name, namespace: more.namespace ?? 'default', labels: more.labels ?? {} },
      spec: { containers: [], nodeName: more.node ?? '' },
    });
  return { clock, memory, calls, informer, handler, told, abort, start, seed };
}

/** The methods as functions of their own, so that some can be replaced. */
function bound(client: Client): Client {
  return {
    get: (kind, ref) => client.get(kind, ref),
    list: (kind, options) => client.list(kind, options),
    watch: (kind, options) => client.watch(kind, options),
    create: (kind, object, options) => client.create(kind, object, options),
    update: (kind, object, options) => client.update(kind, object, options),
    patch: (kind, ref, patch, options) => client.patch(kind, ref, patch, options),
    delete: (kind, ref, options) => client.delete(kind, ref, options),
    post: (kind, ref, subresource, body) => client.post(kind, ref, subresource, body),
    request: (request) => client.request(request),
  };
}

describe('following', () => {
  test('tells what exists, then every change in order; whoever comes later hears what exists', async () => {
    const { clock, memory, informer, told, abort, start, seed, handler } = setting();
    seed('a');
    const done = start();
    expect(informer.synced).toBe(false);
    await clock.advance(0);
    expect(informer.synced).toBe(true);
    const b = seed('b');
    await memory.patch(Pod, b.metadata, { metadata: { labels: { x: 'y' } } }, { type: 'merge' });
    memory.remove(Pod, { namespace: 'default', name: 'a' });
    await clock.advance(0);
    expect(told).toEqual(['+a initially', '+b', 'b 2>3', '-a']);
    expect(informer.resourceVersion).toBe('4');
    told.length = 0;
    informer.subscribe(handler);
    expect(told).toEqual(['+b initially']);
    abort.abort();
    await done;
    expect(clock.pending).toBe(0);
  });

  test('the cache already shows a change when a handler hears of it', async () => {
    const { clock, informer, abort, start, seed } = setting();
    const seen: unknown[] = [];
    informer.subscribe({
      added: ({ metadata }) => seen.push(informer.get(metadata) !== undefined),
      deleted: ({ metadata }) => seen.push(informer.get(metadata) !== undefined),
    });
    const done = start();
    await clock.advance(0);
    seed('a');
    await clock.advance(0);
    expect(seen).toEqual([true]);
    abort.abort();
    await done;
  });

  test('one handler that fails keeps no other from hearing', async () => {
    const { clock, informer, told, abort, start, seed, handler } = setting();
    informer.subscribe({
      added: () => {
        throw new Error('broken');
      },
    });
    informer.subscribe(handler);
    const done = start();
    await clock.advance(0);
    seed('a');
    await clock.advance(0);
    expect(told).toEqual(['+a', '+a']);
    abort.abort();
    await done;
  });

  test('whenSynced waits for the first list, and no longer than its signal', async () => {
    const { clock, informer, abort, start } = setting();
    await expect(informer.whenSynced(AbortSignal.abort(new Error('enough')))).rejects.toThrow('enough');
    const synced = informer.whenSynced();
    const done = start();
    await clock.advance(0);
    await synced;
    abort.abort();
    await done;
  });
});

describe('when the watch ends', () => {
  test('it resumes from the last revision, with nothing lost or told twice', async () => {
    const { clock, memory, calls, told, abort, start, seed } = setting();
    seed('a');
    const done = start();
    await clock.advance(0);
    seed('b');
    await clock.advance(0);
    memory.disconnect();
    seed('c');
    await clock.advance(1000);
    expect(told).toEqual(['+a initially', '+b', '+c']);
    expect(calls).toEqual(['list', 'watch 1', 'watch 2']);
    abort.abort();
    await done;
  });

  test('too old (410), it lists again and tells the difference', async () => {
    const { clock, memory, calls, told, abort, start, seed } = setting();
    for (const name of ['kept', 'changed', 'gone', 'replaced']) seed(name);
    const done = start();
    await clock.advance(0);
    told.length = 0;
    memory.disconnect();
    const ref = (name: string) => ({ namespace: 'default', name });
    await memory.patch(Pod, ref('changed'), { metadata: { labels: { x: 'y' } } }, { type: 'merge' });
    memory.remove(Pod, ref('gone'));
    memory.remove(Pod, ref('replaced'));
    seed('replaced');
    seed('new');
    memory.compact();
    await clock.advance(5000);
    expect(told).toEqual(['-gone', 'changed 2>5', '+new', '-replaced', '+replaced']);
    expect(calls).toEqual(['list', 'watch 4', 'watch 4', 'list', 'watch 9']);
    abort.abort();
    await done;
  });

  test('by a server whose data are older than ours, it lists again', async () => {
    let restored = true;
    const { clock, calls, abort, start, seed } = setting({}, (memory) => {
      const watch = memory.watch.bind(memory);
      memory.watch = (kind, options) => {
        if (!restored) return watch(kind, options);
        restored = false;
        throw new ApiError(504, 'Timeout', 'Timeout: Too large resource version: 9, current: 1');
      };
      return memory;
    });
    seed('a');
    const done = start();
    await clock.advance(1000);
    expect(calls).toEqual(['list', 'watch 1', 'list', 'watch 1']);
    abort.abort();
    await done;
  });

  test('bookmarks move the place to resume from', async () => {
    let bookmark: string | undefined = '40';
    const { clock, calls, informer, abort, start } = setting({}, (memory) => {
      async function* watch(): AsyncIterable<WatchEvent<never>> {
        if (bookmark !== undefined) yield { type: 'BOOKMARK', resourceVersion: bookmark };
        bookmark = undefined;
      }
      memory.watch = watch;
      return memory;
    });
    const done = start();
    await clock.advance(500);
    expect(informer.resourceVersion).toBe('40');
    expect(calls.slice(0, 3)).toEqual(['list', 'watch 0', 'watch 40']);
    abort.abort();
    await done;
  });

  test('a server that stays away is asked less and less often, and the cache keeps what it has', async () => {
    let down = false;
    const { clock, memory, calls, informer, abort, start, seed } = setting({}, (memory) => {
      const watch = memory.watch.bind(memory);
      memory.watch = (kind, options) => {
        if (down) throw new Error('unreachable');
        return watch(kind, options);
      };
      return memory;
    });
    seed('a');
    const done = start();
    await clock.advance(0);
    down = true;
    memory.disconnect();
    calls.length = 0;
    await clock.advance(10_000);
    const early = calls.length;
    expect(early).toBeGreaterThan(3);
    expect(early).toBeLessThan(10);
    await clock.advance(600_000);
    expect(calls.length - early).toBeLessThan(130);
    expect(informer.size).toBe(1);
    down = false;
    seed('b');
    await clock.advance(60_000);
    expect(informer.size).toBe(2);
    abort.abort();
    await done;
  });
});

test('large collections come in pages of 500', async () => {
  const { clock, calls, informer, abort, start, seed } = setting();
  for (let n = 0; n < 1200; n += 1) seed(`pod-${n}`);
  const done = start();
  await clock.advance(0);
  expect(calls).toEqual(['list', 'list more', 'list more', 'watch 1200']);
  expect(informer.size).toBe(1200);
  abort.abort();
  await done;
});

describe('finding', () => {
  test('by namespace, by labels, by uid, and by indices, also ones that are added later', async () => {
    const { clock, memory, informer, abort, start, seed } = setting({ indices: { node: byNode } });
    const a = seed('a', { labels: { app: 'web' }, node: 'one' });
    seed('b', { labels: { app: 'db' }, node: 'one' });
    seed('c', { namespace: 'other', labels: { app: 'web' }, node: 'two' });
    const done = start();
    await clock.advance(0);
    informer.addIndex('app', byLabel('app'));
    informer.addIndex('controller', byController);
    const names = (pods: readonly Pod[]): string[] => pods.map(({ metadata }) => metadata.name).toSorted();
    expect(names(informer.list({ namespace: 'default' }))).toEqual(['a', 'b']);
    expect(names(informer.list({ selector: parseSelector('app=web') }))).toEqual(['a', 'c']);
    expect(names(informer.by('node', 'one'))).toEqual(['a', 'b']);
    expect(names(informer.by('app', 'web'))).toEqual(['a', 'c']);
    expect(informer.getByUid(a.metadata.uid)?.metadata.name).toBe('a');
    await memory.patch(
      Pod,
      a.metadata,
      { spec: { nodeName: 'two' }, metadata: { labels: { app: 'db' } } },
      { type: 'merge' },
    );
    memory.remove(Pod, { namespace: 'other', name: 'c' });
    await clock.advance(0);
    expect(names(informer.by('node', 'two'))).toEqual(['a']);
    expect(names(informer.by('app', 'web'))).toEqual([]);
    expect(() => informer.by('nonsense', '')).toThrow('there is no index nonsense');
    abort.abort();
    await done;
  });
});

test('whatever goes wrong on the way, the cache ends up like the server', async () => {
  for (let seed = 1; seed <= 20; seed += 1) {
    const random = seededRandom(seed);
    const clock = new FakeClock();
    const memory = new MemoryClient({ clock });
    const faults = { lostRequests: 0.3, duplicates: 0.3, brokenWatches: 0.2, delay: 50 };
    const client = faulty(memory, faults, { random, clock });
    const informer = new Informer({ client, kind: Pod, clock, random });
    const abort = new AbortController();
    const done = informer.run(abort.signal);
    for (let step = 0; step < 100; step += 1) {
      const name = `pod-${Math.floor(random.next() * 8)}`;
      const there = memory.all(Pod).find(({ metadata }) => metadata.name === name);
      if (there === undefined) memory.seed(Pod, { metadata: { name, namespace: 'default' }, spec: { containers: [] } });
      else if (random.next() < 0.4) memory.remove(Pod, there.metadata);
      else await memory.patch(Pod, there.metadata, { metadata: { labels: { step: `${step}` } } }, { type: 'merge' });
      if (random.next() < 0.1) memory.compact();
      await clock.advance(random.next() * 300);
    }
    await clock.advance(120_000);
    const sorted = informer.list().toSorted((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1));
    expect({ seed, objects: sorted }).toEqual({ seed, objects: memory.all(Pod) });
    abort.abort();
    await done;
  }
});
