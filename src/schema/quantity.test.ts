import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  addQuantity,
  canonicalQuantity,
  compareQuantity,
  formatQuantity,
  milliValue,
  parseQuantity,
  quantityOf,
  subtractQuantity,
  wholeValue,
} from './quantity.ts';

describe('canonical form', () => {
  test.each([
    ['0', '0'],
    ['0Ki', '0'],
    ['0.5', '500m'],
    ['1.5', '1500m'],
    ['1.5Gi', '1536Mi'],
    ['1024Mi', '1Gi'],
    ['1024', '1024'],
    ['1000m', '1'],
    ['100000', '100k'],
    ['1000000Ki', '1000000Ki'],
    ['0.5Ki', '512'],
    ['0.0001Ki', '102400u'],
    ['100Ti', '100Ti'],
    ['1e3', '1e3'],
    ['1e1', '10'],
    ['12E', '12E'],
    ['0.1n', '1n'],
    ['-1.5', '-1500m'],
    [' 2 ', '2'],
    ['10Ei', '9223372036854775807'],
    ['9223372036854775808', '9223372036854775808'],
    ['1.500', '1.500'],
  ])('%s is written %s', (text, expected) => expect(canonicalQuantity(text)).toBe(expected));

  test.each([
    ['', /^quantities must match the regular expression/],
    ['1.1.M', /^quantities must match/],
    ['one', /^quantities must match/],
    ['1i', /^unable to parse quantity's suffix$/],
    ['10m i', /^quantities must match/],
    ['1e1000000000', /^unable to parse quantity's suffix$/],
  ])('%j is refused', (text, message) => expect(() => parseQuantity(text)).toThrow(message));
});

describe('arithmetic', () => {
  test.each([
    ['100m', '1900m', '2'],
    ['0', '1Gi', '1Gi'],
    ['512Mi', '512Mi', '1Gi'],
    ['1', '1Gi', '1073741825'],
    ['9007199254740991', '1', '9007199254740992'],
  ])('%s + %s = %s', (a, b, sum) => expect(formatQuantity(addQuantity(a, b))).toBe(sum));

  test('subtraction keeps the notation', () => expect(formatQuantity(subtractQuantity('2Gi', '1Gi'))).toBe('1Gi'));

  test('values round up', () => {
    expect(wholeValue('1.1')).toBe(2);
    expect(wholeValue('1Ki')).toBe(1024);
    expect(milliValue('0.1')).toBe(100);
    expect(milliValue('1u')).toBe(1);
  });

  const amounts = fc.tuple(
    fc.integer({ min: -1_000_000, max: 1_000_000 }),
    fc.constantFrom('', 'm', 'k', 'Ki', 'Mi', 'Gi', 'M', 'u', 'e3'),
  );

  test('the canonical form is the same amount, and its own canonical form', () => {
    fc.assert(
      fc.property(amounts, ([value, suffix]) => {
        const canonical = canonicalQuantity(`${value}${suffix}`);
        expect(compareQuantity(canonical, `${value}${suffix}`)).toBe(0);
        expect(canonicalQuantity(canonical)).toBe(canonical);
      }),
    );
  });

  test('what is added and taken away again leaves what was', () => {
    fc.assert(
      fc.property(amounts, amounts, ([x, xs], [y, ys]) => {
        const [a, b] = [`${x}${xs}`, `${y}${ys}`];
        expect(compareQuantity(subtractQuantity(addQuantity(a, b), b), a)).toBe(0);
      }),
    );
  });

  test('integers agree with numbers', () => expect(wholeValue(quantityOf(42, 'BinarySI'))).toBe(42));
});
