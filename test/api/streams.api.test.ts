/** Logs, exec and proxies: what is checked here, and what passes through untouched. */
import { once } from 'node:events';
import { createServer, type Server } from 'node:https';
import { createServer as createPlainServer, type Server as PlainServer } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { connect, type TLSSocket } from 'node:tls';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { systemClock } from '../../src/base/clock.ts';
import { systemRandom } from '../../src/base/random.ts';
import { issueCertificate } from '../../src/pki/certificate.ts';
import { certificates, startHarness, type Harness } from './harness.ts';

let api: Harness;
let kubelet: Server;
let web: PlainServer;
const seen: { url: string; user: string }[] = [];

beforeAll(async () => {
  const { ca, admin } = await certificates();
  const validity = { from: systemClock.now() - 60_000, until: systemClock.now() + 3_600_000 };
  const names = {
    commonName: 'system:node:n1',
    dnsNames: ['n1'],
    addresses: ['127.0.0.1'],
    usages: ['server'],
  } as const;
  const own = await issueCertificate(ca, names, validity, systemRandom);
  kubelet = createServer({
    maxHeaderSize: 2 ** 20,
    key: own.key,
    cert: own.certificate,
    ca: ca.certificate,
    requestCert: true,
  });
  kubelet.on('request', (request, response) => {
    const user = (request.socket as TLSSocket).getPeerCertificate().subject.CN;
    seen.push({ url: request.url ?? '', user: String(user) });
    if (request.url?.includes('tailLines=-1') === true) return response.writeHead(400).end('Invalid value: -1');
    return response.writeHead(200, { 'content-type': 'text/plain' }).end('one\ntwo\n');
  });
  kubelet.on('upgrade', (request, socket: Duplex) => {
    seen.push({ url: request.url ?? '', user: request.headers.authorization ?? 'none' });
    socket.write('HTTP/1.1 101 Switching Protocols\r\nUpgrade: SPDY/3.1\r\nConnection: Upgrade\r\n\r\n');
    socket.pipe(socket);
  });
  kubelet.listen(0, '127.0.0.1');
  await once(kubelet, 'listening');
  web = createPlainServer((request, response) => response.end(`${request.method} ${request.url}`));
  web.listen(0, '127.0.0.1');
  await once(web, 'listening');
  api = await startHarness({
    nodes: { material: () => ({ key: admin.key, cert: admin.certificate, ca: ca.certificate }) },
  });
  await api.call('POST', '/api/v1/nodes', {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name: 'n1' },
    status: {
      addresses: [{ type: 'InternalIP', address: '127.0.0.1' }],
      daemonEndpoints: { kubeletEndpoint: { Port: (kubelet.address() as AddressInfo).port } },
    },
  });
  await makePod('p', [{ name: 'main', image: 'a:1' }]);
  await makePod('two', [
    { name: 'one', image: 'a:1' },
    { name: 'other', image: 'a:1' },
  ]);
});

afterAll(async () => {
  await api.stop();
  kubelet.closeAllConnections();
  kubelet.close();
  web.closeAllConnections();
  web.close();
});

const pods = '/api/v1/namespaces/default/pods';

async function makePod(name: string, containers: object[]): Promise<void> {
  await api.call('POST', pods, { apiVersion: 'v1', kind: 'Pod', metadata: { name }, spec: { containers } });
  const target = { kind: 'Node', name: 'n1' };
  await api.call('POST', `${pods}/${name}/binding`, { apiVersion: 'v1', kind: 'Binding', metadata: { name }, target });
}

test('logs come from the kubelet, asked for with the server’s certificate', async () => {
  const { status, text, headers } = await api.call('GET', `${pods}/p/log?tailLines=2`);
  expect([status, text, headers['content-type']]).toEqual([200, 'one\ntwo\n', 'text/plain']);
  expect(seen.at(-1)).toEqual({ url: '/containerLogs/default/p/main?tailLines=2', user: 'admin' });
});

test('logs come over WebSocket, as bytes or as base64', async () => {
  const { ca, admin } = await certificates();
  const secrets = { ca: ca.certificate, key: admin.key, cert: admin.certificate };
  const read = async (protocol: string): Promise<readonly [string, string]> => {
    const socket = new WebSocket(`wss://localhost:${api.port}${pods}/p/log`, protocol, secrets);
    const [message] = (await once(socket, 'message')) as [Buffer];
    const answered = socket.protocol;
    await once(socket, 'close');
    return [answered, message.toString()];
  };
  expect(await read('binary.k8s.io')).toEqual(['binary.k8s.io', 'one\ntwo\n']);
  const base64 = Buffer.from('one\ntwo\n').toString('base64');
  expect(await read('base64.binary.k8s.io')).toEqual(['base64.binary.k8s.io', base64]);
});

test('what the kubelet refuses is refused in its words', async () => {
  const { status, json } = await api.call('GET', `${pods}/p/log?tailLines=-1`);
  expect([status, json.message]).toEqual([400, 'Invalid value: -1']);
});

test('it must be clear which container is meant', async () => {
  const several = await api.call('GET', `${pods}/two/log`);
  expect(several.json.message).toBe('a container name must be specified for pod two, choose one of: [one other]');
  const unknown = await api.call('GET', `${pods}/two/log?container=x`);
  expect(unknown.json.message).toBe('container x is not valid for pod two');
  expect((await api.call('GET', `${pods}/nobody/log`)).status).toBe(404);
});

/** Sends an upgrade request by hand and collects what comes back. */
async function upgrade(path: string): Promise<{ socket: Socket; head: string }> {
  const { ca, admin } = await certificates();
  const secrets = { ca: ca.certificate, key: admin.key, cert: admin.certificate };
  const socket = connect({ host: '127.0.0.1', port: api.port, ALPNProtocols: ['http/1.1'], ...secrets });
  const lines = [
    `POST ${path} HTTP/1.1`,
    'Host: x',
    'Connection: Upgrade',
    'Upgrade: SPDY/3.1',
    'Authorization: Bearer secret',
  ];
  socket.write(`${lines.join('\r\n')}\r\n\r\n`);
  const [head] = (await once(socket, 'data')) as [Buffer];
  return { socket, head: head.toString() };
}

test('an exec is passed through byte by byte, in both directions, without the caller’s credentials', async () => {
  const { socket, head } = await upgrade(`${pods}/p/exec?command=sh&command=-c&stdin=true&tty=true&stdout=true`);
  expect(head).toMatch(/^HTTP\/1\.1 101 /);
  expect(seen.at(-1)).toEqual({
    url: '/exec/default/p/main?command=sh&command=-c&input=1&tty=1&output=1',
    user: 'none',
  });
  const bytes = Buffer.from([0, 255, 128, 10]);
  socket.write(bytes);
  const [echo] = (await once(socket, 'data')) as [Buffer];
  expect(echo.equals(bytes)).toBe(true);
  socket.destroy();
});

test('what is sent faster than it is taken stands still for nobody: twenty megabytes there and back', async () => {
  const { socket } = await upgrade(`${pods}/p/exec?command=cat&stdin=true&stdout=true`);
  const piece = Buffer.alloc(1_000_000, 'abcdefghij');
  const pieces = 20;
  void (async () => {
    for (let at = 0; at < pieces; at += 1) if (!socket.write(piece)) await once(socket, 'drain');
  })();
  let received = 0;
  for await (const chunk of socket as AsyncIterable<Buffer>) {
    received += chunk.length;
    if (received >= pieces * piece.length) break;
  }
  expect(received).toBe(pieces * piece.length);
});

test('a command may be as long as a path of a hundred thousand characters', async () => {
  const { socket, head } = await upgrade(`${pods}/p/exec?command=${'a'.repeat(100_000)}&stdout=true`);
  expect(head).toMatch(/^HTTP\/1\.1 101 /);
  socket.destroy();
});

test('a refused upgrade gets an ordinary Status', async () => {
  const { socket, head } = await upgrade(`${pods}/two/exec?command=sh`);
  expect(head).toMatch(/^HTTP\/1\.1 400 /);
  expect(head).toContain('a container name must be specified for pod two');
  socket.destroy();
  const plain = await api.call('POST', `${pods}/p/exec?command=sh`);
  expect([plain.status, plain.json.message]).toEqual([400, 'Upgrade request required']);
});

test('services are reached through a ready endpoint', async () => {
  const path = '/api/v1/namespaces/default/services';
  const service = { apiVersion: 'v1', kind: 'Service', metadata: { name: 'web' }, spec: { ports: [{ port: 80 }] } };
  await api.call('POST', path, service);
  expect((await api.call('GET', `${path}/web/proxy/x`)).json.message).toBe('no endpoints available for service "web"');
  await api.call('POST', '/apis/discovery.k8s.io/v1/namespaces/default/endpointslices', {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { name: 'web', labels: { 'kubernetes.io/service-name': 'web' } },
    addressType: 'IPv4',
    ports: [{ port: (web.address() as AddressInfo).port }],
    endpoints: [{ addresses: ['10.0.0.1'], conditions: { ready: false } }],
  });
  expect((await api.call('GET', `${path}/web/proxy/x`)).status).toBe(503);
  expect((await api.call('GET', `${path}/web/proxy`)).status).toBe(301);
});
