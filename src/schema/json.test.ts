import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { scanJson } from './json-scan.ts';
import { parseJson } from './json.ts';
import { parseYaml } from './yaml.ts';

describe('JSON', () => {
  test.each([
    ['{"a":1,"a":2}', ['duplicate field "a"']],
    ['{"spec":{"items":[{"x":1},{"y":1,"y":2,"y":3}]}}', ['duplicate field "spec.items[1].y"']],
    ['{"a":{"b":1},"b":{"a":1}}', []],
    ['{"\\u0061":1,"a":2}', ['duplicate field "a"']],
    ['[{"a":[1,{"b":1,"b":2}]}]', ['duplicate field "[0].a[1].b"']],
  ])('%s: %j', (text, duplicates) => expect(parseJson(text, { duplicates: true }).duplicates).toEqual(duplicates));

  test('the last one wins', () => expect(parseJson('{"a":1,"a":2}').value).toEqual({ a: 2 }));

  test.each([
    ['', 'unexpected end of JSON input'],
    ['{', 'unexpected end of JSON input'],
    ['{"a":}', "invalid character '}' looking for beginning of value"],
    ['{"a" 1}', "invalid character '1' after object key"],
    ['{"a":1 "b"}', "invalid character '\"' after object key:value pair"],
    ['{a:1}', "invalid character 'a' looking for beginning of object key string"],
    ['[1 2]', "invalid character '2' after array element"],
    ['{} x', "invalid character 'x' after top-level value"],
    ['nil', "invalid character 'i' in literal null (expecting 'u')"],
    ['"a\nb"', "invalid character '\\n' in string literal"],
    ['"\\x"', "invalid character 'x' in string escape code"],
    ['-x', "invalid character 'x' in numeric literal"],
    ['<html>', "invalid character '<' looking for beginning of value"],
  ])('%j is refused: %s', (text, message) => expect(() => parseJson(text)).toThrow(message));

  test('nesting has a limit', () => {
    expect(() => parseJson('['.repeat(5000) + ']'.repeat(5000))).toThrow('exceeded max depth');
  });

  test('a text that is known to be JSON is scanned with the same result', () => {
    const keys = fc.constantFrom('a', 'b', 'a\\\\"', 'ü');
    const { value } = fc.letrec<{ value: string }>((tie) => ({
      value: fc.oneof(
        { maxDepth: 4 },
        fc.constantFrom('1', '"x"', '"\\\\""', 'null', '[]', '{}'),
        fc.array(tie('value'), { maxLength: 3 }).map((items) => `[${items.join(' , ')}]`),
        fc
          .array(fc.tuple(keys, tie('value')), { maxLength: 4 })
          .map((members) => `{${members.map(([key, inner]) => `"${key}": ${inner}`).join(',')}}`),
      ),
    }));
    fc.assert(
      fc.property(value, (text) => {
        expect(scanJson(text, 1000, true)).toEqual(scanJson(text, 1000));
      }),
    );
  });

  test('the scanner agrees with JSON.parse on what is JSON', () => {
    fc.assert(fc.property(fc.json(), (text) => scanJson(text, 1000).error === undefined));
    fc.assert(
      fc.property(fc.json(), fc.nat(), fc.string({ minLength: 1, maxLength: 1 }), (text, at, character) => {
        const broken = text.slice(0, at % text.length) + character + text.slice((at % text.length) + 1);
        let valid = true;
        try {
          JSON.parse(broken);
        } catch {
          valid = false;
        }
        expect(scanJson(broken, 1000).error === undefined).toBe(valid);
      }),
    );
  });
});

describe('YAML', () => {
  test('becomes plain JSON, times and 12:30 staying texts', async () => {
    const { value } = await parseYaml('a: yes\nb: 2026-01-02T03:04:05Z\nc: 12:30\nd: 0755\ne: {f: ~}\n1: x\n');
    expect(value).toEqual({ 1: 'x', a: true, b: '2026-01-02T03:04:05Z', c: '12:30', d: 493, e: { f: null } });
  });

  test('duplicate keys are reported', async () => {
    expect((await parseYaml('a: 1\nb: 1\na: 2\n')).duplicates).toEqual(['line 3: key "a" already set in map']);
  });

  test('aliases do not explode', async () => {
    const levels = ['a: &a [x,x,x,x,x,x,x,x,x]'];
    for (const [name, before] of ['ba', 'cb', 'dc', 'ed', 'fe'].map((pair) => pair.split(''))) {
      levels.push(`${name}: &${name} [${Array.from({ length: 9 }, () => `*${before}`).join(',')}]`);
    }
    await expect(parseYaml(levels.join('\n'))).rejects.toThrow(/Excessive alias count/);
  });

  test('nor do few that stand for much text', async () => {
    const text = `a: &a ${'x'.repeat(100_000)}\nb: [${Array.from({ length: 100 }, () => '*a').join(', ')}]`;
    await expect(parseYaml(text)).rejects.toThrow('document contains excessive aliasing');
    expect((await parseYaml('a: &a text\nb: [*a, *a]')).value).toEqual({ a: 'text', b: ['text', 'text'] });
  });

  test.each([
    ['1.5', 1.5],
    ['.5', 0.5],
    ['-.5e2', -50],
    ['1e3', 1000],
    ['1_0.5', 10.5],
    ['e1', 'e1'],
    ['E10', 'E10'],
    ['.', '.'],
    ['-.', '-.'],
    ['.e1', '.e1'],
    ['._', '._'],
    ['_1.5', '_1.5'],
  ])('%s is %j: numbers have digits', async (text, value) => {
    expect((await parseYaml(`a: ${text}`)).value).toEqual({ a: value });
  });

  test('broken text is refused', async () => {
    await expect(parseYaml('a: [')).rejects.toThrow(/^error converting YAML to JSON: yaml: /);
  });
});
