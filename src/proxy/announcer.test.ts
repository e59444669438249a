import { expect, test } from 'vitest';
import { Service } from '../api/core/service.ts';
import { FakeClock } from '../base/clock.ts';
import { silentLogger } from '../base/log.ts';
import { runAll } from '../base/service.ts';
import { Informers } from '../client/informers.ts';
import { MemoryClient } from '../client/testing/memory-client.ts';
import type { CommandRunner } from '../network/command.ts';
import { announcements, createAnnouncer, type LinkJson } from './announcer.ts';

const pool = '192.0.2.96/28';
const balanced = (...ips: readonly string[]): Service =>
  ({
    metadata: { name: 'web' },
    spec: { type: 'LoadBalancer' },
    status: { loadBalancer: { ingress: ips.map((ip) => ({ ip })) } },
  }) as unknown as Service;

const links = (...singles: readonly string[]): readonly LinkJson[] => [
  { ifname: 'lo', addr_info: [{ local: '127.0.0.1', prefixlen: 8 }] },
  {
    ifname: 'eth0',
    addr_info: [{ local: '192.0.2.1', prefixlen: 24 }, ...singles.map((local) => ({ local, prefixlen: 32 }))],
  },
  { ifname: 'cor0-br', addr_info: [{ local: '10.244.0.1', prefixlen: 24 }] },
];

test('an address in the range of a link is put on that link', () => {
  expect(announcements([balanced('192.0.2.97')], links(), pool)).toEqual({
    add: [{ address: '192.0.2.97', link: 'eth0' }],
    remove: [],
  });
  expect(announcements([balanced('192.0.2.97')], links('192.0.2.97'), pool)).toEqual({ add: [], remove: [] });
});

test('one that no Service has any more is taken away, and others on the link stay', () => {
  expect(announcements([], links('192.0.2.97', '192.0.2.7'), pool)).toEqual({
    add: [],
    remove: [{ address: '192.0.2.97', link: 'eth0' }],
  });
  const changed = { ...balanced('192.0.2.97'), spec: { type: 'ClusterIP' } } as Service;
  expect(announcements([changed], links('192.0.2.97'), pool).remove).toHaveLength(1);
});

test('addresses that are not of the pool, or of no link, are nobody to announce', () => {
  expect(announcements([balanced('192.0.2.50', '198.51.100.1')], links(), pool)).toEqual({ add: [], remove: [] });
  expect(announcements([balanced('10.150.0.1')], links(), '10.150.0.0/24')).toEqual({ add: [], remove: [] });
  expect(announcements([balanced('2001:db8::1')], links(), '2001:db8::/64')).toEqual({ add: [], remove: [] });
});

test('the kernel is asked when an address comes or goes and once a minute, not at every change of a Service', async () => {
  const clock = new FakeClock();
  const client = new MemoryClient({ clock });
  const informers = new Informers({ client, clock });
  const lines: string[] = [];
  let asked = 0;
  const run: CommandRunner = (_file, args, options) => {
    if (args.includes('addr')) asked += 1;
    if (options?.input !== undefined) lines.push(options.input.trim());
    return Promise.resolve({ code: 0, stdout: JSON.stringify(links()), stderr: '' });
  };
  const stop = new AbortController();
  const announcer = createAnnouncer({ informers, clock, log: silentLogger, pool, run });
  const running = runAll([informers, announcer], stop.signal);
  client.seed(Service, { metadata: { name: 'plain', namespace: 'default' }, spec: { clusterIP: '10.96.0.9' } });
  await clock.advance(1_000);
  expect([asked, lines]).toEqual([1, []]);
  for (let at = 0; at < 5; at += 1) {
    client.seed(Service, { metadata: { name: `more-${at}`, namespace: 'default' }, spec: {} });
    await clock.advance(1_000);
  }
  expect(asked).toBe(1);
  const { spec, status } = balanced('192.0.2.97');
  client.seed(Service, { metadata: { name: 'web', namespace: 'default' }, spec: spec ?? {}, status: status ?? {} });
  await clock.advance(1_000);
  expect(lines).toEqual(['addr replace 192.0.2.97/32 dev eth0']);
  await clock.advance(61_000);
  expect(asked).toBe(3);
  stop.abort();
  await running;
});
