import { expect, test } from 'vitest';
import { parseOptions } from './options.ts';

test('without flags: all tests, and nothing stays', () => {
  expect(parseOptions([])).toEqual({ focus: undefined, keep: false, shell: false, help: false });
});

test.each([
  [['--focus='], '--focus takes a regular expression, not an empty text'],
  [['--focus', '('], '--focus takes a regular expression: Invalid regular expression'],
  [['--fokus', 'x'], "Unknown option '--fokus'"],
  [['NFS'], 'NFS'],
  [['--shell', '--focus', 'x'], '--shell runs no tests'],
])('refuses %j', (args, message) => {
  expect(() => parseOptions(args)).toThrow(
    expect.objectContaining({ name: 'UserError', exitCode: 2, message: expect.stringContaining(message) as string }),
  );
});
