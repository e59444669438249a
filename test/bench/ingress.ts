/**
 * CPU per request and latency of the ingress beside nginx, in one run: the same backend, the same load, both
 * proxies on loopback, each in a process of its own. Without nginx only our own figures are given.
 */
import { execFileSync, fork, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, Agent, get } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { systemClock } from '../../src/base/clock.ts';
import { silentLogger } from '../../src/base/log.ts';
import { runAll } from '../../src/base/service.ts';
import { Service } from '../../src/api/core/service.ts';
import { EndpointSlice } from '../../src/api/discovery/endpoint-slice.ts';
import { Ingress } from '../../src/api/networking/ingress.ts';
import { Informers } from '../../src/client/informers.ts';
import { MemoryClient } from '../../src/client/testing/memory-client.ts';
import { createIngressProxy } from '../../src/ingress/ingress-proxy.ts';

export interface IngressRow {
  readonly name: string;
  readonly requestsPerSecond: number;
  readonly cpuMicroseconds: number;
  readonly p50: number;
  readonly p99: number;
}

const connections = 16;
const body = 'x'.repeat(1024);

async function serveIngress(port: number): Promise<void> {
  const client = new MemoryClient({ clock: systemClock });
  client.seed(Service, {
    metadata: { name: 'web', namespace: 'default' },
    spec: { clusterIP: '10.96.0.1', ports: [{ port: 80 }] },
  });
  client.seed(EndpointSlice, {
    metadata: { name: 'web-1', namespace: 'default', labels: { 'kubernetes.io/service-name': 'web' } },
    addressType: 'IPv4',
    ports: [{ port }],
    endpoints: [{ addresses: ['127.0.0.1'] }],
  });
  const backend = { service: { name: 'web', port: { number: 80 } } };
  const rules = [{ http: { paths: [{ path: '/', pathType: 'Prefix', backend }] } }];
  client.seed(Ingress, {
    metadata: { name: 'web', namespace: 'default' },
    spec: { ingressClassName: 'coracle', rules },
  });
  const informers = new Informers({ client, clock: systemClock });
  const ingress = createIngressProxy({
    client,
    informers,
    clock: systemClock,
    log: silentLogger,
    host: '127.0.0.1',
    httpPort: 0,
    httpsPort: 0,
    addresses: [],
    writeAccess: () => {},
    onReady: ({ http }) => process.send?.(http),
  });
  process.on('disconnect', () => process.exit(0));
  await runAll([informers, ingress], new AbortController().signal);
}

async function serveBackend(): Promise<void> {
  const server = createServer((_, response) =>
    response.writeHead(200, { 'content-type': 'text/plain', 'content-length': body.length }).end(body),
  );
  server.keepAliveTimeout = 60_000;
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  process.send?.((server.address() as AddressInfo).port);
  process.on('disconnect', () => process.exit(0));
}

export async function benchIngress(seconds = 4): Promise<readonly IngressRow[]> {
  const self = fileURLToPath(import.meta.url);
  const start = async (...args: string[]): Promise<{ pid: number; port: number; stop: () => void }> => {
    const child = fork(self, args, { stdio: 'inherit' });
    const port = await new Promise<number>((resolve) => child.once('message', (message) => resolve(message as number)));
    return { pid: child.pid ?? 0, port, stop: () => child.disconnect() };
  };
  const backend = await start('backend');
  const ours = await start('ingress', String(backend.port));
  const nginx = startNginx(backend.port);
  const rows: IngressRow[] = [];
  try {
    for (const [name, proxy] of [
      ['nginx', nginx],
      ['coracle', ours],
    ] as const) {
      if (proxy === undefined) continue;
      await load(proxy.port, 1);
      const before = cpuOf(proxy.pid);
      const { count, latencies } = await load(proxy.port, seconds);
      const used = cpuOf(proxy.pid) - before;
      const at = (share: number): number =>
        Math.round((latencies[Math.floor(latencies.length * share)] ?? 0) * 100) / 100;
      rows.push({
        name,
        requestsPerSecond: Math.round(count / seconds),
        cpuMicroseconds: Math.round((used * 1e4) / count),
        p50: at(0.5),
        p99: at(0.99),
      });
    }
  } finally {
    ours.stop();
    nginx?.stop();
    backend.stop();
  }
  return rows;
}

/** One worker, keep-alive to the backend, access log on: as people run it. */
function startNginx(backend: number): { pid: number; port: number; stop: () => void } | undefined {
  try {
    execFileSync('nginx', ['-v'], { stdio: 'ignore' });
  } catch {
    return undefined;
  }
  const folder = mkdtempSync(join(tmpdir(), 'coracle-nginx-'));
  const port = 20_000 + (process.pid % 20_000);
  const configuration = `daemon off; master_process off; pid ${folder}/pid; error_log ${folder}/error.log;
events { worker_connections 1024; }
http { access_log ${folder}/access.log; client_body_temp_path ${folder}/b; proxy_temp_path ${folder}/p; fastcgi_temp_path ${folder}/f; uwsgi_temp_path ${folder}/u; scgi_temp_path ${folder}/s;
  upstream web { server 127.0.0.1:${backend}; keepalive 64; }
  server { listen 127.0.0.1:${port}; keepalive_requests 1000000; location / { proxy_pass http://web; proxy_http_version 1.1; proxy_set_header Connection ""; proxy_set_header Host $host; proxy_set_header X-Forwarded-For $remote_addr; } } }`;
  writeFileSync(join(folder, 'nginx.conf'), configuration);
  const child = spawn('nginx', ['-c', join(folder, 'nginx.conf')], { stdio: 'ignore' });
  const stop = (): void => {
    child.once('exit', () => rmSync(folder, { recursive: true, force: true }));
    child.kill('SIGTERM');
  };
  return { pid: child.pid ?? 0, port, stop };
}

/** Clock ticks (10 ms) of a process. */
function cpuOf(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /, '')
    .split(' ');
  return Number(fields[11]) + Number(fields[12]);
}

async function load(port: number, seconds: number): Promise<{ count: number; latencies: readonly number[] }> {
  const agent = new Agent({ keepAlive: true, maxSockets: connections });
  const until = systemClock.monotonic() + seconds * 1000;
  const latencies: number[] = [];
  const worker = async (): Promise<void> => {
    while (systemClock.monotonic() < until) {
      const start = systemClock.monotonic();
      await new Promise<void>((resolve, reject) => {
        get({ host: '127.0.0.1', port, agent }, (response) => response.resume().on('end', resolve)).on('error', reject);
      });
      latencies.push(systemClock.monotonic() - start);
    }
  };
  await Promise.all(Array.from({ length: connections }, worker));
  agent.destroy();
  return { count: latencies.length, latencies: latencies.sort((a, b) => a - b) };
}

if (process.argv[2] === 'ingress') await serveIngress(Number(process.argv[3]));
else if (process.argv[2] === 'backend') await serveBackend();
else if (process.argv[1] === fileURLToPath(import.meta.url)) console.table(await benchIngress());
