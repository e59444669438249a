import type { TLSSocket } from 'node:tls';
import { afterEach, describe, expect, test } from 'vitest';
import { systemClock } from '../base/clock.ts';
import { ConfigMap } from '../api/core/config-map.ts';
import { Pod } from '../api/core/pod.ts';
import { ApiError, isExpired, isNotFound } from './client.ts';
import {
  anonymous,
  certificateCredentials,
  tokenCredentials,
  type ClusterAccess,
  type Credentials,
} from './credentials.ts';
import { createHttpsClient, type HttpsClient } from './https-client.ts';
import { startTlsServer, type TlsServer } from './testing/tls-server.ts';
import { ConnectionError } from './transport.ts';

interface Seen {
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
  readonly version: string;
  readonly subject: string | undefined;
}
interface Answer {
  readonly status?: number;
  readonly headers?: Record<string, string>;
  readonly body?: unknown;
  /** Written one after the other; the response then stays open. */
  readonly lines?: readonly unknown[];
  readonly end?: boolean;
}

const cleanups: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
});

async function started(answer: (seen: Seen) => Answer, options: { http1?: boolean } = {}) {
  const seen: Seen[] = [];
  const server = await startTlsServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const { method, url, headers, httpVersion: version } = request;
      const { subject } = (request.socket as TLSSocket).getPeerCertificate?.() ?? {};
      const one = { method, url, headers, version, body: Buffer.concat(chunks).toString(), subject: subject?.CN };
      seen.push(one as Seen);
      const { status = 200, headers: sent = {}, body, lines, end } = answer(one as Seen);
      response.writeHead(status, { 'content-type': 'application/json', ...sent });
      for (const line of lines ?? []) response.write(`${JSON.stringify(line)}\n`);
      if (lines === undefined || end === true) response.end(body === undefined ? '' : JSON.stringify(body));
    });
  }, options);
  cleanups.push(() => server.close());
  return { server, seen };
}

function connected(server: TlsServer, more: Partial<ClusterAccess> = {}): HttpsClient {
  const access = { server: server.url, certificateAuthority: server.authority, credentials: anonymous, ...more };
  const client = createHttpsClient({ access, clock: systemClock, userAgent: 'test/1' });
  cleanups.push(() => client.close());
  return client;
}

const pod = (name: string, resourceVersion = '1') => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: {
    name,
    namespace: 'default',
    uid: `uid-${name}`,
    resourceVersion,
    creationTimestamp: '2026-01-01T00:00:00Z',
  },
  spec: { containers: [] },
});
const status = (code: number, reason: string, message: string) => ({
  status: code,
  body: { kind: 'Status', apiVersion: 'v1', status: 'Failure', code, reason, message },
});

describe.each([
  ['HTTP/2', false, '2.0'],
  ['HTTP/1.1', true, '1.1'],
])('over %s', (_name, http1, version) => {
  test('verbs become the requests that Kubernetes documents', async () => {
    const { server, seen } = await started(() => ({ body: pod('web') }), { http1 });
    const client = connected(server);
    const ref = { namespace: 'default', name: 'web' };
    const got = await client.get(Pod, ref);
    expect(Object.isFrozen(got.metadata)).toBe(true);
    await client.create(
      ConfigMap,
      { metadata: { name: 'c', namespace: 'default' }, data: { a: 'b' } },
      { dryRun: true },
    );
    await client.update(Pod, got, { subresource: 'status', fieldManager: 'me' });
    await client.patch(Pod, ref, { a: 1 }, { type: 'apply', fieldManager: 'me', force: true });
    await client.delete(Pod, ref, { gracePeriodSeconds: 0, preconditions: { uid: 'u' }, dryRun: true });
    await client.post(Pod, ref, 'binding', { target: { kind: 'Node', name: 'one' } });
    expect(seen.map(({ method, url, body }) => [method, url, body === '' ? undefined : JSON.parse(body)])).toEqual([
      ['GET', '/api/v1/namespaces/default/pods/web', undefined],
      [
        'POST',
        '/api/v1/namespaces/default/configmaps?dryRun=All',
        { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'c', namespace: 'default' }, data: { a: 'b' } },
      ],
      ['PUT', '/api/v1/namespaces/default/pods/web/status?fieldManager=me', pod('web')],
      ['PATCH', '/api/v1/namespaces/default/pods/web?fieldManager=me&force=true', { a: 1 }],
      [
        'DELETE',
        '/api/v1/namespaces/default/pods/web',
        {
          kind: 'DeleteOptions',
          apiVersion: 'v1',
          gracePeriodSeconds: 0,
          preconditions: { uid: 'u' },
          dryRun: ['All'],
        },
      ],
      ['POST', '/api/v1/namespaces/default/pods/web/binding', { target: { kind: 'Node', name: 'one' } }],
    ]);
    expect(seen.map((each) => each.version)).toEqual(seen.map(() => version));
    expect(seen[3]?.headers['content-type']).toBe('application/apply-patch+yaml');
    expect(seen[0]?.headers).toMatchObject({ accept: 'application/json', 'user-agent': 'test/1' });
  });

  test('a list asks for pages and selections, and hands on where to continue', async () => {
    const body = { items: [pod('a')], metadata: { resourceVersion: '7', continue: 'next' } };
    const { server, seen } = await started(() => ({ body }), { http1 });
    const list = await connected(server).list(Pod, { labelSelector: 'app in (a,b)', limit: 1, continue: 'x' });
    expect(list).toMatchObject({ resourceVersion: '7', continue: 'next', items: [{ metadata: { name: 'a' } }] });
    expect(seen[0]?.url).toBe('/api/v1/pods?labelSelector=app+in+%28a%2Cb%29&limit=1&continue=x');
  });

  test('a refusal is an ApiError with the whole Status', async () => {
    const { server } = await started(() => status(404, 'NotFound', 'pods "web" not found'), { http1 });
    const error = await connected(server)
      .get(Pod, { name: 'web' })
      .catch((each: unknown) => each);
    expect(error).toMatchObject({
      code: 404,
      reason: 'NotFound',
      message: 'pods "web" not found',
      status: { kind: 'Status' },
    });
    expect(isNotFound(error)).toBe(true);
  });

  test('a watch yields events and bookmarks as they come, and ends with the signal', async () => {
    const { server, seen } = await started(
      () => ({
        lines: [
          { type: 'ADDED', object: pod('a', '8') },
          { type: 'BOOKMARK', object: { kind: 'Pod', metadata: { resourceVersion: '9' } } },
        ],
      }),
      { http1 },
    );
    const abort = new AbortController();
    const events: unknown[] = [];
    const reading = (async () => {
      for await (const event of connected(server).watch(Pod, {
        namespace: 'default',
        resourceVersion: '7',
        signal: abort.signal,
      })) {
        events.push(event);
        if (events.length === 2) abort.abort();
      }
    })();
    await expect(reading).rejects.toMatchObject({ name: 'AbortError' });
    expect(events).toEqual([
      { type: 'ADDED', object: pod('a', '8') },
      { type: 'BOOKMARK', resourceVersion: '9' },
    ]);
    expect(seen[0]?.url).toMatch(
      /^\/api\/v1\/namespaces\/default\/pods\?watch=true&allowWatchBookmarks=true&resourceVersion=7&timeoutSeconds=\d+$/,
    );
  });

  test('a watch that is too old throws 410, as an answer and as an event', async () => {
    const signal = new AbortController().signal;
    const gone = status(410, 'Expired', 'too old resource version: 1 (9)');
    const { server } = await started(
      ({ url }) =>
        url.includes('resourceVersion=1&') ? gone : { lines: [{ type: 'ERROR', object: gone.body }], end: true },
      { http1 },
    );
    const client = connected(server);
    for (const resourceVersion of ['1', '2']) {
      const watch = client.watch(Pod, { resourceVersion, signal })[Symbol.asyncIterator]();
      await expect(watch.next()).rejects.toSatisfy(isExpired);
    }
  });

  test('a server that is busy is asked again when it said', async () => {
    let busy = 2;
    const { server, seen } = await started(
      () =>
        busy-- > 0
          ? { ...status(429, 'TooManyRequests', 'later'), headers: { 'retry-after': '0' } }
          : { body: pod('a') },
      { http1 },
    );
    await connected(server).get(Pod, { name: 'a' });
    expect(seen).toHaveLength(3);
  });
});

describe('who we are', () => {
  test('a client certificate is shown, or a token is sent', async () => {
    const { server, seen } = await started(() => ({ body: pod('a') }));
    const { certificate, key } = server.client;
    await connected(server, { credentials: certificateCredentials({ certificate, key }) }).get(Pod, { name: 'a' });
    await connected(server, { credentials: tokenCredentials('secret') }).get(Pod, { name: 'a' });
    expect(seen[0]).toMatchObject({ subject: 'client', version: '2.0' });
    expect(seen[1]?.headers['authorization']).toBe('Bearer secret');
  });

  test('a token that is refused is asked for again, once', async () => {
    let current = 'old';
    let known: string | undefined;
    const credentials: Credentials = {
      ...anonymous,
      token: () => Promise.resolve((known ??= current)),
      refused: () => ((known = undefined), true),
    };
    const { server, seen } = await started(({ headers }) =>
      headers['authorization'] === 'Bearer new' ? { body: pod('a') } : status(401, 'Unauthorized', 'Unauthorized'),
    );
    const client = connected(server, { credentials });
    await expect(client.get(Pod, { name: 'a' })).rejects.toMatchObject({ code: 401 });
    current = 'new';
    await client.get(Pod, { name: 'a' });
    expect(seen).toHaveLength(4);
  });

  test('a server that is not the one we trust gets nothing', async () => {
    const { server, seen } = await started(() => ({ body: pod('a') }));
    const { server: other } = await started(() => ({}));
    const client = connected(server, {
      certificateAuthority: other.authority,
      credentials: tokenCredentials('secret'),
    });
    await expect(client.get(Pod, { name: 'a' })).rejects.toThrow(/cannot reach https:.*its certificate is not trusted/);
    expect(seen).toHaveLength(0);
  });
});

describe('a connection that breaks', () => {
  test('fails what was under way, and the next request opens another', async () => {
    let hang = true;
    const { server } = await started(() => (hang ? { lines: [] } : { body: pod('a') }));
    const client = connected(server);
    const waiting = client.get(Pod, { name: 'a' });
    void systemClock.sleep(50).then(() => server.disconnect());
    await expect(waiting).rejects.toBeInstanceOf(ConnectionError);
    hang = false;
    expect((await client.get(Pod, { name: 'a' })).metadata.name).toBe('a');
  });

  test('says where nothing listens', async () => {
    const { server } = await started(() => ({}));
    await server.close();
    cleanups.length = 0;
    const client = connected(server);
    const error = await client.get(Pod, { name: 'a' }).catch((each: unknown) => each);
    expect(error).toBeInstanceOf(ConnectionError);
    expect((error as Error).message).toBe(`cannot reach ${server.url}: nothing listens there; is the server running?`);
    expect(error).not.toBeInstanceOf(ApiError);
  });
});

test('a connection that lives long gathers no listeners, however often it is looked at', async () => {
  const { server } = await started(() => ({ body: { kind: 'ConfigMap', metadata: { name: 'one' } } }));
  const warnings: Error[] = [];
  const heard = (warning: Error): void => void warnings.push(warning);
  process.on('warning', heard);
  let looks = 0;
  const betweenLooks = 30_000;
  // Looks come every millisecond; the time for an answer stays as it is.
  const clock = {
    ...systemClock,
    after: (delay: number, action: () => void) => {
      if (delay === betweenLooks) looks += 1;
      return systemClock.after(delay === betweenLooks ? 1 : delay, action);
    },
  };
  const access = { server: server.url, certificateAuthority: server.authority, credentials: anonymous };
  const client = createHttpsClient({ access, clock });
  cleanups.push(() => client.close());
  await client.get(ConfigMap, { namespace: 'default', name: 'one' });
  const hasLived = (): boolean => looks >= 30;
  for (let turn = 0; !hasLived() && turn < 500; turn += 1) await systemClock.sleep(5);
  process.off('warning', heard);
  expect(looks).toBeGreaterThanOrEqual(30);
  expect(warnings).toEqual([]);
});
