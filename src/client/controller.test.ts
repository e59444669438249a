import { expect, test } from 'vitest';
import { FakeClock, settle } from '../base/clock.ts';
import { seededRandom } from '../base/random.ts';
import { ReplicaSet } from '../api/apps/replica-set.ts';
import { Pod } from '../api/core/pod.ts';
import { byController, refOf } from './cache.ts';
import { Controller, watching, watchingOwned } from './controller.ts';
import { isConflict } from './client.ts';
import { Expectations } from './expectations.ts';
import { Informers } from './informers.ts';
import { faulty, type Faults } from './testing/faulty-client.ts';
import { MemoryClient } from './testing/memory-client.ts';

/** A tiny ReplicaSet controller: as many pods as `spec.replicas` says. */
function replicas(faults: Faults = {}, seed = 1) {
  const clock = new FakeClock();
  const memory = new MemoryClient({ clock });
  const client = faulty(memory, faults, { clock, random: seededRandom(seed) });
  const informers = new Informers({ client, clock, random: seededRandom(2) });
  const sets = informers.of(ReplicaSet);
  const pods = informers.of(Pod);
  pods.addIndex('controller', byController);
  const expectations = new Expectations(pods, clock);
  const controller = new Controller(
    {
      name: 'replicas',
      sources: [watching(sets), watchingOwned(pods, 'ReplicaSet')],
      reconcile: async (key, { note }) => {
        const set = sets.get(refOf(key));
        if (set === undefined || !expectations.satisfied(key)) return;
        const owned = pods.by('controller', set.metadata.uid);
        const missing = (set.spec?.replicas ?? 0) - owned.length;
        note({ missing });
        for (let n = 0; n < missing; n += 1) {
          const { name, uid, namespace } = set.metadata;
          const ownerReferences = [{ apiVersion: 'apps/v1', kind: 'ReplicaSet', name, uid, controller: true }];
          const metadata = { generateName: `${name}-`, namespace: namespace ?? '', ownerReferences };
          expectations.created(key, await client.create(Pod, { metadata, spec: { containers: [] } }));
        }
        for (const pod of owned.slice(0, Math.max(0, -missing))) {
          await client.delete(Pod, pod.metadata);
          expectations.deleted(key, pod);
        }
      },
    },
    { clock },
  );
  const abort = new AbortController();
  const done = Promise.all([informers.run(abort.signal), controller.run(abort.signal)]);
  const stop = async (): Promise<void> => {
    abort.abort();
    await done;
  };
  const declare = (name: string, count: number) =>
    memory.seed(ReplicaSet, {
      metadata: { name, namespace: 'default' },
      spec: { replicas: count, selector: {}, template: {} },
    });
  return { clock, memory, controller, stop, declare };
}

test('a reconciler is called for what exists and for every change, and reaches the declared state', async () => {
  const { clock, memory, stop, declare, controller } = replicas();
  const set = declare('web', 3);
  await clock.advance(100);
  expect(memory.all(Pod)).toHaveLength(3);

  await memory.delete(Pod, memory.all(Pod)[0]!.metadata);
  await clock.advance(100);
  expect(memory.all(Pod)).toHaveLength(3);

  await memory.update(ReplicaSet, { ...set, spec: { ...set.spec!, replicas: 1 } });
  await clock.advance(100);
  expect(memory.all(Pod)).toHaveLength(1);
  expect(controller.status).toMatchObject({ synced: true, depth: 0, active: 0, failures: 0 });
  expect(controller.status.last?.plan).toEqual({ missing: 0 });
  await stop();
  expect(clock.pending).toBe(0);
});

test('late, lost and repeated events, lost answers and conflicts lead to the same state', async () => {
  for (let seed = 1; seed <= 10; seed += 1) {
    const { clock, memory, stop, declare } = replicas(
      { lostRequests: 0.2, duplicates: 0.3, brokenWatches: 0.1, delay: 500 },
      seed,
    );
    declare('web', 5);
    declare('db', 2);
    await clock.advance(600_000);
    expect(memory.all(Pod), `seed ${seed}`).toHaveLength(7);
    await stop();
  }
});

test('a failing key is retried after growing delays, while other keys go on', async () => {
  const clock = new FakeClock();
  const attempts: number[] = [];
  const others: string[] = [];
  const start = clock.now();
  const controller = new Controller(
    {
      name: 'failing',
      sources: [],
      concurrency: 2,
      reconcile: async (key) => {
        if (key !== 'bad') return void others.push(key);
        attempts.push(clock.now() - start);
        throw new Error('not yet');
      },
    },
    { clock },
  );
  const abort = new AbortController();
  const done = controller.run(abort.signal);
  controller.enqueue('bad');
  controller.enqueue('good');
  await clock.advance(80);
  expect(attempts).toEqual([0, 5, 15, 35, 75]);
  expect(others).toEqual(['good']);
  expect(controller.status).toMatchObject({ failures: 5, last: { key: 'bad', error: 'not yet' } });
  abort.abort();
  await done;
  expect(clock.pending).toBe(0);
});

test('the same key is never reconciled twice at the same time', async () => {
  const clock = new FakeClock();
  let active = 0;
  let most = 0;
  let calls = 0;
  const controller = new Controller(
    {
      name: 'careful',
      sources: [],
      reconcile: async () => {
        calls += 1;
        active += 1;
        most = Math.max(most, active);
        await clock.sleep(10);
        active -= 1;
      },
    },
    { clock },
  );
  const abort = new AbortController();
  const done = controller.run(abort.signal);
  controller.enqueue('one');
  await settle();
  controller.enqueue('one');
  controller.enqueue('one');
  await clock.advance(100);
  expect({ most, calls }).toEqual({ most: 1, calls: 2 });
  // The second turn was due at once, and had to wait for the first to end.
  expect(controller.status).toMatchObject({ wait: { count: 2, sum: 10 }, work: { count: 2, sum: 20 } });
  abort.abort();
  await done;
});

test('the memory client refuses a stale update as the API server does', async () => {
  const memory = new MemoryClient({ clock: new FakeClock() });
  const old = memory.seed(Pod, { metadata: { name: 'a', namespace: 'default' }, spec: { containers: [] } });
  await memory.update(Pod, { ...old, metadata: { ...old.metadata, labels: { a: 'b' } } });
  const stale = memory.update(Pod, { ...old, metadata: { ...old.metadata, labels: { a: 'c' } } });
  await expect(stale).rejects.toSatisfy(isConflict);
});
