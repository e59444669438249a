import { createServer, type RequestListener } from 'node:http';
import { createServer as createHttp2Server, type ServerHttp2Stream } from 'node:http2';
import type { AddressInfo, Server } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { grpcProbe } from './grpc-probe.ts';
import { httpProbe } from './http-probe.ts';
import { tcpProbe } from './tcp-probe.ts';

const servers: Server[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) await new Promise((resolve) => server.close(resolve));
});

async function listening(server: Server): Promise<number> {
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

const web = (listener: RequestListener): Promise<number> => listening(createServer(listener));
const never = new AbortController().signal;

test('200 to 399 is health, anything else is not', async () => {
  const port = await web((request, response) => {
    response.statusCode = Number(request.url?.slice(1));
    response.end();
  });
  const probe = (code: number) => httpProbe({ path: `/${code}`, port }, '127.0.0.1', port, never);
  expect(await probe(200)).toEqual({ result: 'success' });
  expect(await probe(399)).toEqual({ result: 'success' });
  expect(await probe(500)).toEqual({ result: 'failure', output: 'HTTP probe failed with statuscode: 500' });
});

test('headers of the probe go out, and replace its own', async () => {
  let seen = {};
  const port = await web((request, response) => {
    seen = request.headers;
    response.end();
  });
  const httpHeaders = [
    { name: 'Host', value: 'example.com' },
    { name: 'X-Mine', value: 'yes' },
  ];
  await httpProbe({ port, httpHeaders }, '127.0.0.1', port, never);
  expect(seen).toMatchObject({ host: 'example.com', 'x-mine': 'yes', 'user-agent': 'kube-probe/1.35', accept: '*/*' });
});

test('redirects are followed on the same host only', async () => {
  const port = await web((request, response) => {
    const away = request.url === '/away' ? 'http://example.invalid/' : '/sick';
    if (request.url === '/sick') response.statusCode = 503;
    else response.writeHead(302, { location: away });
    response.end();
  });
  expect(await httpProbe({ path: '/here', port }, '127.0.0.1', port, never)).toMatchObject({ result: 'failure' });
  expect(await httpProbe({ path: '/away', port }, '127.0.0.1', port, never)).toMatchObject({ result: 'success' });
});

test('a port that nobody listens on refuses', async () => {
  const port = await web(() => {});
  await new Promise((resolve) => servers.pop()?.close(resolve));
  expect(await httpProbe({ path: '/healthz', port }, '127.0.0.1', port, never)).toEqual({
    result: 'failure',
    output: `Get "http://127.0.0.1:${port}/healthz": dial tcp 127.0.0.1:${port}: connect: connection refused`,
  });
  expect(await tcpProbe('127.0.0.1', port, never)).toEqual({
    result: 'failure',
    output: `dial tcp 127.0.0.1:${port}: connect: connection refused`,
  });
});

test('a connection is all that a TCP probe needs', async () => {
  const port = await web(() => {});
  expect(await tcpProbe('127.0.0.1', port, never)).toEqual({ result: 'success' });
});

test('an answer that takes too long is a failure', async () => {
  const late = new AbortController();
  const port = await web(() => late.abort());
  expect(await httpProbe({ path: '/', port }, '127.0.0.1', port, late.signal)).toMatchObject({
    output: `Get "http://127.0.0.1:${port}/": context deadline exceeded (Client.Timeout exceeded while awaiting headers)`,
  });
});

test('gRPC health is asked by service name', async () => {
  const server = createHttp2Server();
  server.on('stream', (stream: ServerHttp2Stream, headers) => {
    const parts: Buffer[] = [];
    stream.on('data', (part: Buffer) => parts.push(part));
    stream.on('end', () => {
      const service = Buffer.concat(parts).subarray(7).toString();
      stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
      stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
      stream.end(Buffer.from([0, 0, 0, 0, 2, 0x08, service === 'good' ? 1 : 2]));
    });
    expect(headers[':path']).toBe('/grpc.health.v1.Health/Check');
  });
  const port = await listening(server);
  expect(await grpcProbe('127.0.0.1', port, 'good', 1, never)).toEqual({ result: 'success' });
  expect(await grpcProbe('127.0.0.1', port, 'other', 1, never)).toEqual({
    result: 'failure',
    output: 'service unhealthy (responded with "NOT_SERVING")',
  });
});
