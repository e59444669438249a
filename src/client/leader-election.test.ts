import fc from 'fast-check';
import { expect, test } from 'vitest';
import { FakeClock } from '../base/clock.ts';
import { seededRandom } from '../base/random.ts';
import { aborted } from '../base/service.ts';
import { Lease } from '../api/coordination/lease.ts';
import type { Client } from './client.ts';
import { LeaderElection, LeadershipLostError } from './leader-election.ts';
import { faulty } from './testing/faulty-client.ts';
import { MemoryClient } from './testing/memory-client.ts';

function setting() {
  const clock = new FakeClock();
  const memory = new MemoryClient({ clock });
  const working = new Set<string>();
  let most = 0;
  const candidate = (identity: string, client: Client = memory) => {
    const abort = new AbortController();
    const election = new LeaderElection({
      client,
      clock,
      random: seededRandom(identity.length),
      namespace: 'kube-system',
      name: 'manager',
      identity,
      lead: async (signal) => {
        working.add(identity);
        most = Math.max(most, working.size);
        await aborted(signal);
        working.delete(identity);
      },
    });
    const done = election.run(abort.signal);
    let ended = false;
    void done.catch(() => {}).then(() => (ended = true));
    return { election, done, stop: () => abort.abort(), ended: () => ended };
  };
  return { clock, memory, working, candidate, most: () => most };
}
const lease = (memory: MemoryClient) => memory.all(Lease)[0]?.spec;

test('one of two leads; the other takes over at once when it ends cleanly', async () => {
  const { clock, memory, working, candidate, most } = setting();
  const first = candidate('one');
  await clock.advance(1000);
  const second = candidate('three');
  await clock.advance(60_000);
  expect([...working]).toEqual(['one']);
  expect(second.election.leader).toBe('one');
  expect(lease(memory)).toMatchObject({ holderIdentity: 'one', leaseDurationSeconds: 15, leaseTransitions: 0 });
  first.stop();
  await clock.advance(3000);
  await first.done;
  expect([...working]).toEqual(['three']);
  expect(lease(memory)).toMatchObject({ holderIdentity: 'three', leaseTransitions: 1 });
  expect(most()).toBe(1);
  second.stop();
  await clock.advance(0);
  await second.done;
  expect(clock.pending).toBe(0);
});

test('a leader that is cut off stops before another begins', async () => {
  const { clock, memory, working, candidate, most } = setting();
  let cut = false;
  const flaky = new Proxy(memory, {
    get: (target, name: keyof MemoryClient) => {
      const value = target[name];
      if (typeof value !== 'function') return value;
      return (...parameters: unknown[]) =>
        cut
          ? Promise.reject(new Error('unreachable'))
          : (value as (...all: unknown[]) => unknown).apply(target, parameters);
    },
  });
  const first = candidate('one', flaky);
  await clock.advance(1000);
  const second = candidate('three');
  await clock.advance(10_000);
  cut = true;
  await clock.advance(12_600);
  expect([...working]).toEqual([]);
  await expect(first.done).rejects.toBeInstanceOf(LeadershipLostError);
  await clock.advance(8000);
  expect([...working]).toEqual(['three']);
  expect(most()).toBe(1);
  second.stop();
  await clock.advance(0);
});

test('a leader whose calls hang stops in time, too', async () => {
  const { clock, memory, working, candidate } = setting();
  let hang = false;
  const stuck = new Proxy(memory, {
    get: (target, name: keyof MemoryClient) => {
      const value = target[name];
      if (typeof value !== 'function') return value;
      return (...parameters: unknown[]) =>
        hang ? new Promise(() => {}) : (value as (...all: unknown[]) => unknown).apply(target, parameters);
    },
  });
  const first = candidate('one', stuck);
  await clock.advance(1000);
  hang = true;
  await clock.advance(14_000);
  expect([...working]).toEqual([]);
  await expect(first.done).rejects.toBeInstanceOf(LeadershipLostError);
});

test('two never work at once, whatever goes wrong between them and the API', async () => {
  await fc.assert(
    fc.asyncProperty(fc.nat(), fc.integer({ min: 1, max: 20 }), async (seed, pause) => {
      const { clock, memory, working, candidate, most } = setting();
      const random = seededRandom(seed);
      const faults = { conflictEvery: 3, lostAnswers: 0.3, lostRequests: 0.3 };
      const candidates = ['one', 'three'].map((identity) => ({
        identity,
        // As a process that starts again when it has lost the lead, under the same name.
        running: undefined as ReturnType<typeof candidate> | undefined,
        client: faulty(memory, faults, { random, clock }),
      }));
      let worked = 0;
      for (let round = 0; round < 60; round += 1) {
        for (const each of candidates) {
          if (each.running !== undefined && each.running.ended()) each.running = undefined;
          each.running ??= candidate(each.identity, each.client);
        }
        await clock.advance(pause * 1000);
        worked += working.size;
        // One of them crashes cleanly now and then.
        const chosen = candidates[Math.floor(random.next() * 10)];
        chosen?.running?.stop();
        expect(most()).toBeLessThanOrEqual(1);
      }
      expect(worked).toBeGreaterThan(0);
      for (const each of candidates) each.running?.stop();
      await clock.advance(60_000);
      await Promise.allSettled(candidates.flatMap(({ running }) => running?.done ?? []));
    }),
    { numRuns: 20 },
  );
});

test('work that fails gives the lease up and fails the service', async () => {
  const clock = new FakeClock();
  const memory = new MemoryClient({ clock });
  const election = new LeaderElection({
    client: memory,
    clock,
    random: seededRandom(1),
    namespace: 'kube-system',
    name: 'manager',
    identity: 'one',
    lead: () => Promise.reject(new Error('broken')),
  });
  await expect(election.run(new AbortController().signal)).rejects.toThrow('broken');
  expect(lease(memory)?.holderIdentity).toBe('');
});
