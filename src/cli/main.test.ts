import { expect, test } from 'vitest';
import { FakeClock } from '../base/clock.ts';
import { ConnectionError } from '../client/transport.ts';
import { main, commands } from './main.ts';
import type { ClusterManager, ClusterStatus } from './manager.ts';
import { plainPalette } from './terminal.ts';
import { UserError } from './user-error.ts';

interface Printed {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

async function run(argv: readonly string[], manager: Partial<ClusterManager> = {}, isRoot = true): Promise<Printed> {
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
    managerFor: () =>
      ({ name: 'coracle', dataDir: '/data', command: (words) => `coracle ${words}`, ...manager }) as ClusterManager,
    isRoot,
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

test('help and version are found in every way that people try', async () => {
  for (const argv of [['help'], ['--help'], ['-h']]) expect((await run(argv)).out).toContain('Commands:');
  for (const argv of [
    ['help', 'up'],
    ['up', '-h'],
    ['up', '--port', '1', '--help'],
  ]) {
    expect((await run(argv)).out).toContain('Usage:\n  coracle up [flags]');
  }
  for (const argv of [['version'], ['--version']]) expect((await run(argv)).out).toBe('Coracle test\n');
});

test.each([
  [['upp'], 'there is no command upp'],
  [['help', 'upp'], 'there is no command upp'],
  [['up', '--prot', '1'], "Unknown option '--prot'"],
  [['up', '--port', 'abc'], '--port takes a whole number, not "abc"'],
  [['up', '--port', '65536'], '--port takes a number from 0 to 65535, not "65536"'],
  [['up', '--port', '-1'], "Option '--port' argument is ambiguous"],
  [['up', '--nodes', '0'], '--nodes takes a number from 1 to 250, not "0"'],
  [['up', '--backend', 'ipip'], '--backend takes vxlan or routes, not "ipip"'],
  [['up', '--kubeconfig', ''], '--kubeconfig takes FILE, not ""'],
  [['up', '--ca-cert', 'ca.crt'], '--ca-cert and --ca-key go together'],
  [['up', '--certificate-validity-period', '5s'], '--certificate-validity-period takes a time of a minute or more'],
  [['up', '--container-runtime-endpoint', 'x.sock'], '--container-runtime-endpoint takes a socket such as'],
  [['up', 'now'], "Unexpected argument 'now'"],
  // Longer than a timer can be: such a one would end at once.
  [['down', '--grace-period', '99999999999'], '--grace-period takes a number from 0 to 86400'],
  [['node'], 'node needs one of add, rm, ls, disconnect, connect'],
  [['node', 'constructor'], 'node needs one of add, rm, ls, disconnect, connect, not "constructor"'],
  [['node', 'rm'], 'node rm needs the name of a node'],
  [['node', 'ls', 'x'], 'node ls does not take "x"'],
  [['image'], 'image needs one of load, ls, rm'],
  [['logs', 'server', 'agent'], 'logs does not take "agent"'],
  [['why', 'pod'], 'why needs KIND/NAME'],
  [['why', 'pod/a', 'pod/b'], 'why does not take "pod/b"'],
  [['user', 'add'], 'user add needs the name of a user'],
  [['user', 'add', 'ann', '--days', '0'], '--days takes a number from 1'],
  [['secrets'], 'secrets needs rotate'],
  [['signing-key', 'rotate', '--force'], '--force belongs to `retire`'],
  [['bench', 'pods', '--count', '0'], '--count takes a number from 1'],
  [['audit', '--only', 'bad'], '--only takes pass, fail, warn, not-applicable, not "bad"'],
  [['token'], 'token needs one of create, list, delete'],
  [['token', 'create', '--ttl', '5x'], '--ttl takes a time such as 30m, 24h or 7d, not "5x"'],
  [['token', 'create', 'a', 'b'], 'token create does not take "b"'],
  [['token', 'delete'], 'token delete needs a token'],
  [['join', 'a', 'b'], 'join does not take "b"'],
])('%j is refused with a sentence before anything is asked of the cluster', async (argv, sentence) => {
  const { code, out, err } = await run(argv);
  expect([code, out]).toEqual([2, '']);
  expect(err).toMatch(/^error: .*\n.*(--help|node ls|token list)\n$/);
  expect(err).toContain(`error: ${sentence}`);
});

test('with --json, what was done is told in JSON, too', async () => {
  const manager = {
    addNode: () => Promise.resolve('two'),
    removeNode: () => Promise.resolve(),
    loadImages: () => Promise.resolve(['busybox:1']),
    deleteToken: () => Promise.resolve('abcdef'),
  };
  const told = async (...argv: readonly string[]): Promise<unknown> =>
    JSON.parse((await run([...argv, '--json'], manager)).out);
  expect(await told('node', 'add')).toEqual({ added: 'two' });
  expect(await told('node', 'rm', 'two')).toEqual({ removed: 'two' });
  expect(await told('image', 'load', 'a.tar')).toEqual({ loaded: ['busybox:1'] });
  expect(await told('token', 'delete', 'abcdef')).toEqual({ deleted: 'abcdef' });
});

test('what the user can mend is said with its remedy, without a stack trace', async () => {
  const { code, err } = await run(['status'], {
    status: () => Promise.reject(new UserError('port 1 is in use', 'choose another')),
  });
  expect([code, err]).toEqual([1, 'error: port 1 is in use\nchoose another\n']);
});

const refused = (code: string, text: string): Error =>
  Object.assign(new Error(`${code}: ${text}, open '/x'`), { code, syscall: 'open', path: '/x' });

const rejectsWith = (failure: Error) => (): Promise<never> => Promise.reject(failure);

test.each([
  [refused('EACCES', 'permission denied'), false, 'run it with sudo'],
  [refused('EPERM', 'operation not permitted'), true, 'this machine refused that'],
  [refused('ENOSPC', 'no space left on device'), true, 'is the path right, and the disk neither full nor read-only?'],
  [new ConnectionError('cannot reach https://x', false), true, 'how the cluster is: coracle status'],
])('%s is what the machine says, no fault of ours: no stack trace', async (error, isRoot, remedy) => {
  const { code, err } = await run(['status'], { status: rejectsWith(error) }, isRoot);
  expect(code).toBe(1);
  expect(err).toMatch(new RegExp(`^error: ${error.message.replaceAll(/[/.]/g, '.')}\\n`));
  expect(err.trim().split('\n')).toHaveLength(2);
  expect(err).toContain(remedy);
});

test('a fault of ours is said to be one, with its stack trace', async () => {
  const { code, err } = await run(['status'], { status: () => Promise.reject(new TypeError('x is undefined')) });
  expect(code).toBe(70);
  expect(err).toMatch(/^error: x is undefined\nTypeError: x is undefined\n {4}at /);
  expect(err).toContain('This is a fault of Coracle itself');
});

const statusOf = (state: 'absent' | 'stopped'): ClusterStatus => ({
  name: 'coracle',
  state,
  dataDir: '/data',
  version: 'v',
  processes: [],
  endpoints: {},
  problems: [],
});

test('status exits with 3 when there is no cluster', async () => {
  const { code, out } = await run(['status'], { status: () => Promise.resolve(statusOf('absent')) });
  expect([code, out]).toEqual([3, 'There is no cluster coracle yet. Start one with: coracle up\n']);
});

test('reset deletes nothing without a yes', async () => {
  const { code, err } = await run(['reset'], {
    status: () => Promise.resolve(statusOf('stopped')),
    reset: () => Promise.reject(new Error('must not be called')),
  });
  expect([code, err]).toEqual([
    1,
    'error: nothing was deleted\nanswer yes, or pass --yes where there is no terminal\n',
  ]);
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
