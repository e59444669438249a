import { createServer, type AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { FakeClock } from '../base/clock.ts';
import { silentLogger } from '../base/log.ts';
import { createServer as createHttpServer, type Server } from 'node:http';
import { HealthPorts, proxyEndpoints } from './health.ts';

const told: string[] = [];
const ports = new HealthPorts(silentLogger, ({ name, port }, message) => void told.push(`${name} ${port} ${message}`));
let server: Server | undefined;
afterEach(() => {
  ports.close();
  server?.close();
});

async function freePort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>((resolve) => probe.listen(0, resolve));
  const { port } = probe.address() as AddressInfo;
  await new Promise<void>((resolve) => probe.close(() => resolve()));
  return port;
}

async function ask(port: number, path = '/'): Promise<readonly [number, unknown]> {
  const answer = await fetch(`http://127.0.0.1:${port}${path}`);
  const text = await answer.text();
  return [answer.status, text.startsWith('{') ? JSON.parse(text) : text];
}

describe('a health-check node port', () => {
  it('tells load balancers whether this node has endpoints', async () => {
    const port = await freePort();
    const health = { namespace: 'default', name: 'web', port };
    const body = { service: { namespace: 'default', name: 'web' }, serviceProxyHealthy: true };
    ports.sync([{ ...health, localEndpoints: 2 }]);
    expect(await ask(port)).toEqual([200, { ...body, localEndpoints: 2 }]);
    ports.sync([{ ...health, localEndpoints: 0 }]);
    expect(await ask(port)).toEqual([503, { ...body, localEndpoints: 0 }]);
    ports.sync([]);
    await expect(ask(port)).rejects.toThrow('fetch failed');
  });
});

describe('a health-check node port that somebody else has', () => {
  it('is told once, and served as soon as it is free', async () => {
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(0, resolve));
    const { port } = other.address() as AddressInfo;
    const wanted = [{ namespace: 'default', name: 'web', port, localEndpoints: 1 }];
    const pause = (): Promise<void> => new Promise((resolve) => void setImmediate(() => setImmediate(resolve)));
    for (let round = 0; round < 3; round += 1) {
      ports.sync(wanted);
      await pause();
    }
    expect(told).toEqual([`web ${port} listen EADDRINUSE: address already in use :::${port}`]);
    await new Promise<void>((resolve) => void other.close(() => resolve()));
    ports.sync(wanted);
    expect((await ask(port))[0]).toBe(200);
  });
});

describe('the proxy itself', () => {
  it('is healthy once it has synced, and counts what it does', async () => {
    const counters = { syncs: 3, failed: 1, heals: 0, seconds: 0.5, lastSync: 1_767_225_600_000 };
    let healthy = false;
    server = createHttpServer(proxyEndpoints(new FakeClock(), counters, () => healthy));
    await new Promise<void>((resolve) => server?.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    expect((await ask(port, '/healthz'))[0]).toBe(503);
    healthy = true;
    expect(await ask(port, '/healthz')).toMatchObject([200, { lastUpdated: '2026-01-01T00:00:00Z' }]);
    expect((await ask(port, '/metrics'))[1]).toContain('\nkubeproxy_sync_proxy_rules_total 3\n');
    expect((await ask(port, '/other'))[0]).toBe(404);
  });
});
