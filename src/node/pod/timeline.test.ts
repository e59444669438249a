import { expect, test } from 'vitest';
import type { Pod } from '../../api/core/pod.ts';
import { FakeClock } from '../../base/clock.ts';
import { Timeline } from './timeline.ts';

const pod = (uid: string): Pod => ({ metadata: { name: uid, namespace: 'default', uid } }) as unknown as Pod;

test('the first time at each step counts, of containers the last, until the pod is ready', async () => {
  const clock = new FakeClock(1000);
  const timeline = new Timeline(clock);
  for (const step of ['seen', 'prepared', 'started', 'prepared', 'started', 'ready', 'started'] as const) {
    timeline.mark(pod('a'), step);
    await clock.advance(10);
  }
  expect(timeline.list()).toEqual([
    {
      namespace: 'default',
      name: 'a',
      uid: 'a',
      steps: { seen: 1000, prepared: 1010, started: 1040, ready: 1050 },
    },
  ]);
});

test('pods from before the agent started have no start, and only so many are kept', () => {
  const timeline = new Timeline(new FakeClock());
  timeline.mark(pod('old'), 'ready');
  for (let index = 0; index < 600; index += 1) timeline.mark(pod(`p${index}`), 'seen');
  expect([timeline.list().length, timeline.list()[0]?.name]).toEqual([512, 'p88']);
});
