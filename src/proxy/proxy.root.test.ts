/** The proxy as a service: informers in, kernel out. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { systemClock } from '../base/clock.ts';
import { silentLogger } from '../base/log.ts';
import { runAll } from '../base/service.ts';
import { Service } from '../api/core/service.ts';
import { EndpointSlice } from '../api/discovery/endpoint-slice.ts';
import { Informers } from '../client/informers.ts';
import { MemoryClient } from '../client/testing/memory-client.ts';
import { Lab, until, type LabNamespace } from '../network/lab.ts';
import { createNft } from '../network/nft.ts';
import { endpointSlice, service } from './fixtures.ts';
import { createProxy } from './proxy.ts';

const lab = new Lab();
const client = new MemoryClient({ clock: systemClock });
const stop = new AbortController();
let node: LabNamespace;
let running: Promise<void>;

const elements = async (set: string): Promise<readonly string[]> => {
  const held = await createNft(node.run).readSet('coracle-test', set);
  return [...(held ?? [])].map(([key, value]) => `${key} : ${value}`);
};

beforeAll(async () => {
  node = await lab.namespace();
  client.seed(Service, service('web'));
  client.seed(EndpointSlice, endpointSlice('web', ['10.244.0.11']));
  const informers = new Informers({ client, clock: systemClock });
  const proxy = createProxy({
    client,
    informers,
    clock: systemClock,
    log: silentLogger,
    nodeName: 'one',
    table: 'coracle-test',
    bridge: 'cb0',
    podCidrs: ['10.244.0.0/16'],
    serviceCidrs: ['10.96.0.0/12'],
    run: node.run,
  });
  running = runAll([informers, proxy], stop.signal);
  await until(async () => (await elements('services4')).length > 0);
});

afterAll(async () => {
  stop.abort();
  await running;
  await lab.close();
});

it('puts into the kernel what the API says', async () => {
  expect(await elements('services4')).toEqual(['10.96.0.10 . tcp . 80 : goto n4-1']);
  expect(await elements('endpoints4-tcp')).toEqual(['10.96.0.10 . tcp . 80 . 0 : 10.244.0.11 . 8080']);
});

it('follows a change of endpoints at once (test/bench has the figures)', async () => {
  const slice = await client.get(EndpointSlice, { namespace: 'default', name: 'web-1' });
  const start = systemClock.monotonic();
  await client.update(EndpointSlice, { ...slice, endpoints: [{ addresses: ['10.244.0.12'] }] });
  await until(async () => (await elements('endpoints4-tcp'))[0]?.endsWith(': 10.244.0.12 . 8080') === true);
  expect(systemClock.monotonic() - start).toBeLessThan(1000);
});

// Once it looked only after 15 seconds without any change: a busy cluster was never healed.
it('heals a flushed ruleset by itself, however often something changes', async () => {
  await node.sh('nft flush ruleset');
  // It looks every 15 seconds.
  await until(async () => {
    const web = await client.get(Service, { namespace: 'default', name: 'web' });
    const annotations = { touched: String(systemClock.now()) };
    await client.update(Service, { ...web, metadata: { ...web.metadata, annotations } });
    await systemClock.sleep(500);
    return (await elements('services4')).length === 1;
  }, 20_000);
  expect(await elements('pods4')).toEqual(['10.244.0.0/16 : ']);
});

it('takes away the rules of a Service that is deleted', async () => {
  await client.delete(Service, { namespace: 'default', name: 'web' });
  await until(async () => (await elements('services4')).length === 0);
  expect(await elements('endpoints4-tcp')).toEqual([]);
});
