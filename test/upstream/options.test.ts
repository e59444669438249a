import { expect, test } from 'vitest';
import { parseOptions } from './options.ts';

test('without flags: all conformance tests, two at a time', () => {
  expect(parseOptions([])).toMatchObject({ focus: String.raw`\[Conformance\]`, skip: undefined, processes: 2 });
});

test('beyond conformance: all that is not marked so, and less where that is asked for', () => {
  const conformance = String.raw`\[Conformance\]`;
  expect(parseOptions(['--beyond-conformance'])).toMatchObject({ focus: '.', skip: conformance });
  expect(parseOptions(['--beyond-conformance', '--focus', 'DNS', '--skip', 'Slow'])).toMatchObject({
    focus: 'DNS',
    skip: `${conformance}|Slow`,
  });
});

test.each([
  [['--processes', '0'], '--processes takes a number from 1 to 64, not "0"'],
  [['--processes', 'many'], '--processes takes a number from 1 to 64, not "many"'],
  [['--focus='], '--focus takes a regular expression'],
  [['--fokus', 'x'], "Unknown option '--fokus'"],
  [['ConfigMap'], 'ConfigMap'],
])('refuses %j', (args, message) => {
  expect(() => parseOptions(args)).toThrow(
    expect.objectContaining({ name: 'UserError', exitCode: 2, message: expect.stringContaining(message) as string }),
  );
});
