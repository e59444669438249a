import { expect, test } from 'vitest';
import { tableOf } from '../../cli/commands/bench.ts';
import { timesFrom } from './bench-pods.ts';

const steps = { seen: 110, prepared: 112, sandbox: 150, image: 151, created: 160, started: 200, ready: 230 };

test('what each step took counts from the step before, and from the answer at first', () => {
  expect(timesFrom({ asked: 90, answered: 100 }, steps)).toEqual({
    created: 10,
    scheduled: 10,
    volumes: 2,
    sandbox: 38,
    image: 1,
    container: 9,
    process: 40,
    probe: 30,
    running: 110,
    ready: 140,
  });
});

test('an agent that saw the pod before the API had answered makes no negative times', () => {
  const { scheduled, volumes } = timesFrom({ asked: 90, answered: 111 }, steps);
  expect([scheduled, volumes]).toEqual([0, 1]);
});

test('percentiles are of the values that were measured', () => {
  const times = Array.from({ length: 100 }, (_, index) =>
    timesFrom({ asked: 100, answered: 101 + index }, { started: 300 }),
  );
  const [head, created] = tableOf(times);
  expect(head?.trim().split(/\s+/)).toEqual(['STEP', 'P50', 'P90', 'P99', 'MAX']);
  expect(created?.split(/\s+/).slice(0, 5)).toEqual(['created', '50', '90', '99', '100']);
});
