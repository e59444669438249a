/**
 * Figures of the API server: creates, reads, lists, tables, watchers, all of it mixed. The server runs as a bundle in
 * a process of its own, over TLS, on the SQLite journal in a directory on disk; this process is the client, and takes
 * its share of the machine. So each row says, beside the rate, what a request costs the server: the CPU time of the
 * thread that answers, and of the whole process.
 *
 *     node test/bench/api.ts [--json FILE] [--quick] [--profile DIRECTORY] [--audit LEVEL] [ROWS...]
 *
 * --audit logs every request at that level (Metadata, Request, RequestResponse).
 *
 * ROWS: writes, reads, fairness, mixed, watchers; all of them when none is named.
 */
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';
import { systemClock } from '../../src/base/clock.ts';
import { Client, Http2Client, median, quantile, rate, timed } from './api-client.ts';
import type { Listing } from './api-lister.ts';
import type { ServerReady, ServerUsage } from './api-server.ts';

interface Row {
  readonly work: string;
  readonly value: number;
  readonly unit: string;
  /** Microseconds of CPU time per request, of the answering thread and of the whole server. */
  readonly main?: number;
  readonly process?: number;
}

const quick = process.argv.includes('--quick');
const option = (name: string): string | undefined => {
  const at = process.argv.indexOf(name);
  return at === -1 ? undefined : process.argv[at + 1];
};
const target = option('--json');
const profile = option('--profile');
const audit = option('--audit');
const sections = ['writes', 'reads', 'fairness', 'mixed', 'watchers'] as const;
const chosen = sections.filter((name) => process.argv.includes(name));
const rows: Row[] = [];

function report(work: string, value: number, unit: string, cost?: Cost): void {
  const rounded = (figure: number): number => Math.round(figure * 10) / 10;
  const costs = cost === undefined ? {} : { main: rounded(cost.main), process: rounded(cost.process) };
  rows.push({ work, value: rounded(value), unit, ...costs });
  const said = cost === undefined ? '' : `  ${cost.main.toFixed(0)} us main, ${cost.process.toFixed(0)} us in all`;
  console.log(`${work.padEnd(46)} ${value.toFixed(1).padStart(9)} ${unit.padEnd(3)}${said}`);
}

const padding = 'x'.repeat(1_500);
const configMap = (name: string) =>
  JSON.stringify({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name, labels: { app: 'bench' } },
    data: { padding },
  });
const pod = (name: string) =>
  JSON.stringify({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, labels: { app: 'bench' }, annotations: { padding: 'y'.repeat(900) } },
    spec: {
      containers: [{ name: 'c', image: 'busybox:1', command: ['sleep', '1000'], env: [{ name: 'A', value: 'b' }] }],
    },
  });

const configMaps = '/api/v1/namespaces/bench/configmaps';
const pods = '/api/v1/namespaces/bench/pods';

interface Cost {
  readonly main: number;
  readonly process: number;
}

interface Bench {
  readonly ready: ServerReady;
  readonly client: Client;
  readonly usage: () => Promise<ServerUsage>;
}

/** What one of `count` requests costs the server, and what `work` found. */
async function costing<T>({ usage }: Bench, count: number, work: () => Promise<T>): Promise<{ result: T; cost: Cost }> {
  const before = await usage();
  const result = await work();
  const after = await usage();
  const cost = { main: (after.main - before.main) / count, process: (after.process - before.process) / count };
  return { result, cost };
}

async function writes(bench: Bench): Promise<void> {
  const { client } = bench;
  const create = async (work: string, count: number, parallel: number, call: (index: number) => Promise<unknown>) => {
    const { result, cost } = await costing(bench, count, () => rate(count, parallel, call));
    report(work, result, '/s', cost);
  };
  await rate(quick ? 200 : 2_000, 8, (index) => client.call('POST', configMaps, configMap(`warm-${index}`)));
  await create('ConfigMap create, sequential', quick ? 300 : 1_500, 1, (index) =>
    client.call('POST', configMaps, configMap(`s-${index}`)),
  );
  await create('ConfigMap create, x32', quick ? 1_000 : 6_000, 32, (index) =>
    client.call('POST', configMaps, configMap(`p-${index}`)),
  );
  const multiplexed = new Http2Client(bench.ready);
  await create('ConfigMap create, x32 on one connection', quick ? 1_000 : 6_000, 32, (index) =>
    multiplexed.call('POST', configMaps, configMap(`h-${index}`)),
  );
  multiplexed.close();
  await create('Pod create, x32', 5_000, 32, (index) => client.call('POST', pods, pod(`pod-${index}`)));
}

async function reads(bench: Bench): Promise<void> {
  const { client } = bench;
  const count = quick ? 3_000 : 15_000;
  const got = await costing(bench, count, () =>
    rate(count, 32, (index) => client.call('GET', `${pods}/pod-${index % 5_000}`)),
  );
  report('GET one pod, x32', got.result, '/s', got.cost);
  report('LIST 5,000 pods, size', (await client.call('GET', pods)) / 1e6, 'MB');
  const gzip = { 'accept-encoding': 'gzip' };
  const table = { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io' };
  const list = async (form: string, headers: Record<string, string>): Promise<void> => {
    await client.call('GET', pods, undefined, headers);
    const { result, cost } = await costing(bench, 9, () =>
      median(9, () => client.call('GET', pods, undefined, headers)),
    );
    report(`LIST 5,000 pods${form}`, result, 'ms', cost);
  };
  await list('', {});
  await list(', gzip', gzip);
  await list(' as Table', table);
  await list(' as Table, gzip', { ...table, ...gzip });
}

/** Somebody who lists everything again and again, until the result is called. */
async function lister({ ready }: Bench, headers: Record<string, string> = {}): Promise<() => Promise<void>> {
  const child = fork(join(import.meta.dirname, 'api-lister.ts'));
  child.send({ ready, path: pods, headers } satisfies Listing);
  await once(child, 'message');
  return async () => {
    child.kill();
    await once(child, 'exit');
  };
}

/** How long small requests wait while somebody lists everything again and again. */
async function fairness(bench: Bench): Promise<void> {
  for (const [form, headers] of [
    ['lists', {}],
    ['lists with gzip', { 'accept-encoding': 'gzip' }],
    ['lists as Table', { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io' }],
  ] as const) {
    const stop = await lister(bench, headers);
    const waits: number[] = [];
    for (let turn = 0; turn < (quick ? 200 : 600); turn += 1) {
      waits.push(await timed(() => bench.client.call('GET', `${pods}/pod-${turn}`)));
    }
    await stop();
    report(`GET while another ${form}, p50`, quantile(waits, 0.5), 'ms');
    report(`GET while another ${form}, p99`, quantile(waits, 0.99), 'ms');
  }
}

/**
 * 16 clients, each with its next request as soon as the last was answered: half of them read one object of 10,000, the
 * others create, update, patch or delete one. Ten watches follow, and somebody lists the pods again and again.
 */
async function mixed(bench: Bench): Promise<void> {
  const { client } = bench;
  const clients = 16;
  const count = quick ? 3_000 : 15_000;
  const kept = 5_000;
  const path = '/api/v1/namespaces/mixed/configmaps';
  await rate(kept, clients, (index) => client.call('POST', path, configMap(`kept-${index}`)));
  const stops: (() => void)[] = [];
  for (let at = 0; at < 10; at += 1) stops.push(await client.watch(`${path}?watch=true`, () => {}));
  const stopListing = await lister(bench);
  const patch = { 'content-type': 'application/merge-patch+json' };
  const waits: number[] = [];
  const timedCall = async (...call: Parameters<Client['call']>): Promise<void> => {
    waits.push(await timed(() => client.call(...call)));
  };
  const requests: readonly ((index: number) => Promise<void>)[] = [
    (index) => timedCall('GET', `${path}/kept-${index % kept}`),
    (index) => timedCall('PUT', `${path}/kept-${index % kept}`, configMap(`kept-${index % kept}`)),
    (index) => timedCall('GET', `${pods}/pod-${index % 5_000}`),
    (index) => timedCall('PATCH', `${path}/kept-${index % kept}`, `{"data":{"at":"${index}"}}`, patch),
    (index) => timedCall('GET', `${pods}/pod-${(index * 7) % 5_000}`),
    async (index) => {
      await timedCall('POST', path, configMap(`new-${index}`));
      await timedCall('DELETE', `${path}/new-${index}`);
    },
  ];
  const { result, cost } = await costing(bench, count, () =>
    rate(count, clients, (index) => requests[index % requests.length]?.(index) ?? Promise.resolve()),
  );
  await stopListing();
  for (const stop of stops) stop();
  report('mixed load, 16 clients beside lists', result, '/s', cost);
  report('mixed load, 16 clients beside lists: p50', quantile(waits, 0.5), 'ms');
  report('mixed load, 16 clients beside lists: p99', quantile(waits, 0.99), 'ms');
}

/** Waits for at most ten seconds. */
async function patiently(isDone: () => boolean): Promise<void> {
  for (let turn = 0; turn < 200 && !isDone(); turn += 1) await systemClock.sleep(50);
}

const newline = 0x0a;

async function watchers(bench: Bench): Promise<void> {
  const { ready, client } = bench;
  const count = quick ? 100 : 1_000;
  const changes = quick ? 100 : 500;
  const path = '/api/v1/namespaces/watched/configmaps';
  const sentAt: number[] = [];
  const delays: number[] = [];
  const watching = new Client(ready, Infinity);
  // Events come in order, so counting lines tells which is which: reading them would be work of this process.
  const follow = (): ((chunk: Buffer) => void) => {
    let seen = 0;
    return (chunk) => {
      const now = systemClock.monotonic();
      for (let at = chunk.indexOf(newline); at !== -1; at = chunk.indexOf(newline, at + 1)) {
        delays.push(now - (sentAt[seen++] ?? 0));
      }
    };
  };
  const stops: (() => void)[] = [];
  for (let at = 0; at < count; at += 1) stops.push(await watching.watch(`${path}?watch=true`, follow()));
  const { cost } = await costing(bench, changes, async () => {
    const begun = systemClock.monotonic();
    const sent: Promise<unknown>[] = [];
    for (let index = 0; index < changes; index += 1) {
      await systemClock.sleep(Math.max(0, begun + index * 10 - systemClock.monotonic()));
      sentAt[index] = systemClock.monotonic();
      const body = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: `w-${index}` } };
      sent.push(client.call('POST', path, JSON.stringify(body)));
    }
    await Promise.all(sent);
    await patiently(() => delays.length >= count * changes);
  });
  report(`${count} watchers, 100 changes/s: events missing`, count * changes - delays.length, '', cost);
  report(`${count} watchers, 100 changes/s: p50`, quantile(delays, 0.5), 'ms');
  report(`${count} watchers, 100 changes/s: p99`, quantile(delays, 0.99), 'ms');
  for (const stop of stops) stop();
  watching.close();
}

/** Unbuilt TypeScript would cost memory and time that no user pays. */
async function bundle(): Promise<string> {
  const root = join(import.meta.dirname, '..', '..');
  const outdir = join(root, '.build', 'bench', 'api-server');
  mkdirSync(outdir, { recursive: true });
  await build({
    absWorkingDir: root,
    entryPoints: {
      'api-server': 'test/bench/api-server.ts',
      'journal-worker': 'src/store/journal/sqlite-worker.ts',
    },
    outdir,
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    mainFields: ['module', 'main'],
    minifySyntax: true,
    alias: { yaml: join(root, 'node_modules/yaml/browser/index.js') },
    external: ['esbuild'],
    banner: {
      js: "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);",
    },
    logLevel: 'warning',
  });
  return join(outdir, 'api-server.js');
}

async function start(directory: string): Promise<{ server: ChildProcess; ready: ServerReady }> {
  const program = await bundle();
  const execArgv = profile === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${profile}`, '--cpu-prof-interval=200'];
  const server = fork(program, audit === undefined ? [directory] : [directory, audit], { stdio: 'inherit', execArgv });
  const [ready] = (await once(server, 'message')) as [ServerReady];
  return { server, ready };
}

const directory = mkdtempSync(join(tmpdir(), 'coracle-bench-api-'));
const { server, ready } = await start(directory);
const client = new Client(ready, 64);
const bench: Bench = {
  ready,
  client,
  async usage() {
    server.send('usage');
    return ((await once(server, 'message')) as [ServerUsage])[0];
  },
};
const wanted = (name: (typeof sections)[number]): boolean => chosen.length === 0 || chosen.includes(name);
try {
  report('memory at start, RSS', ready.rss / 1e6, 'MB');
  if (wanted('writes')) await writes(bench);
  else await rate(5_000, 32, (index) => client.call('POST', pods, pod(`pod-${index}`)));
  if (wanted('reads')) await reads(bench);
  if (wanted('fairness')) await fairness(bench);
  if (wanted('mixed')) await mixed(bench);
  if (wanted('watchers')) await watchers(bench);
  report('load of the machine at the end', loadavg()[0] ?? NaN, '');
} finally {
  client.close();
  server.kill('SIGTERM');
  await once(server, 'exit');
  rmSync(directory, { recursive: true, force: true });
}
if (target !== undefined) writeFileSync(target, JSON.stringify(rows, null, 2));
