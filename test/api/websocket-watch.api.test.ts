/** Watches over WebSocket, as browsers and clients in Java open them. */
import { once } from 'node:events';
import type { ClientRequest, IncomingMessage } from 'node:http';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { WebSocket, type ClientOptions } from 'ws';
import { bearerTokens } from '../../src/apiserver/authentication/tokens.ts';
import { certificates, startHarness, type Harness } from './harness.ts';

const configMaps = '/api/v1/namespaces/default/configmaps';
let api: Harness;

beforeAll(async () => {
  const tokens = bearerTokens(
    {
      check: (token) =>
        Promise.resolve(
          token === 'tök.en' ? { user: { username: 'browser', groups: ['system:masters'] }, audiences: [] } : undefined,
        ),
    },
    [],
  );
  api = await startHarness({ authenticators: [tokens] });
});
afterAll(() => api.stop());

interface Watching {
  readonly socket: WebSocket;
  /** The next so many messages. */
  next(count: number): Promise<readonly (string | Buffer)[]>;
}

async function watch(path: string, protocols: readonly string[] = [], options: ClientOptions = {}): Promise<Watching> {
  const { ca, admin } = await certificates();
  const identity = protocols.length > 0 ? {} : { key: admin.key, cert: admin.certificate };
  const url = `wss://localhost:${api.port}${path}`;
  const socket = new WebSocket(url, [...protocols], { ca: ca.certificate, ...identity, ...options });
  const messages: (string | Buffer)[] = [];
  socket.on('message', (data: Buffer, binary) => {
    messages.push(binary ? data : data.toString());
    socket.emit('more');
  });
  await once(socket, 'open');
  return {
    socket,
    async next(count) {
      while (messages.length < count) await once(socket, 'more');
      return messages.splice(0, count);
    },
  };
}

/** The HTTP answer that a refused handshake gets. */
async function refusal(path: string, protocols: readonly string[]): Promise<{ status: number; body: string }> {
  const { ca } = await certificates();
  const socket = new WebSocket(`wss://localhost:${api.port}${path}`, [...protocols], { ca: ca.certificate });
  const [, answer] = (await once(socket, 'unexpected-response')) as [ClientRequest, IncomingMessage];
  let body = '';
  for await (const chunk of answer) body += String(chunk);
  return { status: answer.statusCode ?? 0, body };
}

const make = (name: string) =>
  api.call('POST', configMaps, { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name }, data: { text: 'a\nb' } });

test('each event is a message of text, what exists first', async () => {
  await make('one');
  await make('two');
  const watching = await watch(`${configMaps}?watch=true`);
  const [first, second] = await watching.next(2);
  expect([first, second].map((each) => String(each))).toEqual([
    expect.stringMatching(/^\{"type":"ADDED","object":.*"name":"one"/),
    expect.stringMatching(/^\{"type":"ADDED","object":.*"name":"two"/),
  ]);
  expect(JSON.parse(String(second))).toMatchObject({ type: 'ADDED', object: { data: { text: 'a\nb' } } });
  await Promise.all([make('three'), make('four'), make('five')]);
  const later = (await watching.next(3)).map((each) => JSON.parse(String(each)) as { type: string });
  expect(later.map(({ type }) => type)).toEqual(['ADDED', 'ADDED', 'ADDED']);
  watching.socket.close();
});

test('in protobuf each event is a message of bytes, without a length before it', async () => {
  const accept = 'application/vnd.kubernetes.protobuf;stream=watch';
  const watching = await watch(`${configMaps}?watch=true&fieldSelector=metadata.name=one`, [], {
    headers: { accept },
  });
  const [message] = await watching.next(1);
  expect(Buffer.isBuffer(message)).toBe(true);
  expect(Buffer.from(message as Buffer).toString('latin1')).toContain('ADDED');
  watching.socket.close();
});

test('the watch ends when its time is over, in order', async () => {
  const watching = await watch(`${configMaps}?watch=true&timeoutSeconds=1`);
  const [code] = (await once(watching.socket, 'close')) as [number];
  expect(code).toBe(1000);
});

const tokenProtocol = (token: string): string =>
  `base64url.bearer.authorization.k8s.io.${Buffer.from(token).toString('base64url')}`;

test('a browser brings its token among the subprotocols, and is answered with the one that it means', async () => {
  const watching = await watch(`${configMaps}?watch=true`, [tokenProtocol('tök.en'), 'v4.channel.k8s.io']);
  expect(watching.socket.protocol).toBe('v4.channel.k8s.io');
  expect(await watching.next(1)).toHaveLength(1);
  watching.socket.close();
});

test('without the right to watch, or with a bad token, the handshake gets a Status', async () => {
  const bad = await refusal(`${configMaps}?watch=true`, [tokenProtocol('nobody'), 'x']);
  expect(bad.status).toBe(401);
  expect(JSON.parse(bad.body)).toMatchObject({ kind: 'Status', code: 401, message: 'Unauthorized' });
  const alone = await refusal(`${configMaps}?watch=true`, [tokenProtocol('tök.en')]);
  expect(alone.status).toBe(401);
  const future = await refusal(`${configMaps}?watch=true&resourceVersion=999999`, [tokenProtocol('tök.en'), 'x']);
  expect(JSON.parse(future.body)).toMatchObject({ reason: 'Timeout', message: expect.stringContaining('Too large') });
  const unknown = await refusal('/api/v1/namespaces/default/nothings?watch=true', [tokenProtocol('tök.en'), 'x']);
  expect(unknown.status).toBe(404);
});
