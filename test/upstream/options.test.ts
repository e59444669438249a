import { expect, test } from 'vitest';
import { parseOptions } from './options.ts';

test('without flags: all conformance tests, two at a time', () => {
  expect(parseOptions([])).toMatchObject({ focus: String.raw`\[Conformance\]`, skip: undefined, processes: 2 });
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
