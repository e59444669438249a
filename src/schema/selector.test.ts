import { describe, expect, test } from 'vitest';
import { formatFieldSelector, matchesFields, parseFieldSelector } from './field-selector.ts';
import {
  everything,
  formatSelector,
  matches,
  nothing,
  parseSelector,
  SelectorError,
  selectorOf,
  selectorOfMap,
} from './selector.ts';

describe('label selectors as text', () => {
  test.each([
    ['', {}, true],
    ['app=web', { app: 'web' }, true],
    ['app==web', { app: 'db' }, false],
    ['app!=web', {}, true],
    ['app', { app: '' }, true],
    ['!app', { app: '' }, false],
    ['app in (web, db)', { app: 'db' }, true],
    ['app notin (web,db)', { app: 'db' }, false],
    ['app notin (web,db)', {}, true],
    ['app in (a,,b)', { app: '' }, true],
    ['app in ()', { app: '' }, true],
    ['app=', { app: '' }, true],
    ['in in (in)', { in: 'in' }, true],
    ['n>3', { n: '4' }, true],
    ['n<3', { n: 'many' }, false],
    ['app=web,tier=front', { app: 'web' }, false],
    ['constructor', {}, false],
  ])('%j on %j: %j', (text, labels, expected) => {
    expect(matches(parseSelector(text), labels as Record<string, string>)).toBe(expected);
  });

  test.each([
    ['app=web,', "found '', expected: identifier after ','"],
    ['=web', "found '=', expected: !, identifier, or 'end of string'"],
    ['app web', "unable to parse requirement: found 'web', expected: in, notin, =, ==, !=, gt, lt"],
    ['!app=web', "found '=', expected: ',' or 'end of string'"],
    ['app in web', "unable to parse requirement: found 'web' expected: '('"],
    ['app in (a b)', "unable to parse requirement: found 'b', expected: ',' or ')'"],
    [
      'n>x',
      "unable to parse requirement: values[0]: Invalid value: \"x\": for 'Gt', 'Lt' operators, the value must be an integer",
    ],
  ])('%j is refused: %s', (text, message) => expect(() => parseSelector(text)).toThrow(new SelectorError(message)));

  test('a bad key names itself', () => {
    expect(() => parseSelector('a/b/c=1')).toThrow(
      /^unable to parse requirement: <nil>: Invalid value: "a\/b\/c": a valid label key must/,
    );
  });

  test.each(['app=web', 'app in (a,b),!old,tier', 'n>3', 'app notin (x)'])('%j is written as it was read', (text) => {
    expect(formatSelector(parseSelector(text))).toBe(
      text
        .split(/,(?![^(]*\))/)
        .toSorted((a, b) => (a.replace('!', '') < b.replace('!', '') ? -1 : 1))
        .join(','),
    );
  });
});

describe('LabelSelector structs', () => {
  test('absent selects nothing, empty selects everything', () => {
    expect(selectorOf(undefined)).toBe(nothing);
    expect(matches(nothing, { nothing: '' })).toBe(false);
    expect(selectorOf({})).toEqual(everything);
    expect(matches(selectorOf({}), undefined)).toBe(true);
  });

  test('expressions and labels must all hold', () => {
    const selector = selectorOf({
      matchLabels: { app: 'web' },
      matchExpressions: [{ key: 'tier', operator: 'NotIn', values: ['back'] }],
    });
    expect(matches(selector, { app: 'web' })).toBe(true);
    expect(matches(selector, { app: 'web', tier: 'back' })).toBe(false);
    expect(formatSelector(selector)).toBe('app=web,tier notin (back)');
  });

  test('an unknown operator throws', () => {
    expect(() => selectorOf({ matchExpressions: [{ key: 'a', operator: 'Near' }] })).toThrow(
      '"Near" is not a valid label selector operator',
    );
  });

  test('a plain map of labels', () => expect(matches(selectorOfMap({ a: '1' }), { a: '1', b: '2' })).toBe(true));
});

describe('field selectors', () => {
  const fields: Record<string, string> = { 'metadata.name': 'web', 'status.phase': 'a,b' };
  const valueOf = (field: string): string => fields[field] ?? '';

  test.each([
    ['metadata.name=web', true],
    ['metadata.name==web,status.phase!=x', true],
    ['metadata.name!=web', false],
    ['status.phase=a\\,b', true],
    ['', true],
  ])('%j: %j', (text, expected) => expect(matchesFields(parseFieldSelector(text), valueOf)).toBe(expected));

  test.each([
    ['metadata.name', "invalid selector: 'metadata.name'; can't understand 'metadata.name'"],
    ['a=b=c', 'invalid field selector: unescaped character in value: 61'],
    ['a=b\\x', 'invalid field selector: invalid escape sequence: \\x'],
    ['a=b\\', 'invalid field selector: invalid escape sequence: \\'],
  ])('%j is refused', (text, message) => expect(() => parseFieldSelector(text)).toThrow(new SelectorError(message)));

  test('values are escaped when written', () => {
    expect(formatFieldSelector([{ field: 'a', operator: '=', value: 'x,y=z\\' }])).toBe('a=x\\,y\\=z\\\\');
  });
});
