import { expect, test } from 'vitest';
import { FakeClock, settle, type Clock } from '../../base/clock.ts';
import { Flusher } from './flusher.ts';

const writers = (count: number): { readonly calls: number[]; readonly flushes: readonly (() => void)[] } => {
  const calls: number[] = Array.from({ length: count }, () => 0);
  return { calls, flushes: calls.map((_, at) => () => void (calls[at] = (calls[at] ?? 0) + 1)) };
};

test('a writer that is ready several times before its turn is flushed once', async () => {
  const flusher = new Flusher(new FakeClock());
  const { calls, flushes } = writers(3);
  for (const flush of [...flushes, ...flushes]) flusher.add(flush);
  expect(calls).toEqual([0, 0, 0]);
  await settle();
  expect(calls).toEqual([1, 1, 1]);
});

test('few writers are flushed as soon as they are ready again', async () => {
  const flusher = new Flusher(new FakeClock());
  const { calls, flushes } = writers(10);
  for (let turn = 1; turn <= 3; turn += 1) {
    for (const flush of flushes) flusher.add(flush);
    await settle();
    expect(new Set(calls)).toEqual(new Set([turn]));
  }
});

test('after a sweep of many writers, what becomes ready waits for the next one', async () => {
  const clock = new FakeClock();
  const flusher = new Flusher(clock);
  const { calls, flushes } = writers(250);
  for (const flush of flushes) flusher.add(flush);
  await settle();
  expect(new Set(calls)).toEqual(new Set([1]));
  for (const flush of flushes) flusher.add(flush);
  await settle();
  expect(new Set(calls)).toEqual(new Set([1]));
  await clock.advance(25);
  expect(new Set(calls)).toEqual(new Set([2]));
});

test('a sweep that took long is followed by a longer pause, so that others get the thread', async () => {
  const clock = new FakeClock();
  let worked = 0;
  const slow: Clock = {
    now: () => clock.now(),
    monotonic: () => clock.monotonic() + worked,
    after: (delay, action) => clock.after(delay, action),
    sleep: (delay, signal) => clock.sleep(delay, signal),
  };
  const flusher = new Flusher(slow);
  let calls = 0;
  const flushes = Array.from({ length: 200 }, () => () => {
    calls += 1;
    worked += 0.1;
  });
  for (const flush of flushes) flusher.add(flush);
  await settle();
  for (const flush of flushes) flusher.add(flush);
  await clock.advance(35);
  expect(calls).toBe(200);
  await clock.advance(10);
  expect(calls).toBe(400);
});
