import { expect, test } from 'vitest';
import { FakeClock } from './clock.ts';
import { WorkQueue } from './work-queue.ts';

/** Takes keys as they come, and works no time on each. */
function drain(queue: WorkQueue, clock: FakeClock, rest = 0): { readonly at: number; readonly key: string }[] {
  const taken: { at: number; key: string }[] = [];
  const start = clock.monotonic();
  const work = async (): Promise<void> => {
    for (let key = await queue.take(); key !== undefined; key = await queue.take()) {
      taken.push({ at: clock.monotonic() - start, key });
      queue.done(key, rest);
    }
  };
  void work();
  return taken;
}

test('a key that rests is handed out once afterwards, however often it was added', async () => {
  const clock = new FakeClock();
  const queue = new WorkQueue({ clock });
  const taken = drain(queue, clock, 500);
  queue.add('a');
  await clock.advance(100);
  for (const delay of [0, 0, 50, 300]) queue.addAfter('a', delay);
  queue.add('b');
  await clock.advance(2_000);
  expect(taken).toEqual([
    { at: 0, key: 'a' },
    { at: 100, key: 'b' },
    { at: 500, key: 'a' },
  ]);
  queue.close();
  expect(clock.pending).toBe(0);
});

test('a key added while it is worked on rests, too', async () => {
  const clock = new FakeClock();
  const queue = new WorkQueue({ clock });
  queue.add('a');
  expect(await queue.take()).toBe('a');
  queue.add('a');
  queue.done('a', 500);
  const taken = drain(queue, clock);
  await clock.advance(499);
  expect(taken).toEqual([]);
  await clock.advance(1);
  expect(taken).toEqual([{ at: 500, key: 'a' }]);
  queue.close();
});

test('delays hold though the wall clock jumps, ahead or back', async () => {
  const clock = new FakeClock();
  const queue = new WorkQueue({ clock });
  const taken = drain(queue, clock);
  queue.addAfter('late', 60_000);
  clock.jump(clock.now() + 86_400_000);
  // Sooner than what waits, although the wall clock says that the other was due yesterday.
  queue.addAfter('late', 1_000);
  queue.addAfter('other', 2_000);
  clock.jump(clock.now() - 7 * 86_400_000);
  await clock.advance(100_000);
  expect(taken).toEqual([
    { at: 1_000, key: 'late' },
    { at: 2_000, key: 'other' },
  ]);
});
