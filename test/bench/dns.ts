/** Queries per second of the DNS server on one core, for the questions that pods ask. */
import { createSocket } from 'node:dgram';
import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { encode, RECURSION_DESIRED } from 'dns-packet';
import { systemClock } from '../../src/base/clock.ts';
import { silentLogger } from '../../src/base/log.ts';
import { runAll } from '../../src/base/service.ts';
import { Namespace } from '../../src/api/core/namespace.ts';
import { Service } from '../../src/api/core/service.ts';
import { Informers } from '../../src/client/informers.ts';
import { MemoryClient } from '../../src/client/testing/memory-client.ts';
import { createDnsServer, defaultCorefile } from '../../src/dns/dns-server.ts';

export interface DnsRow {
  readonly name: string;
  readonly queriesPerSecond: number;
  /** Microseconds of the server's CPU per query; 1e6 / this is what one core can do. */
  readonly cpuMicroseconds: number;
}

const services = 1000;
const inFlight = 64;

/** In a process of its own, so that only the server's CPU is counted. */
async function serve(): Promise<void> {
  const client = new MemoryClient({ clock: systemClock });
  client.seed(Namespace, { metadata: { name: 'default' } });
  for (let at = 0; at < services; at += 1) {
    const clusterIP = `10.96.${at >> 8}.${at & 255}`;
    const spec = { clusterIP, clusterIPs: [clusterIP], ports: [{ port: 80 }] };
    client.seed(Service, { metadata: { name: `svc-${at}`, namespace: 'default' }, spec });
  }
  const informers = new Informers({ client, clock: systemClock });
  const server = createDnsServer({
    client,
    informers,
    clock: systemClock,
    log: silentLogger,
    host: '127.0.0.1',
    port: 0,
    corefile: defaultCorefile().replace('/etc/resolv.conf', '127.0.0.1:1'),
    onReady: (port) => process.send?.({ port }),
  });
  process.on('message', () => process.send?.({ cpu: process.cpuUsage() }));
  process.on('disconnect', () => process.exit(0));
  await runAll([informers, server], new AbortController().signal);
}

export async function benchDns(seconds = 3): Promise<readonly DnsRow[]> {
  const child = fork(fileURLToPath(import.meta.url), ['serve'], { stdio: 'inherit' });
  const next = <T>(): Promise<T> => new Promise((resolve) => child.once('message', (message) => resolve(message as T)));
  const { port } = await next<{ port: number }>();
  const cpu = async (): Promise<number> => {
    const answer = next<{ cpu: NodeJS.CpuUsage }>();
    child.send('cpu');
    const { user, system } = (await answer).cpu;
    return user + system;
  };
  const rows: DnsRow[] = [];
  const known = Array.from({ length: services }, (_, at) => question(`svc-${at}.default.svc.cluster.local`));
  const unknown = Array.from({ length: 50_000 }, (_, at) => question(`no-${at}.default.svc.cluster.local`));
  for (const [name, questions] of [
    ['names that exist', known],
    ['names never asked before', unknown],
  ] as const) {
    const before = await cpu();
    const answered = await load(port, questions, seconds);
    const used = (await cpu()) - before;
    rows.push({ name, queriesPerSecond: Math.round(answered / seconds), cpuMicroseconds: used / answered });
  }
  child.disconnect();
  return rows;
}

function question(name: string): Buffer {
  return encode({ type: 'query', id: 1, flags: RECURSION_DESIRED, questions: [{ name, type: 'A' }] });
}

function load(port: number, questions: readonly Buffer[], seconds: number): Promise<number> {
  return new Promise((resolve) => {
    const socket = createSocket('udp4');
    let answered = 0;
    let at = 0;
    const send = (): void => {
      const message = questions[at++ % questions.length];
      if (message !== undefined) socket.send(message, port, '127.0.0.1');
    };
    socket.on('message', () => {
      answered += 1;
      send();
    });
    socket.bind(0, '127.0.0.1', () => {
      for (let count = 0; count < inFlight; count += 1) send();
    });
    systemClock.after(seconds * 1000, () => {
      socket.close();
      resolve(answered);
    });
  });
}

if (process.argv[2] === 'serve') await serve();
else if (process.argv[1] === fileURLToPath(import.meta.url)) console.table(await benchDns());
