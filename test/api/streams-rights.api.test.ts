/** What opens a shell in a pod is no reading, though a WebSocket begins with a GET. */
import { once } from 'node:events';
import { connect } from 'node:tls';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { systemClock } from '../../src/base/clock.ts';
import { systemRandom } from '../../src/base/random.ts';
import { issueCertificate, type KeyPair } from '../../src/pki/certificate.ts';
import { guardedHarness } from './access-harness.ts';
import type { Harness } from './harness.ts';

let api: Harness;
let ann: KeyPair;
const streams = ['exec', 'attach', 'portforward'];
const rbac = '/apis/rbac.authorization.k8s.io/v1/namespaces/a';

async function allow(...verbs: readonly string[]): Promise<void> {
  const resources = streams.map((each) => `pods/${each}`);
  await api.call('DELETE', `${rbac}/roles/streams`);
  await api.call('POST', `${rbac}/roles`, {
    metadata: { name: 'streams' },
    rules: [{ verbs, apiGroups: [''], resources }],
  });
}

beforeAll(async () => {
  ({ harness: api } = await guardedHarness());
  const validity = { from: systemClock.now() - 60_000, until: systemClock.now() + 3_600_000 };
  ann = await issueCertificate(api.ca, { commonName: 'ann', usages: ['client'] }, validity, systemRandom);
  await api.call('POST', '/api/v1/namespaces', { metadata: { name: 'a' } });
  await api.call('POST', `${rbac}/rolebindings`, {
    metadata: { name: 'streams' },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'streams' },
    subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: 'ann' }],
  });
  const spec = { containers: [{ name: 'c', image: 'i' }] };
  await api.call('POST', '/api/v1/namespaces/a/pods', { metadata: { name: 'p' }, spec });
});
afterAll(() => api.stop());

/** The answer to a WebSocket's upgrade. */
async function upgrade(stream: string): Promise<string> {
  const socket = connect({
    host: '127.0.0.1',
    port: api.port,
    ca: api.ca.certificate,
    key: ann.key,
    cert: ann.certificate,
    ALPNProtocols: ['http/1.1'],
  });
  socket.write(
    `GET /api/v1/namespaces/a/pods/p/${stream}?command=sh&ports=80 HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\n` +
      'Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n' +
      'Sec-WebSocket-Protocol: v5.channel.k8s.io\r\n\r\n',
  );
  const [answer] = (await once(socket, 'data')) as [Buffer];
  socket.destroy();
  return answer.toString();
}

test.each(streams)('%s over a WebSocket needs the right to create it, beside that to get it', async (stream) => {
  await allow('get');
  const refused = await upgrade(stream);
  expect(refused).toMatch(/^HTTP\/1\.1 403 /u);
  expect(refused).toContain(
    String.raw`pods \"p\" is forbidden: User \"ann\" cannot create resource \"pods/${stream}\" in API group \"\" in the namespace \"a\"`,
  );
  await allow('create');
  expect(await upgrade(stream)).toContain(String.raw`cannot get resource \"pods/${stream}\"`);
  // Let through: only there is no node that the pod is on.
  await allow('get', 'create');
  expect(await upgrade(stream)).toContain('pod p does not have a host assigned');
});
