/** Evictions and connections go through admission as every other write does. */
import { once } from 'node:events';
import { connect } from 'node:tls';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import type { AdmissionPlugin, AdmissionRequest } from '../../src/apiserver/access.ts';
import { forbidden } from '../../src/apiserver/errors.ts';
import { certificates, startHarness, type Harness } from './harness.ts';

let api: Harness;
let seen: Pick<AdmissionRequest, 'operation' | 'subresource' | 'name' | 'object'>[] = [];

/** Refuses whatever is called `kept`, in the phase in which it is asked to. */
function guard(phase: 'admit' | 'validate'): AdmissionPlugin {
  return {
    name: `Guard-${phase}`,
    handles: ({ subresource }) => subresource !== '',
    [phase]: ({ operation, subresource, name, namespace, object, kind }: AdmissionRequest) => {
      if (phase === 'admit') seen.push({ operation, subresource, name, ...(object === undefined ? {} : { object }) });
      if (name !== `kept-${phase}`) return;
      throw forbidden({ group: kind.group, resource: kind.plural }, name, `not in ${namespace}`);
    },
  };
}

/** Sees deletions, which evictions must not become. */
const deletions: AdmissionPlugin = {
  name: 'Deletions',
  handles: ({ operation }) => operation === 'DELETE',
  admit: ({ operation, subresource, name }) => void seen.push({ operation, subresource, name }),
};

const pods = '/api/v1/namespaces/default/pods';

beforeAll(async () => {
  api = await startHarness({ admission: [guard('admit'), guard('validate'), deletions] });
  await api.call('POST', '/api/v1/namespaces', { metadata: { name: 'default' } });
});
afterAll(() => api.stop());

beforeEach(() => {
  seen = [];
});

async function makePod(name: string): Promise<void> {
  const spec = { containers: [{ name: 'c', image: 'i' }] };
  const { status } = await api.call('POST', pods, { apiVersion: 'v1', kind: 'Pod', metadata: { name }, spec });
  expect(status).toBe(201);
}

const eviction = (name: string): object => ({ apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name } });

test('an eviction is admitted as the creation of one, and not again as a deletion', async () => {
  await makePod('gone');
  expect((await api.call('POST', `${pods}/gone/eviction`, eviction('gone'))).status).toBe(201);
  expect(seen).toMatchObject([
    {
      operation: 'CREATE',
      subresource: 'eviction',
      name: 'gone',
      object: { kind: 'Eviction', metadata: { name: 'gone' } },
    },
  ]);
  expect((await api.call('GET', `${pods}/gone`)).status).toBe(404);
});

test.each(['kept-admit', 'kept-validate'])('a plugin keeps %s from being evicted', async (name) => {
  await makePod(name);
  const { status, json } = await api.call('POST', `${pods}/${name}/eviction`, eviction(name));
  expect([status, json.message]).toEqual([403, `pods "${name}" is forbidden: not in default`]);
  expect((await api.call('GET', `${pods}/${name}`)).status).toBe(200);
});

test.each([
  [
    `${pods}/p/exec?command=sh&command=-c&stdin=true&container=c`,
    'exec',
    { kind: 'PodExecOptions', command: ['sh', '-c'], stdin: true, container: 'c' },
  ],
  [`${pods}/p/attach?stdout=1&tty=true`, 'attach', { kind: 'PodAttachOptions', stdout: true, tty: true }],
  [`${pods}/p/portforward?ports=80&ports=443`, 'portforward', { kind: 'PodPortForwardOptions', ports: [80, 443] }],
  [`${pods}/p/proxy/metrics`, 'proxy', { kind: 'PodProxyOptions', path: '/metrics' }],
  ['/api/v1/namespaces/default/services/p/proxy/a/b', 'proxy', { kind: 'ServiceProxyOptions', path: '/a/b' }],
  ['/api/v1/nodes/p/proxy/pods', 'proxy', { kind: 'NodeProxyOptions', path: '/pods' }],
])('admission sees the connection %s', async (path, subresource, options) => {
  await api.call('POST', path);
  expect(seen).toEqual([{ operation: 'CONNECT', subresource, name: 'p', object: { apiVersion: 'v1', ...options } }]);
});

test.each(['exec', 'attach', 'portforward', 'proxy'])('a plugin keeps %s of a pod from everybody', async (name) => {
  const { status, json } = await api.call('POST', `${pods}/kept-validate/${name}`);
  expect([status, json.message]).toEqual([403, 'pods "kept-validate" is forbidden: not in default']);
});

test('so it does when the connection is upgraded', async () => {
  const { ca, admin } = await certificates();
  const socket = connect({
    host: '127.0.0.1',
    port: api.port,
    ALPNProtocols: ['http/1.1'],
    ca: ca.certificate,
    key: admin.key,
    cert: admin.certificate,
  });
  const head = `POST ${pods}/kept-admit/exec?command=sh HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: SPDY/3.1\r\n\r\n`;
  socket.write(head);
  const [answer] = (await once(socket, 'data')) as [Buffer];
  expect(answer.toString()).toMatch(/^HTTP\/1\.1 403 /u);
  expect(answer.toString()).toContain('pods \\"kept-admit\\" is forbidden: not in default');
  socket.destroy();
});
