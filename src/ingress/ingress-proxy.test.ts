/** The whole ingress on loopback: real sockets, real clients, backends that are servers of this process. */
import 'reflect-metadata';
import { X509CertificateGenerator } from '@peculiar/x509';
import { webcrypto } from 'node:crypto';
import {
  createServer,
  request as httpRequest,
  Agent,
  type IncomingMessage,
  type RequestListener,
  type Server,
} from 'node:http';
import { connect as connectHttp2, createServer as createHttp2Server, type ServerHttp2Stream } from 'node:http2';
import { request as httpsRequest } from 'node:https';
import { connect as connectTcp, type AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { systemClock } from '../base/clock.ts';
import { silentLogger } from '../base/log.ts';
import { runAll } from '../base/service.ts';
import type { Draft } from '../api/kind.ts';
import { Event } from '../api/core/event.ts';
import { Secret } from '../api/core/secret.ts';
import { Service } from '../api/core/service.ts';
import { EndpointSlice } from '../api/discovery/endpoint-slice.ts';
import { Ingress, type IngressSpec } from '../api/networking/ingress.ts';
import { Informers } from '../client/informers.ts';
import { MemoryClient } from '../client/testing/memory-client.ts';
import { createIngressProxy } from './ingress-proxy.ts';

let client: MemoryClient;
let stop: AbortController;
let running: Promise<void>;
let ports: { readonly http: number; readonly https: number };
let access: string;
const servers: Server[] = [];

beforeEach(async () => {
  client = new MemoryClient({ clock: systemClock });
  stop = new AbortController();
  access = '';
  const informers = new Informers({ client, clock: systemClock });
  ports = await new Promise((resolve) => {
    const ingress = createIngressProxy({
      client,
      informers,
      clock: systemClock,
      log: silentLogger,
      host: '127.0.0.1',
      httpPort: 0,
      httpsPort: 0,
      addresses: ['192.0.2.5'],
      writeAccess: (text) => (access += `${text}\n`),
      onReady: resolve,
    });
    running = runAll([informers, ingress], stop.signal);
  });
});

afterEach(async () => {
  stop.abort();
  await running;
  for (const server of servers.splice(0)) {
    server.close();
    server.closeAllConnections();
  }
});

const pause = (milliseconds = 40): Promise<void> => systemClock.sleep(milliseconds);

async function backend(listener: RequestListener): Promise<number> {
  const server = createServer(listener);
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

/** Service `name` on port 80 with endpoints at these ports of loopback. */
function expose(name: string, endpointPorts: readonly number[]): void {
  client.seed(Service, {
    metadata: { name, namespace: 'default' },
    spec: { clusterIP: '10.96.0.1', ports: [{ name: 'http', port: 80 }] },
  });
  for (const port of endpointPorts) {
    client.seed(EndpointSlice, sliceOf(name, port));
  }
}

function sliceOf(name: string, port: number): Draft<EndpointSlice> {
  return {
    metadata: { name: `${name}-${port}`, namespace: 'default', labels: { 'kubernetes.io/service-name': name } },
    addressType: 'IPv4',
    ports: [{ name: 'http', port, protocol: 'TCP' }],
    endpoints: [{ addresses: ['127.0.0.1'], conditions: { ready: true } }],
  };
}

function route(host: string, service: string, annotations: Record<string, string> = {}, more: IngressSpec = {}): void {
  client.seed(Ingress, {
    metadata: { name: host.replaceAll(/[*.]/g, 'x'), namespace: 'default', annotations },
    spec: {
      ingressClassName: 'coracle',
      rules: [
        {
          host,
          http: {
            paths: [{ path: '/', pathType: 'Prefix', backend: { service: { name: service, port: { number: 80 } } } }],
          },
        },
      ],
      ...more,
    },
  });
}

interface Answer {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

function get(
  host: string,
  path = '/',
  options: { method?: string; headers?: Record<string, string>; body?: Buffer; agent?: Agent } = {},
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const { method = 'GET', headers = {}, body, agent } = options;
    const call = httpRequest(
      { host: '127.0.0.1', port: ports.http, path, method, headers: { host, ...headers }, ...(agent && { agent }) },
      (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('error', reject);
        response.on('end', () =>
          resolve({
            status: response.statusCode ?? 0,
            headers: response.headers,
            body: Buffer.concat(chunks).toString(),
          }),
        );
      },
    );
    call.on('error', reject);
    call.end(body);
  });
}

describe('plain requests', () => {
  it('reach the Service that the rule names, with headers that tell where they came from', async () => {
    expose('echo', [
      await backend((request, response) =>
        response.end(JSON.stringify({ url: request.url, headers: request.headers })),
      ),
    ]);
    route('a.example', 'echo');
    await pause();
    const answer = await get('a.example', '/x?y=1', { headers: { 'X-Forwarded-For': '6.6.6.6', Custom: 'kept' } });
    expect(answer.status).toBe(200);
    expect(JSON.parse(answer.body)).toMatchObject({
      url: '/x?y=1',
      headers: {
        host: 'a.example',
        custom: 'kept',
        'x-forwarded-for': '127.0.0.1',
        'x-forwarded-proto': 'http',
        'x-forwarded-host': 'a.example',
      },
    });
  });

  it('keep status, headers and body of the answer, chunked or not', async () => {
    expose('echo', [
      await backend((request, response) => {
        response.writeHead(201, 'Made', { 'X-A': '1', 'Set-Cookie': ['a=1', 'b=2'] });
        response.write('one ');
        setImmediate(() => response.end(request.url === '/long' ? 'x'.repeat(300_000) : 'two'));
      }),
    ]);
    route('a.example', 'echo');
    await pause();
    const answer = await get('a.example');
    expect(answer).toMatchObject({
      status: 201,
      body: 'one two',
      headers: { 'x-a': '1', 'set-cookie': ['a=1', 'b=2'] },
    });
    expect((await get('a.example', '/long')).body).toHaveLength(300_004);
    expect(await get('a.example', '/', { method: 'HEAD' })).toMatchObject({ status: 201, body: '' });
  });

  it('are 404 without a rule, 503 without endpoints, 502 when none can be reached', async () => {
    expose('nobody', []);
    expose('refused', [1]);
    route('nobody.example', 'nobody');
    route('refused.example', 'refused');
    await pause();
    expect((await get('unknown.example')).status).toBe(404);
    expect((await get('nobody.example')).status).toBe(503);
    expect((await get('refused.example')).status).toBe(502);
  });

  it('are spread over endpoints, and go to another when one refuses', async () => {
    const names = await Promise.all(['one', 'two'].map((name) => backend((_, response) => response.end(name))));
    expose('web', [...names, 1]);
    route('a.example', 'web');
    await pause();
    const seen = new Set<string>();
    for (let at = 0; at < 12; at += 1) {
      const answer = await get('a.example');
      expect(answer.status).toBe(200);
      seen.add(answer.body);
    }
    expect(seen).toEqual(new Set(['one', 'two']));
  });

  it('stop going to an endpoint that leaves, while those under way end', async () => {
    let release = (): void => {};
    const slow = await backend((_, response) => {
      release = () => response.end('slow');
    });
    expose('web', [slow]);
    route('a.example', 'web');
    await pause();
    const first = get('a.example');
    await pause();
    await client.delete(EndpointSlice, { namespace: 'default', name: `web-${slow}` });
    await pause();
    expect((await get('a.example')).status).toBe(503);
    release();
    expect((await first).body).toBe('slow');
  });
});

describe('bodies', () => {
  it('are passed on as they come, both ways', async () => {
    expose('echo', [await backend((request, response) => void request.pipe(response))]);
    route('a.example', 'echo');
    await pause();
    const chunks: string[] = [];
    await new Promise<void>((resolve) => {
      const call = httpRequest(
        { host: '127.0.0.1', port: ports.http, method: 'POST', headers: { host: 'a.example' } },
        (response) => {
          response.on('data', (chunk: Buffer) => {
            chunks.push(chunk.toString());
            if (chunks.length === 1) call.end('second');
          });
          response.on('end', resolve);
        },
      );
      call.write('first');
    });
    expect(chunks).toEqual(['first', 'second']);
  });

  it('may be large, and reach the backend whole', async () => {
    let size = 0;
    const count = await backend((request, response) => {
      request.on('data', (chunk: Buffer) => (size += chunk.length));
      request.on('end', () => response.end(String(size)));
    });
    expose('count', [count]);
    route('a.example', 'count');
    await pause();
    const body = Buffer.alloc(20_000_000);
    expect((await get('a.example', '/', { method: 'POST', body })).body).toBe('20000000');
  });

  it('over the limit of the annotation are refused', async () => {
    expose('count', [await backend((request, response) => void request.resume().on('end', () => response.end('ok')))]);
    route('a.example', 'count', { 'nginx.ingress.kubernetes.io/proxy-body-size': '1k' });
    await pause();
    expect((await get('a.example', '/', { method: 'POST', body: Buffer.alloc(500) })).status).toBe(200);
    expect((await get('a.example', '/', { method: 'POST', body: Buffer.alloc(5000) })).status).toBe(413);
  });
});

describe('annotations', () => {
  it('rewrite, redirect, restrict and stick', async () => {
    const [one, two] = await Promise.all(
      ['one', 'two'].map((name) => backend((request, response) => response.end(`${name} ${request.url}`))),
    );
    expose('web', [one ?? 0, two ?? 0]);
    const nginx = 'nginx.ingress.kubernetes.io';
    route('rewrite.example', 'web', { [`${nginx}/rewrite-target`]: '/new' });
    route('redirect.example', 'web', { [`${nginx}/permanent-redirect`]: 'https://elsewhere.example/' });
    route('secure.example', 'web', { [`${nginx}/force-ssl-redirect`]: 'true' });
    route('closed.example', 'web', { [`${nginx}/whitelist-source-range`]: '10.0.0.0/8' });
    route('sticky.example', 'web', { [`${nginx}/affinity`]: 'cookie', [`${nginx}/session-cookie-name`]: 'SID' });
    await pause();
    expect((await get('rewrite.example', '/old?q')).body).toMatch(/ \/new\?q$/);
    expect(await get('redirect.example')).toMatchObject({
      status: 301,
      headers: { location: 'https://elsewhere.example/' },
    });
    expect(await get('secure.example', '/x')).toMatchObject({
      status: 308,
      headers: { location: 'https://secure.example/x' },
    });
    expect((await get('closed.example')).status).toBe(403);
    const first = await get('sticky.example');
    const cookie = first.headers['set-cookie']?.[0]?.split(';')[0] ?? '';
    for (let at = 0; at < 6; at += 1)
      expect((await get('sticky.example', '/', { headers: { cookie } })).body).toBe(first.body);
  });
});

describe('nonsense in annotations', () => {
  it('is told in events and does no harm', async () => {
    expose('web', [await backend((request, response) => response.end(String(request.headers['evil'])))]);
    route('a.example', 'web', {
      'nginx.ingress.kubernetes.io/upstream-vhost': 'a\r\nEvil: yes',
      'nginx.ingress.kubernetes.io/whitelist-source-range': '10.0.0.0/99',
      'nginx.ingress.kubernetes.io/use-regex': 'perhaps',
    });
    await pause(150);
    expect(await get('a.example')).toMatchObject({ status: 200, body: 'undefined' });
    const { items } = await client.list(Event);
    expect(items.map(({ message }) => message).toSorted((a = '', b = '') => a.localeCompare(b))).toEqual([
      'annotation upstream-vhost contains control characters',
      'annotation use-regex: "perhaps" is not valid',
      'annotation whitelist-source-range: "10.0.0.0/99" is not valid',
    ]);
  });
});

describe('TLS', () => {
  async function certificate(name: string): Promise<Record<string, string>> {
    const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
    const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
    const made = await X509CertificateGenerator.createSelfSigned({
      name: `CN=${name}`,
      keys,
      signingAlgorithm: algorithm,
    });
    const key = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey)).toString('base64');
    const pem = `-----BEGIN PRIVATE KEY-----\n${key}\n-----END PRIVATE KEY-----\n`;
    return {
      'tls.crt': Buffer.from(made.toString('pem')).toString('base64'),
      'tls.key': Buffer.from(pem).toString('base64'),
    };
  }

  const subjectOf = (servername: string): Promise<string> =>
    new Promise((resolve, reject) => {
      const options = {
        host: '127.0.0.1',
        port: ports.https,
        servername,
        rejectUnauthorized: false,
        headers: { host: servername },
        agent: false,
      } as const;
      httpsRequest(options, (response) => {
        const subject = (
          response.socket as unknown as { getPeerCertificate(): { subject: { CN: string } } }
        ).getPeerCertificate().subject.CN;
        response.resume().on('end', () => resolve(subject));
      })
        .on('error', reject)
        .end();
    });

  it('chooses the certificate by name and takes a new one without a restart', async () => {
    expose('web', [await backend((_, response) => response.end('ok'))]);
    for (const name of ['one', 'two']) {
      client.seed(Secret, {
        metadata: { name, namespace: 'default' },
        type: 'kubernetes.io/tls',
        data: await certificate(name),
      });
      route(`${name}.example`, 'web', {}, { tls: [{ hosts: [`${name}.example`], secretName: name }] });
    }
    await pause();
    expect(await subjectOf('one.example')).toBe('one');
    expect(await subjectOf('two.example')).toBe('two');
    const secret = await client.get(Secret, { namespace: 'default', name: 'two' });
    await client.update(Secret, { ...secret, data: await certificate('renewed') });
    await pause();
    expect(await subjectOf('two.example')).toBe('renewed');
  });

  it('speaks HTTP/2, and to the backend too when it is gRPC', async () => {
    const server = createHttp2Server();
    server.on('stream', (stream: ServerHttp2Stream, headers) => {
      stream.respond(
        { ':status': 200, 'content-type': 'application/grpc', path: headers[':path'] },
        { waitForTrailers: true },
      );
      stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
      stream.pipe(stream);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    expose('grpc', [(server.address() as AddressInfo).port]);
    expose('web', [await backend((request, response) => response.end(request.httpVersion))]);
    client.seed(Secret, { metadata: { name: 'one', namespace: 'default' }, data: await certificate('one') });
    const tls = [{ hosts: ['one.example', 'grpc.example'], secretName: 'one' }];
    route('one.example', 'web', {}, { tls });
    route('grpc.example', 'grpc', { 'nginx.ingress.kubernetes.io/backend-protocol': 'GRPC' }, { tls });
    await pause();
    const call = async (host: string, path: string, body: string): Promise<Record<string, unknown>> => {
      const session = connectHttp2(`https://${host}:${ports.https}`, {
        rejectUnauthorized: false,
        servername: host,
        lookup: undefined,
        createConnection: undefined,
        host: '127.0.0.1',
      } as object);
      const stream = session.request({ ':path': path, ':method': body === '' ? 'GET' : 'POST', ':authority': host });
      let headers = {};
      let trailers = {};
      let text = '';
      stream.on('response', (received) => (headers = received));
      stream.on('trailers', (received) => (trailers = received));
      stream.on('data', (chunk: Buffer) => (text += chunk.toString()));
      if (body !== '') stream.end(body);
      await new Promise((resolve, reject) => stream.on('close', resolve).on('error', reject));
      session.close();
      return { headers, trailers, text };
    };
    expect(await call('one.example', '/x', '')).toMatchObject({ headers: { ':status': 200 }, text: '1.1' });
    expect(await call('grpc.example', '/pkg.Service/Method', 'message')).toMatchObject({
      headers: { ':status': 200, 'content-type': 'application/grpc', path: '/pkg.Service/Method' },
      trailers: { 'grpc-status': '0' },
      text: 'message',
    });
    server.close();
  });

  it('tells in an event when a certificate is broken, and the rest works on', async () => {
    client.seed(Secret, {
      metadata: { name: 'broken', namespace: 'default' },
      data: { 'tls.crt': 'eA==', 'tls.key': 'eA==' },
    });
    expose('web', [await backend((_, response) => response.end('ok'))]);
    route('broken.example', 'web', {}, { tls: [{ hosts: ['broken.example'], secretName: 'broken' }] });
    await pause(150);
    expect((await get('broken.example')).body).toBe('ok');
    const { items } = await client.list(Event);
    expect(items).toMatchObject([
      { reason: 'BrokenCertificate', type: 'Warning', involvedObject: { kind: 'Ingress', name: 'brokenxexample' } },
    ]);
  });
});

describe('long connections', () => {
  it('upgrades to WebSockets', async () => {
    const port = await backend((_, response) => response.end());
    const sockets = new WebSocketServer({ server: servers.at(-1)! });
    sockets.on('connection', (socket) =>
      socket.on('message', (message) => socket.send(`echo ${(message as Buffer).toString()}`)),
    );
    expose('ws', [port]);
    route('ws.example', 'ws');
    await pause();
    const socket = new WebSocket(`ws://127.0.0.1:${ports.http}/chat`, { headers: { host: 'ws.example' } });
    const answer = await new Promise((resolve, reject) => {
      socket.on('open', () => socket.send('hello'));
      socket.on('message', (message) => resolve((message as Buffer).toString()));
      socket.on('error', reject);
    });
    expect(answer).toBe('echo hello');
    socket.close();
  });

  it('give back an answer that is no upgrade, and do not let a second request past the rules', async () => {
    const asked: string[] = [];
    expose('web', [
      await backend((request, response) => {
        asked.push(request.url ?? '');
        response.writeHead(403, { 'content-length': '2' }).end('no');
      }),
    ]);
    route('a.example', 'web');
    await pause();
    const answer = await new Promise<string>((resolve) => {
      const upgrade = 'GET /one HTTP/1.1\r\nHost: a.example\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n';
      const socket = connectTcp(ports.http, '127.0.0.1', () =>
        socket.write(`${upgrade}GET /two HTTP/1.1\r\nHost: elsewhere\r\n\r\n`),
      );
      let text = '';
      socket.on('data', (chunk: Buffer) => (text += chunk.toString()));
      socket.on('close', () => resolve(text));
    });
    expect(answer).toMatch(/^HTTP\/1\.1 403 Forbidden\r\n[^]*Connection: close\r\n\r\nno$/);
    expect(asked).toEqual(['/one']);
  });

  it('stay HTTP/1.1 when a client offers h2c', async () => {
    expose('web', [await backend((request, response) => response.end(`plain ${request.headers.upgrade}`))]);
    route('a.example', 'web');
    await pause();
    const headers = { Connection: 'Upgrade, HTTP2-Settings', Upgrade: 'h2c', 'HTTP2-Settings': 'AAMAAABk' };
    expect(await get('a.example', '/', { headers })).toMatchObject({ status: 200, body: 'plain undefined' });
  });

  it('survive a backend that breaks in the middle: the client sees that the answer is not whole', async () => {
    const port = await backend((_, response) => {
      response.writeHead(200, { 'content-length': '100' });
      response.write('part');
      systemClock.after(20, () => response.destroy());
    });
    expose('web', [port]);
    route('a.example', 'web');
    await pause();
    await expect(get('a.example')).rejects.toThrow('aborted');
  });

  it('are not confused by two lengths or a length beside chunks', async () => {
    expose('web', [await backend((_, response) => response.end('ok'))]);
    route('a.example', 'web');
    await pause();
    const answer = await new Promise<string>((resolve) => {
      const socket = connectTcp(ports.http, '127.0.0.1', () =>
        socket.write(
          'POST / HTTP/1.1\r\nHost: a.example\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
        ),
      );
      let text = '';
      socket.on('data', (chunk: Buffer) => (text += chunk.toString()));
      socket.on('close', () => resolve(text));
      socket.on('error', () => resolve(text));
    });
    expect(answer).not.toContain('200 OK');
  });
});

describe('what others see', () => {
  it('is the address in the status and a line per request', async () => {
    expose('web', [await backend((_, response) => response.end('hello'))]);
    route('a.example', 'web');
    await pause();
    await get('a.example', '/path', { headers: { 'user-agent': 'test' } });
    await pause(150);
    const ingress = await client.get(Ingress, { namespace: 'default', name: 'axexample' });
    expect(ingress.status?.loadBalancer?.ingress).toEqual([{ ip: '192.0.2.5' }]);
    expect(access).toMatch(
      /^127\.0\.0\.1 - - \[.+\] "GET \/path HTTP\/1\.1" 200 5 "test" 0\.\d+ \[default-web-80\] 127\.0\.0\.1:\d+ \w+$/m,
    );
  });
});

describe('a rolling update under constant load', () => {
  /** A pod as users write them: it goes on serving for a while after it was told to end, then closes. */
  async function pod(name: string): Promise<{ readonly port: number; readonly end: () => Promise<void> }> {
    const port = await backend((request, response) => {
      request.resume();
      systemClock.after(2, () => response.end(name));
    });
    const server = servers.at(-1)!;
    const end = async (): Promise<void> => {
      await systemClock.sleep(60);
      await new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeIdleConnections();
      });
    };
    return { port, end };
  }

  it('loses not one request', async () => {
    let old = [await pod('v0'), await pod('v0')];
    expose(
      'web',
      old.map(({ port }) => port),
    );
    route('a.example', 'web');
    await pause();
    const agent = new Agent({ keepAlive: true, maxSockets: 8 });
    const seen = new Map<string, number>();
    const over = new AbortController();
    const worker = async (): Promise<void> => {
      while (!over.signal.aborted) {
        const answer = await get('a.example', '/', { agent }).catch((error: unknown) => ({
          status: 0,
          body: String(error),
        }));
        const key = answer.status === 200 ? answer.body : `${answer.status} ${answer.body}`;
        seen.set(key, (seen.get(key) ?? 0) + 1);
      }
    };
    const load = Promise.all(Array.from({ length: 8 }, worker));
    for (const version of ['v1', 'v2', 'v3']) {
      const young: typeof old = [];
      for (const leaving of old) {
        const coming = await pod(version);
        young.push(coming);
        client.seed(EndpointSlice, sliceOf('web', coming.port));
        const ref = { namespace: 'default', name: `web-${leaving.port}` };
        const slice = await client.get(EndpointSlice, ref);
        const conditions = { ready: false, serving: true, terminating: true };
        await client.update(EndpointSlice, { ...slice, endpoints: [{ addresses: ['127.0.0.1'], conditions }] });
        await leaving.end();
        await client.delete(EndpointSlice, ref);
      }
      old = young;
    }
    over.abort();
    await load;
    agent.destroy();
    expect([...seen.keys()].toSorted((a, b) => a.localeCompare(b))).toEqual(['v0', 'v1', 'v2', 'v3']);
  });
});
