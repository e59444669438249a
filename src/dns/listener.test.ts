import { createSocket } from 'node:dgram';
import { createServer, type AddressInfo } from 'node:net';
import { expect, test } from 'vitest';
import { systemClock } from '../base/clock.ts';
import { Listener } from './listener.ts';
import { DnsMetrics } from './metrics.ts';

const host = '127.0.0.1';
const listenerOn = (port: number): Listener =>
  new Listener({ host, port, clock: systemClock, metrics: new DnsMetrics(), generation: () => 0, write: () => {} });

test('a port that somebody has over TCP is refused, and not kept over UDP', async () => {
  const other = createServer();
  await new Promise<void>((resolve) => other.listen(0, host, resolve));
  const { port } = other.address() as AddressInfo;
  await expect(listenerOn(port).open()).rejects.toThrow('EADDRINUSE');
  const datagrams = createSocket('udp4');
  await new Promise<void>((resolve, reject) => {
    datagrams.once('error', reject);
    datagrams.bind(port, host, resolve);
  });
  datagrams.close();
  other.close();
});

test('any free port is one for both, UDP and TCP', async () => {
  const listener = listenerOn(0);
  await listener.open();
  expect(listener.port).toBeGreaterThan(0);
  const other = createServer();
  await expect(
    new Promise((resolve, reject) => {
      other.once('error', reject);
      other.listen(listener.port, host, () => resolve('free'));
    }),
  ).rejects.toThrow('EADDRINUSE');
  listener.close();
});

test('a port that somebody has over UDP is refused', async () => {
  const first = listenerOn(0);
  await first.open();
  await expect(listenerOn(first.port).open()).rejects.toThrow('EADDRINUSE');
  first.close();
});
