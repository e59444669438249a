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

test.each([
  [['token'], 'token needs one of create, list, delete'],
  [['token', 'create', '--ttl', '5x'], '--ttl takes a time such as 30m or 24h, not "5x"'],
  [['token', 'create', 'a', 'b'], 'token create takes at most one token'],
  [['token', 'delete'], 'token delete needs a token'],
  [['join', 'a', 'b'], 'join takes one address'],
])('%j is refused before anything is asked of the cluster', async (argv, sentence) => {
  const { code, err } = await run(argv);
  expect([code, err]).toEqual([2, expect.stringContaining(sentence)]);
});

test('token create prints the command alone on stdout, and tells people until when on stderr', async () => {
  const asked: object[] = [];
  const made = { token: 'a.b', hash: 'sha256:0', address: '192.0.2.1:6443', command: 'coracle join ...', expires: 0 };
  const createToken: ClusterManager['createToken'] = (options) => {
    asked.push(options);
    return Promise.resolve(made);
  };
  const { out, err } = await run(['token', 'create', '--ttl', '2h'], { createToken });
  expect(asked).toEqual([{ ttlSeconds: 7_200 }]);
  expect(out).toBe('coracle join ...\n');
  expect(err).toContain('until 1970-01-01T00:00:00Z');
  const { out: json } = await run(['token', 'create', '--json'], { createToken });
  expect(JSON.parse(json)).toEqual({ ...made, expires: '1970-01-01T00:00:00Z' });
});

test('join passes on what it was told, and tells whether the node is new', async () => {
  const asked: object[] = [];
  const result = {
    joined: true,
    isNew: true,
    alreadyRunning: false,
    node: 'two',
    server: 'https://x',
    milliseconds: 5,
  };
  const join: ClusterManager['join'] = (options) => {
    asked.push(options);
    return Promise.resolve(result as Awaited<ReturnType<ClusterManager['join']>>);
  };
  const flags = ['--token', 't', '--ca-hash', 'h', '--node-name', 'two', '--node-address', '192.0.2.2'];
  const { out } = await run(['join', 'x', ...flags], { join });
  expect(asked).toEqual([{ address: 'x', token: 't', hash: 'h', nodeName: 'two', nodeAddress: '192.0.2.2' }]);
  expect(out).toBe('Node two has joined the cluster at https://x after 5 ms.\n');
});
