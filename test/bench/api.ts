/**
 * Figures of the API server: creates, reads, lists, tables, watchers. The server runs in a process of its own, over
 * TLS, on the SQLite journal in a directory on disk; this process is the client.
 *
 *     node test/bench/api.ts [--json FILE] [--quick]
 */
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { Agent, request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../../src/base/clock.ts';
import type { ServerReady } from './api-server.ts';

interface Row {
  readonly work: string;
  readonly value: number;
  readonly unit: string;
}

const quick = process.argv.includes('--quick');
const rows: Row[] = [];

function report(work: string, value: number, unit: string): void {
  rows.push({ work, value: Math.round(value * 10) / 10, unit });
  console.log(`${work.padEnd(44)} ${value.toFixed(1).padStart(10)} ${unit}`);
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
    metadata: { name, labels: { app: 'bench' }, annotations: { padding: padding.slice(0, 900) } },
    spec: {
      containers: [{ name: 'c', image: 'busybox:1', command: ['sleep', '1000'], env: [{ name: 'A', value: 'b' }] }],
    },
  });

class Client {
  readonly #agent: Agent;
  readonly #port: number;

  constructor(ready: ServerReady, sockets: number) {
    const { ca, key, cert } = ready;
    this.#agent = new Agent({ keepAlive: true, maxSockets: sockets, ca, key, cert });
    this.#port = ready.port;
  }

  /** The size of the answer. */
  call(method: string, path: string, body?: string, headers: Record<string, string> = {}): Promise<number> {
    return new Promise((resolve, reject) => {
      const type =
        body === undefined ? {} : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) };
      const options = {
        host: '127.0.0.1',
        port: this.#port,
        agent: this.#agent,
        method,
        path,
        headers: { ...type, ...headers },
      };
      const outgoing = request(options, (answer) => {
        let size = 0;
        answer.on('data', (chunk: Buffer) => (size += chunk.length));
        answer.on('end', () => {
          if ((answer.statusCode ?? 500) < 300) resolve(size);
          else reject(new Error(`${method} ${path}: ${answer.statusCode}`));
        });
      });
      outgoing.on('error', reject);
      outgoing.end(body);
    });
  }

  /** Calls `onEvent` for every line of a watch, until `destroy` is called. */
  watch(path: string, onEvent: (line: string) => void): Promise<() => void> {
    return new Promise((resolve, reject) => {
      const options = { host: '127.0.0.1', port: this.#port, agent: this.#agent, path };
      const outgoing = request(options, (answer) => {
        let rest = '';
        answer.on('data', (chunk: Buffer) => {
          const lines = (rest + chunk.toString()).split('\n');
          rest = lines.pop() ?? '';
          for (const line of lines) onEvent(line);
        });
        answer.on('error', () => {});
        resolve(() => outgoing.destroy());
      });
      outgoing.on('error', reject);
      outgoing.end();
    });
  }

  close(): void {
    this.#agent.destroy();
  }
}

/** Requests per second of `count` calls, `parallel` of them at a time. */
async function rate(count: number, parallel: number, call: (index: number) => Promise<unknown>): Promise<number> {
  let next = 0;
  const begun = systemClock.monotonic();
  const worker = async (): Promise<void> => {
    for (let index = next++; index < count; index = next++) await call(index);
  };
  await Promise.all(Array.from({ length: parallel }, worker));
  return (count / (systemClock.monotonic() - begun)) * 1000;
}

async function milliseconds(times: number, call: () => Promise<unknown>): Promise<number> {
  const taken: number[] = [];
  for (let turn = 0; turn < times; turn += 1) {
    const begun = systemClock.monotonic();
    await call();
    taken.push(systemClock.monotonic() - begun);
  }
  return taken.toSorted((one, other) => one - other)[Math.floor(times / 2)] ?? 0;
}

const configMaps = '/api/v1/namespaces/bench/configmaps';
const pods = '/api/v1/namespaces/bench/pods';

async function writes(client: Client): Promise<void> {
  await rate(200, 8, (index) => client.call('POST', configMaps, configMap(`warm-${index}`)));
  const sequential = quick ? 300 : 1_500;
  report(
    'ConfigMap create, sequential',
    await rate(sequential, 1, (i) => client.call('POST', configMaps, configMap(`s-${i}`))),
    '/s',
  );
  const parallel = quick ? 1_000 : 6_000;
  report(
    'ConfigMap create, x32',
    await rate(parallel, 32, (i) => client.call('POST', configMaps, configMap(`p-${i}`))),
    '/s',
  );
  report('Pod create, x32', await rate(5_000, 32, (i) => client.call('POST', pods, pod(`pod-${i}`))), '/s');
}

async function reads(client: Client): Promise<void> {
  const count = quick ? 3_000 : 15_000;
  report('GET one pod, x32', await rate(count, 32, (i) => client.call('GET', `${pods}/pod-${i % 5_000}`)), '/s');
  const size = await client.call('GET', pods);
  report('LIST 5,000 pods, size', size / 1e6, 'MB');
  report('LIST 5,000 pods', await milliseconds(7, () => client.call('GET', pods)), 'ms');
  const gzip = { 'accept-encoding': 'gzip' };
  report('LIST 5,000 pods, gzip', await milliseconds(5, () => client.call('GET', pods, undefined, gzip)), 'ms');
  const table = { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io' };
  report('LIST 5,000 pods as Table', await milliseconds(7, () => client.call('GET', pods, undefined, table)), 'ms');
  const both = { ...table, ...gzip };
  report(
    'LIST 5,000 pods as Table, gzip',
    await milliseconds(7, () => client.call('GET', pods, undefined, both)),
    'ms',
  );
}

/** The longest that small requests wait while somebody lists everything again and again. */
async function fairness(client: Client): Promise<void> {
  const busy = new AbortController();
  const listing = (async () => {
    while (!busy.signal.aborted) await client.call('GET', pods);
  })();
  const waits: number[] = [];
  for (let turn = 0; turn < (quick ? 200 : 600); turn += 1) {
    const begun = systemClock.monotonic();
    await client.call('GET', `${pods}/pod-${turn}`);
    waits.push(systemClock.monotonic() - begun);
  }
  busy.abort();
  await listing;
  const sorted = waits.toSorted((one, other) => one - other);
  report('GET while another lists, p99', sorted[Math.floor(sorted.length * 0.99)] ?? 0, 'ms');
}

/** Waits for at most ten seconds. */
async function patiently(isDone: () => boolean): Promise<void> {
  for (let turn = 0; turn < 200 && !isDone(); turn += 1) await systemClock.sleep(50);
}

async function watchers(ready: ServerReady, client: Client): Promise<void> {
  const count = quick ? 100 : 1_000;
  const changes = quick ? 100 : 500;
  const path = '/api/v1/namespaces/watched/configmaps';
  const sentAt: number[] = [];
  const delays: number[] = [];
  let received = 0;
  const watching = new Client(ready, Infinity);
  const onEvent = (line: string): void => {
    received += 1;
    const [, index] = /"name":"w-(\d+)"/.exec(line) ?? [];
    delays.push(systemClock.monotonic() - (sentAt[Number(index)] ?? 0));
  };
  const stops: (() => void)[] = [];
  for (let at = 0; at < count; at += 1) stops.push(await watching.watch(`${path}?watch=true`, onEvent));
  const begun = systemClock.monotonic();
  const sent: Promise<unknown>[] = [];
  for (let index = 0; index < changes; index += 1) {
    await systemClock.sleep(Math.max(0, begun + index * 10 - systemClock.monotonic()));
    sentAt[index] = systemClock.monotonic();
    sent.push(
      client.call(
        'POST',
        path,
        JSON.stringify({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: `w-${index}` } }),
      ),
    );
  }
  await Promise.all(sent);
  await patiently(() => received >= count * changes);
  const sorted = delays.toSorted((one, other) => one - other);
  report(`${count} watchers, 100 changes/s: events missing`, count * changes - received, '');
  report(`${count} watchers, 100 changes/s: p50`, sorted[Math.floor(sorted.length * 0.5)] ?? 0, 'ms');
  report(`${count} watchers, 100 changes/s: p99`, sorted[Math.floor(sorted.length * 0.99)] ?? 0, 'ms');
  for (const stop of stops) stop();
  watching.close();
}

async function start(directory: string): Promise<{ server: ChildProcess; ready: ServerReady }> {
  const server = fork(join(import.meta.dirname, 'api-server.ts'), [directory], { stdio: 'inherit' });
  const [ready] = (await once(server, 'message')) as [ServerReady];
  return { server, ready };
}

const directory = mkdtempSync(join(tmpdir(), 'coracle-bench-api-'));
const { server, ready } = await start(directory);
const client = new Client(ready, 64);
try {
  report('memory at start, RSS', ready.rss / 1e6, 'MB');
  await writes(client);
  await reads(client);
  await fairness(client);
  await watchers(ready, client);
} finally {
  client.close();
  server.kill('SIGTERM');
  await once(server, 'exit');
  rmSync(directory, { recursive: true, force: true });
}
const target = process.argv[process.argv.indexOf('--json') + 1];
if (process.argv.includes('--json') && target !== undefined) writeFileSync(target, JSON.stringify(rows, null, 2));
