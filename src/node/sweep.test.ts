import { expect, test } from 'vitest';
import { FakeClock } from '../base/clock.ts';
import { silentLogger } from '../base/log.ts';
import { Sweep } from './sweep.ts';

test('what cannot be removed is tried again soon, then later, at once when there is hope; else seldom', async () => {
  const clock = new FakeClock();
  const begun = clock.now();
  const times: number[] = [];
  let clean = false;
  const sweep = new Sweep({
    clock,
    log: silentLogger,
    known: () => Promise.resolve(),
    sweep: () => {
      times.push((clock.now() - begun) / 1000);
      return Promise.resolve(clean);
    },
  });
  const stop = new AbortController();
  const running = sweep.run(stop.signal);
  const pass = (seconds: number): Promise<void> => clock.advance(seconds * 1000);
  await pass(8);
  expect(times.splice(0)).toEqual([0, 1, 3, 7]);
  clean = true;
  sweep.retry();
  await pass(60);
  expect(times.splice(0)).toEqual([8]);
  // Nothing is left to hope for.
  sweep.retry();
  await pass(100);
  expect(times).toEqual([128]);
  stop.abort();
  await running;
});
