import 'reflect-metadata';
import { request as httpRequest } from 'node:http';
import { describe, expect, it } from 'vitest';
import { Event } from '../api/core/event.ts';
import { EndpointSlice } from '../api/discovery/endpoint-slice.ts';
import { Ingress } from '../api/networking/ingress.ts';
import { access, backend, client, expose, get, ingressForEachTest, pause, ports, route } from './testing/test-bed.ts';

ingressForEachTest();

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
