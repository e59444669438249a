/** The server as its clients see it: datagrams and streams on loopback, decoded by dns-packet. */
import { createSocket } from 'node:dgram';
import { connect } from 'node:net';
import {
  decode,
  encode,
  streamDecode,
  streamEncode,
  RECURSION_DESIRED,
  type DecodedPacket,
  type RecordType,
} from 'dns-packet';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../base/clock.ts';
import { silentLogger } from '../base/log.ts';
import { runAll } from '../base/service.ts';
import { ConfigMap } from '../api/core/config-map.ts';
import { Namespace } from '../api/core/namespace.ts';
import { Service } from '../api/core/service.ts';
import { EndpointSlice } from '../api/discovery/endpoint-slice.ts';
import { Informers } from '../client/informers.ts';
import { MemoryClient } from '../client/testing/memory-client.ts';
import { createDnsServer, defaultCorefile } from './dns-server.ts';

const corefile = defaultCorefile().replace('forward . /etc/resolv.conf', 'forward . 127.0.0.1:1');
let client: MemoryClient;
let stop: AbortController;
let running: Promise<void>;
let port: number;
let lines: string[];

beforeEach(() => {
  client = new MemoryClient({ clock: systemClock });
  stop = new AbortController();
  lines = [];
  client.seed(Namespace, { metadata: { name: 'default' } });
  client.seed(Namespace, { metadata: { name: 'kube-system' } });
  client.seed(Service, {
    metadata: { name: 'web', namespace: 'default' },
    spec: { clusterIP: '10.96.0.10', clusterIPs: ['10.96.0.10'], ports: [{ name: 'http', port: 80, protocol: 'TCP' }] },
  });
  client.seed(Service, {
    metadata: { name: 'db', namespace: 'default' },
    spec: { clusterIP: 'None', clusterIPs: ['None'], ports: [{ name: 'sql', port: 5432, protocol: 'TCP' }] },
  });
  client.seed(EndpointSlice, {
    metadata: { name: 'db-1', namespace: 'default', labels: { 'kubernetes.io/service-name': 'db' } },
    addressType: 'IPv4',
    ports: [{ name: 'sql', port: 5432, protocol: 'TCP' }],
    endpoints: [
      { addresses: ['10.244.0.5'], hostname: 'db-0', conditions: { ready: true } },
      { addresses: ['10.244.0.6'], conditions: { ready: true } },
      { addresses: ['10.244.0.7'], conditions: { ready: false } },
    ],
  });
  client.seed(Service, {
    metadata: { name: 'elsewhere', namespace: 'default' },
    spec: { type: 'ExternalName', externalName: 'web.default.svc.cluster.local' },
  });
});

afterEach(async () => {
  stop.abort();
  await running;
});

async function start(text = corefile): Promise<void> {
  const informers = new Informers({ client, clock: systemClock });
  const ready = new Promise<number>((resolve) => {
    const server = createDnsServer({
      client,
      informers,
      clock: systemClock,
      log: silentLogger,
      host: '127.0.0.1',
      port: 0,
      corefile: text,
      configMap: { namespace: 'kube-system', name: 'coredns' },
      write: (line) => lines.push(line),
      onReady: resolve,
    });
    running = runAll([informers, server], stop.signal);
  });
  port = await ready;
}

function query(name: string, type: RecordType): Buffer {
  return encode({ type: 'query', id: 7, flags: RECURSION_DESIRED, questions: [{ name, type }] });
}

function ask(name: string, type: RecordType = 'A', message = query(name, type), to = port): Promise<DecodedPacket> {
  return new Promise((resolve) => {
    const socket = createSocket('udp4');
    socket.on('message', (answer) => {
      socket.close();
      resolve(decode(answer));
    });
    socket.send(message, to, '127.0.0.1');
  });
}

function askTcp(name: string, type: RecordType): Promise<DecodedPacket> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.write(streamEncode({ type: 'query', id: 7, questions: [{ name, type }] }));
    });
    socket.on('data', (chunk: Buffer) => {
      socket.destroy();
      resolve(streamDecode(chunk) as DecodedPacket);
    });
  });
}

const data = ({ answers = [] }: DecodedPacket): readonly unknown[] =>
  answers.map((each) => ('data' in each ? each.data : undefined));
const rcode = (packet: DecodedPacket): string => (packet as unknown as { rcode: string }).rcode;

describe('names of the cluster', () => {
  beforeEach(() => start());

  it('gives a Service its cluster address, authoritatively', async () => {
    const answer = await ask('web.default.svc.cluster.local');
    expect(answer).toMatchObject({ id: 7, flag_aa: true, flag_qr: true, rcode: 'NOERROR' });
    expect(answer.answers).toMatchObject([{ name: 'web.default.svc.cluster.local', ttl: 30, data: '10.96.0.10' }]);
  });

  it('keeps the spelling of the question and ignores it otherwise', async () => {
    const answer = await ask('WEB.Default.svc.cluster.LOCAL');
    expect(answer.questions?.[0]?.name).toBe('WEB.Default.svc.cluster.LOCAL');
    expect(data(answer)).toEqual(['10.96.0.10']);
  });

  it('has no AAAA for it, which is not the same as no such name', async () => {
    const answer = await ask('web.default.svc.cluster.local', 'AAAA');
    expect([rcode(answer), answer.answers?.length, answer.authorities?.[0]?.type]).toEqual(['NOERROR', 0, 'SOA']);
    expect(rcode(await ask('nothing.default.svc.cluster.local'))).toBe('NXDOMAIN');
  });

  it('gives a Service and endpoints of IPv6 as AAAA', async () => {
    client.seed(Service, {
      metadata: { name: 'six', namespace: 'default' },
      spec: { clusterIP: 'fd00:10:96::10', clusterIPs: ['fd00:10:96::10'], ports: [{ port: 80, protocol: 'TCP' }] },
    });
    client.seed(EndpointSlice, {
      metadata: { name: 'db-6', namespace: 'default', labels: { 'kubernetes.io/service-name': 'db' } },
      addressType: 'IPv6',
      ports: [{ name: 'sql', port: 5432, protocol: 'TCP' }],
      endpoints: [{ addresses: ['fd00:10:244::5'], conditions: { ready: true } }],
    });
    await expect.poll(async () => data(await ask('six.default.svc.cluster.local', 'AAAA'))).toEqual(['fd00:10:96::10']);
    expect(data(await ask('db.default.svc.cluster.local', 'AAAA'))).toEqual(['fd00:10:244::5']);
    expect(data(await ask('db.default.svc.cluster.local')).length).toBe(2);
  });

  it('gives a headless Service the addresses of its ready endpoints, in turns', async () => {
    const firsts = new Set<unknown>();
    for (let at = 0; at < 6; at += 1) {
      const addresses = data(await ask('db.default.svc.cluster.local'));
      expect(new Set(addresses)).toEqual(new Set(['10.244.0.5', '10.244.0.6']));
      firsts.add(addresses[0]);
    }
    expect(firsts.size).toBe(2);
  });

  it('names endpoints by host name and by address', async () => {
    expect(data(await ask('db-0.db.default.svc.cluster.local'))).toEqual(['10.244.0.5']);
    expect(data(await ask('10-244-0-6.db.default.svc.cluster.local'))).toEqual(['10.244.0.6']);
    expect(rcode(await ask('db-1.db.default.svc.cluster.local'))).toBe('NXDOMAIN');
  });

  it('answers SRV with the addresses of the targets', async () => {
    const answer = await ask('_sql._tcp.db.default.svc.cluster.local', 'SRV');
    expect(data(answer)).toMatchObject([
      { priority: 0, weight: 50, port: 5432, target: 'db-0.db.default.svc.cluster.local' },
      { port: 5432, target: '10-244-0-6.db.default.svc.cluster.local' },
    ]);
    expect(answer.additionals).toMatchObject([{ data: '10.244.0.5' }, { data: '10.244.0.6' }]);
    expect(data(await ask('_http._tcp.web.default.svc.cluster.local', 'SRV'))).toMatchObject([
      { port: 80, weight: 100, target: 'web.default.svc.cluster.local' },
    ]);
    expect(rcode(await ask('_http._udp.web.default.svc.cluster.local', 'SRV'))).toBe('NXDOMAIN');
  });

  it('follows an ExternalName', async () => {
    expect(data(await ask('elsewhere.default.svc.cluster.local'))).toEqual([
      'web.default.svc.cluster.local',
      '10.96.0.10',
    ]);
  });

  it('finds pods by address where the namespace exists', async () => {
    expect(data(await ask('10-244-3-4.default.pod.cluster.local'))).toEqual(['10.244.3.4']);
    expect(rcode(await ask('10-244-3-4.nowhere.pod.cluster.local'))).toBe('NXDOMAIN');
  });

  it('answers reverse questions for Services and endpoints', async () => {
    expect(data(await ask('10.0.96.10.in-addr.arpa', 'PTR'))).toEqual(['web.default.svc.cluster.local']);
    expect(data(await ask('5.0.244.10.in-addr.arpa', 'PTR'))).toEqual(['db-0.db.default.svc.cluster.local']);
  });

  it('knows a change as soon as the API tells it', async () => {
    expect(rcode(await ask('late.default.svc.cluster.local'))).toBe('NXDOMAIN');
    await client.create(Service, {
      metadata: { name: 'late', namespace: 'default' },
      spec: { clusterIP: '10.96.0.11', clusterIPs: ['10.96.0.11'], ports: [{ port: 80 }] },
    });
    await new Promise((resolve) => systemClock.after(20, () => resolve(undefined)));
    expect(data(await ask('late.default.svc.cluster.local'))).toEqual(['10.96.0.11']);
  });

  it('cuts what does not fit a datagram and gives it whole over TCP', async () => {
    const endpoints = Array.from({ length: 60 }, (_, at) => ({
      addresses: [`10.244.1.${at}`],
      conditions: { ready: true },
    }));
    const slice = await client.get(EndpointSlice, { namespace: 'default', name: 'db-1' });
    await client.update(EndpointSlice, { ...slice, endpoints });
    await new Promise((resolve) => systemClock.after(20, () => resolve(undefined)));
    const cut = await ask('db.default.svc.cluster.local');
    expect(cut.flag_tc).toBe(true);
    expect(cut.answers?.length).toBeGreaterThan(20);
    expect((await askTcp('db.default.svc.cluster.local', 'A')).answers).toHaveLength(60);
  });

  it('answers garbage with FORMERR or not at all, and lives on', async () => {
    const broken = query('web.default.svc.cluster.local', 'A').subarray(0, 20);
    expect(rcode(await ask('', 'A', broken))).toBe('FORMERR');
    const stray = createSocket('udp4');
    stray.send(Buffer.from([1, 2, 3]), port, '127.0.0.1', () => stray.close());
    expect(data(await ask('web.default.svc.cluster.local'))).toEqual(['10.96.0.10']);
  });
});

describe('other names', () => {
  const upstream = createSocket('udp4');
  let asked: string[] = [];
  let upstreamPort: number;

  beforeEach(async () => {
    asked = [];
    if (upstreamPort !== undefined) return;
    upstream.on('message', (message, from) => {
      const { id, questions = [] } = decode(message);
      const [question] = questions;
      asked.push(question?.name ?? '');
      const known = question?.name === 'example.org' || question?.name === 'target.example.org';
      const answers = known ? [{ type: 'A' as const, name: question.name, ttl: 60, data: '192.0.2.7' }] : [];
      const authorities = known
        ? []
        : [
            {
              type: 'SOA' as const,
              name: 'org',
              ttl: 60,
              data: { mname: 'a', rname: 'b', serial: 1, refresh: 1, retry: 1, expire: 1, minimum: 60 },
            },
          ];
      upstream.send(
        encode({ type: 'response', id: id ?? 0, flags: known ? 0 : 3, questions, answers, authorities }),
        from.port,
        from.address,
      );
    });
    await new Promise<void>((resolve) => upstream.bind(0, '127.0.0.1', resolve));
    upstream.unref();
    upstreamPort = upstream.address().port;
  });

  const using = (forward: string, more = ''): string => `. {
    errors
    ${more}
    kubernetes cluster.local in-addr.arpa {
      fallthrough in-addr.arpa
    }
    cache 30
    forward . ${forward}
  }`;

  it('come from the upstream once, and then from the cache, refusals too', async () => {
    await start(using(`127.0.0.1:${upstreamPort}`));
    for (let at = 0; at < 3; at += 1) expect(data(await ask('example.org'))).toEqual(['192.0.2.7']);
    for (let at = 0; at < 3; at += 1) expect(rcode(await ask('missing.org'))).toBe('NXDOMAIN');
    const isProbe = (name: string): boolean => /^\d+\.\d+$/.test(name);
    expect(asked.filter((name) => !isProbe(name))).toEqual(['example.org', 'missing.org']);
    expect(asked.filter(isProbe), 'the search for loops').toHaveLength(1);
  });

  it('that come back in a loop are SERVFAIL and do no harm', async () => {
    await start();
    client.seed(ConfigMap, {
      metadata: { name: 'coredns', namespace: 'kube-system' },
      data: { Corefile: using(`127.0.0.1:${port}`) },
    });
    await expect.poll(() => lines.at(-1)).toContain('the configuration is loaded anew');
    const began = systemClock.monotonic();
    for (let at = 0; at < 5; at += 1) expect(rcode(await ask(`n${at}.example.org`))).toBe('SERVFAIL');
    expect(systemClock.monotonic() - began).toBeLessThan(3_000);
    expect(lines.filter((line) => line.includes('plugin/loop: Loop'))).toHaveLength(1);
    expect(data(await ask('web.default.svc.cluster.local'))).toEqual(['10.96.0.10']);
  });

  it('come from the next upstream when one is dead', async () => {
    const dead = createSocket('udp4');
    await new Promise<void>((resolve) => dead.bind(0, '127.0.0.1', resolve));
    const { port: deadPort } = dead.address();
    dead.close();
    await start(using(`127.0.0.1:${deadPort} 127.0.0.1:${upstreamPort} {\n policy sequential\n}`));
    expect(data(await ask('example.org'))).toEqual(['192.0.2.7']);
  });

  it('are SERVFAIL when no upstream answers, and those of the cluster still work', async () => {
    await start();
    expect(rcode(await ask('example.org'))).toBe('SERVFAIL');
    expect(data(await ask('web.default.svc.cluster.local'))).toEqual(['10.96.0.10']);
  });

  it('can be rewritten and given by hand', async () => {
    const more = 'rewrite name old.example.org target.example.org\nhosts {\n 192.0.2.9 by.hand\n fallthrough\n}';
    await start(using(`127.0.0.1:${upstreamPort}`, more));
    expect(data(await ask('by.hand'))).toEqual(['192.0.2.9']);
    const answer = await ask('old.example.org');
    expect(answer.answers).toMatchObject([{ name: 'old.example.org', data: '192.0.2.7' }]);
  });

  it('of a stub domain go to its own server', async () => {
    await start(`${using('127.0.0.1:1')}\nexample.org {\n forward . 127.0.0.1:${upstreamPort}\n}`);
    expect(data(await ask('example.org'))).toEqual(['192.0.2.7']);
  });

  it('follow the ConfigMap, and a mistake in it leaves the last good one', async () => {
    await start();
    client.seed(ConfigMap, {
      metadata: { name: 'coredns', namespace: 'kube-system' },
      data: { Corefile: using(`127.0.0.1:${upstreamPort}`) },
    });
    await new Promise((resolve) => systemClock.after(30, () => resolve(undefined)));
    expect(data(await ask('example.org'))).toEqual(['192.0.2.7']);
    const mistakes = [
      ['. {\n nonsense\n}', "Corefile:2 - Error during parsing: Unknown directive 'nonsense'"],
      ['', 'Corefile:1 - Error during parsing: there is no server block'],
      ['. {\n forward . 999.2.3.4\n}', 'plugin/forward: not an IP address or file: "999.2.3.4"'],
      ['. {\n forward . 192.0.2.1:70000\n}', 'plugin/forward: not an IP address or file: "192.0.2.1:70000"'],
    ] as const;
    for (const [Corefile, sentence] of mistakes) {
      const map = await client.get(ConfigMap, { namespace: 'kube-system', name: 'coredns' });
      await client.update(ConfigMap, { ...map, data: { Corefile } });
      await new Promise((resolve) => systemClock.after(30, () => resolve(undefined)));
      expect(lines.at(-1)).toContain(sentence);
      expect(data(await ask('example.org'))).toEqual(['192.0.2.7']);
    }
  });
});
