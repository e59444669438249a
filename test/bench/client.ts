/** The network client over both protocols, and informers and controllers over a large collection. */
import { fileURLToPath } from 'node:url';
import { systemClock } from '../../src/base/clock.ts';
import { Pod } from '../../src/api/core/pod.ts';
import { byNode } from '../../src/client/cache.ts';
import { Controller, watching } from '../../src/client/controller.ts';
import type { ClientReader } from '../../src/client/client.ts';
import { certificateCredentials } from '../../src/client/credentials.ts';
import { createHttpsClient } from '../../src/client/https-client.ts';
import { Informer } from '../../src/client/informer.ts';
import { MemoryClient } from '../../src/client/testing/memory-client.ts';
import { startTlsServer } from '../../src/client/testing/tls-server.ts';

export interface ClientRow {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
}

const clock = systemClock;
const podOf = (n: number) => ({
  metadata: { name: `pod-${n}`, namespace: `ns-${n % 100}`, labels: { app: `app-${n % 500}` } },
  spec: { containers: [{ name: 'web', image: 'registry.example/web:1' }], nodeName: `node-${n % 200}` },
});

async function requests(http1: boolean, concurrent: number): Promise<ClientRow> {
  const metadata = {
    name: 'a',
    namespace: 'd',
    uid: 'u',
    resourceVersion: '1',
    creationTimestamp: '2026-01-01T00:00:00Z',
  };
  const image = 'x'.repeat(1500);
  const body = JSON.stringify({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata,
    spec: { containers: [{ name: 'web', image }] },
  });
  const server = await startTlsServer(
    (request, response) => {
      request.resume();
      request.on('end', () => response.writeHead(200, { 'content-type': 'application/json' }).end(body));
    },
    { http1 },
  );
  const credentials = certificateCredentials(server.client);
  const access = { server: server.url, certificateAuthority: server.authority, credentials };
  const client = createHttpsClient({ access, clock });
  const get = async (count: number): Promise<void> => {
    let next = 0;
    const reader = async (): Promise<void> => {
      for (; next < count; next += 1) await client.get(Pod, { namespace: 'd', name: 'a' });
    };
    await Promise.all(Array.from({ length: concurrent }, reader));
  };
  await get(300);
  const start = clock.monotonic();
  await get(4000);
  const value = Math.round((4000 / (clock.monotonic() - start)) * 1000);
  await client.close();
  await server.close();
  return {
    name: `GET of 1.7 KB over HTTP/${http1 ? '1.1' : '2'}, ${concurrent} at a time, server included`,
    value,
    unit: '/s',
  };
}

/** Pages of objects that are there already, so that only the informer's own work is measured. */
function pagesOf(objects: number): ClientReader {
  const memory = new MemoryClient({ clock });
  const pods = Array.from({ length: objects }, (_, n) => memory.seed(Pod, podOf(n)));
  return {
    get: (kind, ref) => memory.get(kind, ref),
    watch: (kind, options) => memory.watch(kind, options),
    list: (_kind, { continue: next = '0', limit = objects } = {}) => {
      const end = Number(next) + limit;
      const items = pods.slice(Number(next), end) as never;
      return Promise.resolve({ items, resourceVersion: `${objects}`, ...(end < objects && { continue: `${end}` }) });
    },
  };
}

async function following(objects: number): Promise<ClientRow[]> {
  const informer = new Informer({ client: pagesOf(objects), kind: Pod, clock });
  informer.addIndex('node', byNode);
  const finished = Promise.withResolvers<number>();
  let left = objects;
  const reconcile = (): Promise<void> => {
    left -= 1;
    if (left === 0) finished.resolve(clock.monotonic());
    return Promise.resolve();
  };
  const controller = new Controller({ name: 'bench', sources: [watching(informer)], reconcile }, { clock });
  const abort = new AbortController();
  const start = clock.monotonic();
  const done = Promise.all([informer.run(abort.signal), controller.run(abort.signal)]);
  await informer.whenSynced();
  const synced = clock.monotonic();
  const reconciled = await finished.promise;
  abort.abort();
  await done;
  return [
    { name: `informer: list of ${objects} pods in pages, two indices`, value: Math.round(synced - start), unit: 'ms' },
    { name: `controller: ${objects} keys, empty reconciles`, value: Math.round(reconciled - synced), unit: 'ms' },
  ];
}

export async function benchClient(): Promise<readonly ClientRow[]> {
  const rows: ClientRow[] = [];
  for (const http1 of [false, true]) for (const concurrent of [1, 32]) rows.push(await requests(http1, concurrent));
  rows.push(...(await following(20_000)));
  return rows;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const rows = await benchClient();
  const lines = rows.map(({ name, value, unit }) => `${name.padEnd(64)} ${String(value).padStart(10)} ${unit}`);
  process.stdout.write(`${lines.join('\n')}\n${JSON.stringify(rows)}\n`);
}
