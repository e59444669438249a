/** Where `/proxy` leads, and what it takes along: the API server must not be sent to places that only it can reach. */
import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { networkInterfaces } from 'node:os';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { silentLogger } from '../../src/base/log.ts';
import { isProxyable } from '../../src/apiserver/subresources/proxy-address.ts';
import { startHarness, type Harness } from './harness.ts';

/** An address of this machine that is not its loopback, as those of pods are. */
const [outside = ''] = Object.values(networkInterfaces())
  .flatMap((each = []) => each)
  .filter(({ address, family }) => family === 'IPv4' && isProxyable(address))
  .map(({ address }) => address);

let api: Harness;
let port = 0;
let seen: IncomingHttpHeaders | undefined;
const pod = createServer((request, response) => {
  seen = request.headers;
  response.end('from the pod');
});
const root = '/api/v1/namespaces/default';

beforeAll(async () => {
  api = await startHarness({ log: silentLogger });
  await api.call('POST', '/api/v1/namespaces', { metadata: { name: 'default' } });
  pod.listen(0, '0.0.0.0');
  await once(pod, 'listening');
  ({ port } = pod.address() as AddressInfo);
  for (const [name, podIP] of [
    ['real', outside],
    ['loopback', '127.0.0.1'],
    ['metadata', '169.254.169.254'],
  ]) {
    await api.call('POST', `${root}/pods`, {
      metadata: { name },
      spec: { containers: [{ name: 'c', image: 'i', ports: [{ containerPort: port }] }] },
    });
    const status = { podIP, podIPs: [{ ip: podIP }] };
    const type = { 'content-type': 'application/merge-patch+json' };
    await api.call('PATCH', `${root}/pods/${name}/status`, { status }, type);
  }
});
afterAll(async () => {
  await api.stop();
  pod.close();
});

test('a pod is reached at its address, and not told who asks', async () => {
  const { status, text } = await api.call('GET', `${root}/pods/real/proxy/`, undefined, {
    'impersonate-user': 'ann',
    'impersonate-extra-x': 'y',
    'x-remote-user': 'root',
    'x-remote-extra-scopes': 'all',
    authorization: 'Bearer secret',
    'x-own': 'kept',
  });
  expect([status, text]).toEqual([200, 'from the pod']);
  const names = Object.keys(seen ?? {});
  expect(names.filter((name) => /^(?:impersonate|x-remote|authorization)/u.test(name))).toEqual([]);
  expect(seen?.['x-own']).toBe('kept');
});

test.each(['loopback', 'metadata'])('a pod that says that its address is the %s leads nowhere', async (name) => {
  seen = undefined;
  const { status, json } = await api.call('GET', `${root}/pods/${name}/proxy/`);
  expect([status, json.message]).toEqual([400, 'address not allowed']);
  expect(seen).toBeUndefined();
});

test('a node is reached by another port without what is for its kubelet, and not on the server itself', async () => {
  for (const [name, address] of [
    ['real', outside],
    ['loopback', '127.0.0.1'],
  ]) {
    await api.call('POST', '/api/v1/nodes', { metadata: { name } });
    const status = { addresses: [{ type: 'InternalIP', address }] };
    const type = { 'content-type': 'application/merge-patch+json' };
    await api.call('PATCH', `/api/v1/nodes/${name}/status`, { status }, type);
  }
  expect((await api.call('GET', `/api/v1/nodes/real:${port}/proxy/`)).text).toBe('from the pod');
  const { status, json } = await api.call('GET', `/api/v1/nodes/loopback:${port}/proxy/`);
  expect([status, json.message]).toEqual([400, 'address not allowed']);
});

/** An EndpointSlice of a Service, as somebody writes it by hand. */
async function serviceAt(name: string, address: string, targetRef?: object): Promise<number> {
  const ports = [{ name: 'http', port, protocol: 'TCP' }];
  await api.call('POST', `${root}/services`, { metadata: { name }, spec: { ports } });
  await api.call('POST', '/apis/discovery.k8s.io/v1/namespaces/default/endpointslices', {
    metadata: { name, labels: { 'kubernetes.io/service-name': name } },
    addressType: 'IPv4',
    ports,
    endpoints: [{ addresses: [address], ...(targetRef === undefined ? {} : { targetRef }) }],
  });
  return (await api.call('GET', `${root}/services/${name}/proxy/`)).status;
}

test('a Service leads to pods of its namespace, and to nothing else that its slices name', async () => {
  const target = (name: string, namespace = 'default'): object => ({ kind: 'Pod', namespace, name });
  expect(await serviceAt('right', outside, target('real'))).toBe(200);
  seen = undefined;
  expect(await serviceAt('bare', outside)).toBe(503);
  expect(await serviceAt('absent', outside, target('no-such'))).toBe(503);
  expect(await serviceAt('elsewhere', outside, target('real', 'other'))).toBe(503);
  expect(await serviceAt('lying', '10.1.2.3', target('real'))).toBe(503);
  expect(await serviceAt('loopback', '127.0.0.1', target('loopback'))).toBe(503);
  expect(seen).toBeUndefined();
});

test.each([
  ['10.1.2.3', true],
  ['192.168.0.1', true],
  ['2001:db8::1', true],
  ['fd00::1', true],
  ['127.8.9.1', false],
  ['169.254.169.254', false],
  ['0.0.0.0', false],
  ['224.0.0.1', false],
  ['::1', false],
  ['::ffff:127.0.0.1', false],
  ['fe80::1', false],
  ['localhost', false],
  ['', false],
])('%s may be proxied to: %s', (address, may) => {
  expect(isProxyable(address)).toBe(may);
});
