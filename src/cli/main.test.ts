import { expect, test } from 'vitest';
import { FakeClock } from '../base/clock.ts';
import { main, commands } from './main.ts';
import type { ClusterManager } from './manager.ts';
import { plainPalette } from './terminal.ts';
import { UserError } from './user-error.ts';

interface Printed {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

async function run(argv: readonly string[], manager: Partial<ClusterManager> = {}): Promise<Printed> {
  let out = '';
  let err = '';
  const code = await main(argv, {
    terminal: {
      print: (line) => void (out += `${line}\n`),
      say: (line) => void (err += `${line}\n`),
      write: (text) => void (out += String(text)),
      confirm: () => Promise.resolve(false),
      color: plainPalette,
    },
    clock: new FakeClock(),
    version: 'Coracle test',
    signal: new AbortController().signal,
    managerFor: () => ({ name: 'coracle', dataDir: '/data', ...manager }) as ClusterManager,
    further: [],
  });
  return { code, out, err };
}

test('without a command it shows them all, with examples', async () => {
  const { code, out } = await run([]);
  expect(code).toBe(0);
  for (const { name } of commands) expect(out).toContain(`  ${name}`);
  expect(out).toContain('Examples:');
});

test.each(commands.map(({ name }) => name))('%s --help shows usage, flags and examples', async (name) => {
  const { code, out } = await run([name, '--help']);
  expect(code).toBe(0);
  expect(out).toContain(`Usage:\n  coracle ${name}`);
  expect(out).toContain('--data-dir DIR');
  expect(out).toContain('Examples:');
});

test.each([
  [['upp'], 2, 'error: there is no command upp'],
  [['up', '--prot', '1'], 2, "error: Unknown option '--prot'"],
  [['up', '--port', 'abc'], 2, 'error: --port takes a whole number, not "abc"'],
  [['image'], 2, 'error: image needs one of load, ls, rm'],
])('%j is refused with a sentence', async (argv, code, sentence) => {
  const printed = await run(argv);
  expect(printed.code).toBe(code);
  expect(printed.err).toContain(sentence);
  expect(printed.err).toContain('--help');
});

test('what the user can mend is said with its remedy, without a stack trace', async () => {
  const { code, err } = await run(['status'], {
    status: () => Promise.reject(new UserError('port 1 is in use', 'choose another')),
  });
  expect([code, err]).toEqual([1, 'error: port 1 is in use\nchoose another\n']);
});

test('missing rights are said as such', async () => {
  const denied = Object.assign(new Error("EACCES: permission denied, open '/x'"), { code: 'EACCES' });
  const { code, err } = await run(['status'], { status: () => Promise.reject(denied) });
  expect(code).toBe(1);
  expect(err).toContain('run it with sudo');
});

test('status exits with 3 when there is no cluster', async () => {
  const status = {
    name: 'coracle',
    state: 'absent',
    dataDir: '/data',
    version: 'v',
    processes: [],
    endpoints: {},
    problems: [],
  } as const;
  const { code, out } = await run(['status'], { status: () => Promise.resolve(status) });
  expect([code, out]).toEqual([3, 'There is no cluster coracle yet. Start one with: coracle up\n']);
});

test('reset deletes nothing without a yes', async () => {
  const status = {
    name: 'coracle',
    state: 'stopped',
    dataDir: '/data',
    version: 'v',
    processes: [],
    endpoints: {},
    problems: [],
  } as const;
  const { code, err } = await run(['reset'], {
    status: () => Promise.resolve(status),
    reset: () => Promise.reject(new Error('must not be called')),
  });
  expect([code, err]).toEqual([
    1,
    'error: nothing was deleted\nanswer yes, or pass --yes where there is no terminal\n',
  ]);
});
