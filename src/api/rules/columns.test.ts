import { describe, expect, test } from 'vitest';
import { shortDuration, since } from './columns.ts';

/** Examples: apimachinery pkg/util/duration/duration_test.go, TestHumanDuration. */
describe('ages have at most two units', () => {
  const second = 1000;
  const minute = 60 * second;
  const hour = 60 * minute;
  const day = 24 * hour;
  const year = 365 * day;
  test.each([
    [second, '1s'],
    [70 * second, '70s'],
    [190 * second, '3m10s'],
    [70 * minute, '70m'],
    [47 * hour, '47h'],
    [49 * hour, '2d1h'],
    [8 * day + 2 * hour, '8d'],
    [367 * day, '367d'],
    [2 * year + 25 * day, '2y25d'],
    [8 * year + 2 * day, '8y'],
    [-1 * second, '0s'],
    [-2 * second, '<invalid>'],
    [3 * hour, '3h'],
    [3 * hour + 5 * minute, '3h5m'],
  ])('%d ms is %s', (milliseconds, text) => expect(shortDuration(milliseconds)).toBe(text));

  test('no time, no age', () => expect(since(undefined, 0)).toBe('<unknown>'));
});
