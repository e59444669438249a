import { expect, test } from 'vitest';
import { isGreen, type Run, summaryOf } from './summary.ts';

const run = (outcomes: Run['outcomes'], more: Partial<Run> = {}): Run => ({
  outcomes,
  left: [{ reason: 'not there yet', names: ['d', 'e'] }],
  seconds: 125,
  interrupted: false,
  ...more,
});
const passed = { name: 'a', outcome: 'passed', detail: [], log: '1.log' } as const;
const failed = { name: 'b', outcome: 'failed', detail: ['because', 'of this'], log: '2.log' } as const;
const lost = { name: 'c', outcome: 'lost', detail: ['the process ended'], log: '3.log' } as const;

test('says what failed and why, what is left out and why, and counts', () => {
  expect(summaryOf(run([passed, failed, lost]))).toEqual([
    'failed:',
    '  b',
    '      because',
    '      of this',
    '      (2.log)',
    '',
    'without a result:',
    '  c',
    '      the process ended',
    '      (3.log)',
    '',
    'left out: not there yet',
    '  d',
    '  e',
    '',
    '1 passed, 1 failed, 1 without a result, 2 left out, 2 min 5 s',
  ]);
});

test('is green only when everything that was to run did, and passed', () => {
  expect(isGreen(run([passed, { ...passed, outcome: 'skipped' }]))).toBe(true);
  expect(isGreen(run([passed, failed]))).toBe(false);
  expect(isGreen(run([passed, lost]))).toBe(false);
  expect(isGreen(run([passed], { interrupted: true }))).toBe(false);
});

test('names some of the many that are left out', () => {
  const names = Array.from({ length: 12 }, (_, at) => `test ${at}`);
  const lines = summaryOf(run([passed], { left: [{ reason: 'no cloud', names }] }));
  expect(lines.slice(0, 2)).toEqual(['left out: no cloud', '  test 0']);
  expect(lines.slice(10, 12)).toEqual(['  test 9', '  and 2 more, which --list tells']);
  expect(lines.at(-1)).toContain('12 left out');
});
