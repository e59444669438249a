import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { canonicalDuration, durationMilliseconds, durationNanoseconds, formatDuration } from './duration.ts';
import { quoteText } from './fault.ts';
import { deepClone, deepEqual, deepFreeze } from './freeze.ts';
import { deletePath, getPath, setPath } from './path.ts';
import { canonicalMicroTime, canonicalTime } from './time.ts';

describe('durations', () => {
  test.each([
    ['0', '0s'],
    ['90m', '1h30m0s'],
    ['1.5s', '1.5s'],
    ['1500ms', '1.5s'],
    ['300ms', '300ms'],
    ['1h2m3.5s', '1h2m3.5s'],
    ['-2m', '-2m0s'],
    ['1us', '1µs'],
    ['2562047h47m16.854775807s', '2562047h47m16.854775807s'],
  ])('%s is written %s', (text, expected) => expect(canonicalDuration(text)).toBe(expected));

  test.each([
    ['', 'time: invalid duration ""'],
    ['abc', 'time: invalid duration "abc"'],
    ['5', 'time: missing unit in duration "5"'],
    ['5y', 'time: unknown unit "y" in duration "5y"'],
    ['9999999h', 'time: invalid duration "9999999h"'],
  ])('%j is refused', (text, message) => expect(() => canonicalDuration(text)).toThrow(message));

  test('what is written is read again', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: -(2n ** 62n), max: 2n ** 62n }), (nanoseconds) => {
        expect(durationNanoseconds(formatDuration(nanoseconds))).toBe(nanoseconds);
      }),
    );
  });

  test('timers take milliseconds', () => expect(durationMilliseconds('1m30s')).toBe(90_000));
});

describe('times', () => {
  test.each([
    ['2026-01-02T03:04:05Z', '2026-01-02T03:04:05Z'],
    ['2026-01-02T03:04:05.999Z', '2026-01-02T03:04:05Z'],
    ['2026-01-02T00:04:05-03:00', '2026-01-02T03:04:05Z'],
    ['2024-02-29T00:00:00Z', '2024-02-29T00:00:00Z'],
  ])('%s is written %s', (text, expected) => expect(canonicalTime(text)).toBe(expected));

  test.each([
    ['', 'parsing time "" as "2006-01-02T15:04:05Z07:00": cannot parse "" as "2006"'],
    ['2026-01-02', 'parsing time "2026-01-02" as "2006-01-02T15:04:05Z07:00": cannot parse "" as "T"'],
    ['2026-13-02T00:00:00Z', 'parsing time "2026-13-02T00:00:00Z": month out of range'],
    ['2026-02-29T00:00:00Z', 'parsing time "2026-02-29T00:00:00Z": day out of range'],
    ['2026-01-02T03:04:05', 'cannot parse "" as "Z07:00"'],
  ])('%j is refused', (text, message) => expect(() => canonicalTime(text)).toThrow(message));

  test('micro times have six decimals', () => {
    expect(canonicalMicroTime('2026-01-02T05:04:05.678901+02:00')).toBe('2026-01-02T03:04:05.678901Z');
    expect(() => canonicalMicroTime('2026-01-02T03:04:05Z')).toThrow('cannot parse "Z" as ".000000"');
  });
});

describe('plain values', () => {
  test('clones are equal, separate and open to change', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const copy = deepClone<unknown>(deepFreeze(value));
        expect(deepEqual(copy, value)).toBe(true);
        expect(JSON.stringify(copy)).toBe(JSON.stringify(value));
      }),
    );
  });

  test('equality is that of the texts with sorted keys', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 3 }), fc.jsonValue({ maxDepth: 3 }), (a, b) => {
        expect(deepEqual(a, b)).toBe(sortedText(a) === sortedText(b));
      }),
    );
  });

  test('undefined counts as absent', () => {
    expect(deepEqual({ a: 1, b: undefined }, { a: 1 })).toBe(true);
    expect(deepEqual({ a: undefined, b: 1 }, { a: 1, b: undefined })).toBe(false);
  });

  test('paths reach into values', () => {
    const draft: Record<string, unknown> = { spec: { replicas: 2 } };
    expect(getPath(draft, '.spec.replicas')).toBe(2);
    expect(getPath(draft, 'spec.constructor.name')).toBeUndefined();
    setPath(draft, 'status.selector', 'a=b');
    deletePath(draft, 'spec.replicas');
    expect(draft).toEqual({ spec: {}, status: { selector: 'a=b' } });
  });
});

test.each([
  ['plain', '"plain"'],
  ['a"b\\', '"a\\"b\\\\"'],
  ['tab\tend\u0000', '"tab\\tend\\x00"'],
  ['ünï 😀', '"ünï 😀"'],
])('texts in messages are quoted as Go quotes them: %j', (text, expected) => expect(quoteText(text)).toBe(expected));

function sortedText(value: unknown): string {
  return JSON.stringify(value, (_, inner: unknown) =>
    typeof inner === 'object' && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).toSorted(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );
}
