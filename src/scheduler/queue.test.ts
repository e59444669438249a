import { expect, test } from 'vitest';
import { FakeClock } from '../base/clock.ts';
import { SchedulingQueue } from './queue.ts';
import { pod } from './testing.ts';

const make = (): { clock: FakeClock; queue: SchedulingQueue } => {
  const clock = new FakeClock();
  return { clock, queue: new SchedulingQueue(clock, () => {}) };
};
const names = (queue: SchedulingQueue): string[] => {
  const taken: string[] = [];
  for (let next = queue.take(); next !== undefined; next = queue.take()) taken.push(next.metadata.name);
  return taken;
};

test('the more important pod goes first, among equals the older one', async () => {
  const { clock, queue } = make();
  queue.put(pod('first'));
  await clock.advance(10);
  queue.put(pod('second'));
  queue.put(pod('urgent', { priority: 10 }));
  expect(names(queue)).toEqual(['urgent', 'first', 'second']);
});

test('a rejected pod waits for an event that helps, then for the rest of its back-off', async () => {
  const { clock, queue } = make();
  queue.put(pod('p'));
  queue.take();
  queue.reject('uid-p', new Set(['NodeResourcesFit']));
  queue.announce('namespace');
  await clock.advance(60_000);
  expect(names(queue)).toEqual([]);
  queue.announce('pod-gone');
  expect(names(queue)).toEqual(['p']);
  queue.reject('uid-p', new Set(['NodeResourcesFit']));
  queue.announce('node-added');
  expect(names(queue)).toEqual([]);
  await clock.advance(2_000);
  expect(names(queue)).toEqual(['p']);
});

test('an event during the decision is not lost', async () => {
  const { clock, queue } = make();
  queue.put(pod('p'));
  queue.take();
  queue.announce('pod-gone');
  queue.reject('uid-p', new Set(['NodeResourcesFit']));
  await clock.advance(1_000);
  expect(names(queue)).toEqual(['p']);
});

test('without any event it is tried again after five minutes', async () => {
  const { clock, queue } = make();
  queue.put(pod('p'));
  queue.take();
  queue.reject('uid-p', new Set(['NodeAffinity']));
  await clock.advance(300_000);
  expect(names(queue)).toEqual(['p']);
});

test('a removed pod leaves no timer behind', () => {
  const { clock, queue } = make();
  queue.put(pod('p'));
  queue.take();
  queue.reject('uid-p', new Set(['NodeAffinity']));
  queue.remove('uid-p');
  expect(clock.pending).toBe(0);
});
