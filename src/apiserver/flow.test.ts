import { expect, test } from 'vitest';
import { FakeClock } from '../base/clock.ts';
import type { Attributes, UserInfo } from './access.ts';
import { createFlow } from './flow.ts';
import type { Metrics } from './metrics.ts';

const limits = { readOnly: 2, mutating: 1, shareOfUser: 1, waitingPerUser: 2, patience: 1_000 };
const metrics = { inFlight: () => {} } as unknown as Metrics;
const user = (username: string, ...groups: string[]): UserInfo => ({ username, groups });
const reading = (who: UserInfo): Attributes => ({ user: who, verb: 'list', path: '/' });

function begin(limited: Partial<typeof limits> = {}) {
  const clock = new FakeClock();
  const flow = createFlow(clock, metrics, { ...limits, ...limited });
  const started: string[] = [];
  const ends: (() => void)[] = [];
  const enter = async (name: string) => {
    const who = user(name);
    const end = await flow.admit(who, reading(who));
    started.push(name);
    ends.push(end);
  };
  return { clock, flow, started, ends, enter };
}

test('identities take turns: a flood of one does not keep the other waiting', async () => {
  const { started, ends, enter } = begin();
  await Promise.all([enter('flood'), enter('flood')]);
  const waiting = [enter('flood'), enter('flood'), enter('calm')];
  ends.shift()?.();
  await waiting[0];
  ends.shift()?.();
  await waiting[2];
  expect(started).toEqual(['flood', 'flood', 'flood', 'calm']);
});

test('one identity never has all places, however long its requests take', async () => {
  const { started, ends, enter } = begin({ readOnly: 4, shareOfUser: 0.5 });
  await Promise.all([enter('slow'), enter('slow')]);
  const waiting = [enter('slow'), enter('slow')];
  await Promise.all([enter('calm'), enter('other')]);
  expect(started).toEqual(['slow', 'slow', 'calm', 'other']);
  // The place that calm leaves is not for the slow one, which has its share.
  ends[2]?.();
  await enter('calm');
  ends[0]?.();
  await waiting[0];
  expect(started).toEqual(['slow', 'slow', 'calm', 'other', 'calm', 'slow']);
  ends[1]?.();
  await waiting[1];
});

test('who has too many waiting, or waits too long, is told to come back', async () => {
  const { clock, enter } = begin();
  await Promise.all([enter('flood'), enter('flood')]);
  const waiting = [enter('flood'), enter('flood')].map((each) => each.catch((error: Error) => error.message));
  await expect(enter('flood')).rejects.toMatchObject({ code: 429, reason: 'TooManyRequests' });
  await clock.advance(1_000);
  expect(await Promise.all(waiting)).toEqual([
    'Too many requests, please try again later.',
    'Too many requests, please try again later.',
  ]);
  expect(clock.pending).toBe(0);
});

test('administrators always get in', async () => {
  const { flow, enter } = begin();
  await Promise.all([enter('flood'), enter('flood')]);
  const admin = user('admin', 'system:masters');
  expect(flow.admit(admin, reading(admin))).toBeTypeOf('function');
});
