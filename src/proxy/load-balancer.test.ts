import { afterEach, describe, expect, it } from 'vitest';
import { FakeClock, settle } from '../base/clock.ts';
import { silentLogger } from '../base/log.ts';
import { runAll } from '../base/service.ts';
import { Event } from '../api/core/event.ts';
import { Service, type ServiceSpec } from '../api/core/service.ts';
import { Informers } from '../client/informers.ts';
import { MemoryClient } from '../client/testing/memory-client.ts';
import { createLoadBalancerController } from './load-balancer.ts';
import { parsePool, planLoadBalancers } from './load-balancer-plan.ts';

function balanced(name: string, age: number, spec: ServiceSpec = {}, ip?: string): Service {
  return {
    metadata: {
      name,
      namespace: 'default',
      uid: name,
      resourceVersion: '1',
      creationTimestamp: `2026-01-01T00:00:0${age}Z`,
    },
    spec: { type: 'LoadBalancer', clusterIP: '10.96.0.1', ...spec },
    status: ip === undefined ? {} : { loadBalancer: { ingress: [{ ip }] } },
  };
}

const pool = parsePool(['172.20.0.10-172.20.0.11']);
const given = (services: readonly Service[]): Record<string, string | undefined> =>
  Object.fromEntries(
    planLoadBalancers(services, pool).assignments.map(({ service, ingress }) => [
      service.metadata.name,
      ingress[0]?.ip,
    ]),
  );

describe('the plan', () => {
  it('gives each Service an address of its own, the oldest first', () => {
    expect(given([balanced('b', 2), balanced('a', 1)])).toEqual({ a: '172.20.0.10', b: '172.20.0.11' });
  });

  it('made again after it was carried out, changes nothing', () => {
    expect(given([balanced('a', 1, {}, '172.20.0.10'), balanced('b', 2, {}, '172.20.0.11')])).toEqual({});
  });

  it('gives the address that was asked for, when it is in the pool and free', () => {
    expect(given([balanced('a', 1, { loadBalancerIP: '172.20.0.11' }), balanced('b', 2)])).toEqual({
      a: '172.20.0.11',
      b: '172.20.0.10',
    });
    const { refusals } = planLoadBalancers(
      [balanced('a', 1, {}, '172.20.0.11'), balanced('b', 2, { loadBalancerIP: '172.20.0.11' })],
      pool,
    );
    expect(refusals.map(({ message }) => message)).toEqual(['the address 172.20.0.11 belongs to Service default/a']);
  });

  it('says so when the pool is used up, and serves the rest', () => {
    const { assignments, refusals } = planLoadBalancers([balanced('a', 1), balanced('b', 2), balanced('c', 3)], pool);
    expect(assignments).toHaveLength(2);
    expect(refusals[0]).toMatchObject({
      service: { metadata: { name: 'c' } },
      message: expect.stringContaining('no free IPv4 address in the pool'),
    });
  });

  it('takes the address back when the Service is of another type now', () => {
    expect(given([balanced('a', 1, { type: 'ClusterIP' }, '172.20.0.10')])).toEqual({ a: undefined });
  });

  it('leaves Services of another class alone', () => {
    expect(given([balanced('a', 1, { loadBalancerClass: 'example.org/other' }, '172.20.0.10')])).toEqual({});
  });

  it('settles two Services that claim one address for the older one', () => {
    expect(given([balanced('a', 1, {}, '172.20.0.10'), balanced('b', 2, {}, '172.20.0.10')])).toEqual({
      b: '172.20.0.11',
    });
  });
});

describe('the controller', () => {
  const stop = new AbortController();
  afterEach(() => stop.abort());

  it('writes addresses, tells when there are none, and gives a freed one to who waits', async () => {
    const clock = new FakeClock();
    const client = new MemoryClient({ clock });
    const informers = new Informers({ client, clock });
    const controller = createLoadBalancerController({
      client,
      informers,
      clock,
      log: silentLogger,
      pool: ['172.20.0.10/32'],
    });
    const running = runAll([informers, controller], stop.signal);
    client.seed(Service, balanced('a', 1));
    client.seed(Service, balanced('b', 2));
    await clock.advance(100);
    const ipOf = async (name: string): Promise<string | undefined> =>
      (await client.get(Service, { namespace: 'default', name })).status?.loadBalancer?.ingress?.[0]?.ip;
    expect([await ipOf('a'), await ipOf('b')]).toEqual(['172.20.0.10', undefined]);
    await client.delete(Service, { namespace: 'default', name: 'a' });
    await clock.advance(100);
    expect(await ipOf('b')).toBe('172.20.0.10');
    const { items } = await client.list(Event);
    expect(items.map(({ reason }) => reason)).toContain('SyncLoadBalancerFailed');
    stop.abort();
    await settle();
    await running;
  });
});
