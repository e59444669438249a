import { describe, expect, test } from 'vitest';
import { compilePattern } from './patterns.ts';

/** What Go's regexp says of the same. */
describe('a pattern in Go means the same here', () => {
  test.each<[pattern: string, matching: readonly string[], others: readonly string[]]>([
    // The months and days of Prometheus' operator.
    ['^((?i)sun|mon|satur)day(?:((:(sun|mon|satur)day)$)|$)', ['SUNday', 'Monday:saturday'], ['SunDay', 'x']],
    ['a(?i)b|c', ['aB', 'C', 'c'], ['Ab']],
    ['^(?i:k)(?-i)s$', ['ks', 'Ks', '\u212as'], ['KS']],
    ['(?i)^[a-f]+[^x]$', ['ABc', 'fY'], ['aX', 'g1']],
    ['(?s)^a.b$', ['a\nb'], []],
    ['^a.b$', ['a\rb', 'a\u2028b'], ['a\nb']],
    ['(?m)^b$', ['a\nb\nc', 'b'], ['a\rb']],
    ['^\\Aa\\z$', ['a'], ['a\n']],
    ['^\\s$', [' ', '\t'], ['\u00a0', '\v']],
    ['^[^\\s]+$', ['a\u00a0b'], ['a b']],
    ['^[\\D]$', ['x', '\ud800'], ['5']],
    ['^[]a]+$', ['a]'], ['b']],
    ['^[^]a]$', ['b'], ['a', ']']],
    ['^[a-c-]+$', ['a-c'], ['d']],
    ['^[[:^alpha:]_]+$', ['1_'], ['a']],
    ['^[[:alpha:][:digit:]]+$', ['a1'], ['-']],
    ['^{a}$', ['{a}'], ['a']],
    ['^a{,2}$', ['a{,2}'], ['aa']],
    ['^a{2,3}?$', ['aa', 'aaa'], ['a', 'aaaa']],
    ['^\\Qa.b\\E+$', ['a.bb'], ['axb']],
    ['^\\x41\\x{1F600}$', ['A\u{1F600}'], ['A']],
    ['^\\101\\0$', ['A\0'], ['A']],
    ['^\\pL\\p{Greek}\\P{Lu}\\p{^Lu}$', ['éαaa'], ['1αaa']],
    ['^(?P<a>x)(?<b>y)$', ['xy'], []],
    ['^*a\\b?$', ['a'], []],
    ['\\-\\_\\/', ['-_/'], []],
    ['^(|a)()$', ['', 'a'], ['b']],
  ])('%s', (pattern, matching, others) => {
    const expression = compilePattern(pattern);
    expect(matching.filter((text) => expression?.test(text) !== true)).toEqual([]);
    expect(others.filter((text) => expression?.test(text) !== false)).toEqual([]);
  });

  test.each(['a(?=b)', '(?!a)', '(?<=a)b', '(a)\\1', '\\i', '\\Z', 'a**', 'a{2}{3}', '*a', '(*a)', 'a|*', 'a{1001}'])(
    'refused as there: %s',
    (pattern) => expect(compilePattern(pattern)).toBeUndefined(),
  );

  test.each(['a{3,2}', '[b-a]', '[a', '(a', 'a)', 'a\\', '[[:word', '[[:none:]]', '(?z)a', '(?i', '\\pX', '\\8'])(
    'broken: %s',
    (pattern) => expect(compilePattern(pattern)).toBeUndefined(),
  );
});
