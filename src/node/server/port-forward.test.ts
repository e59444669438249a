import { createServer, connect, type AddressInfo, type Server, type Socket } from 'node:net';
import { duplexPair } from 'node:stream';
import { afterEach, expect, test } from 'vitest';
import { silentLogger } from '../../base/log.ts';
import { SpdyConnection, type SpdyStream } from '../../spdy/connection.ts';
import { forwardOverSpdy } from './port-forward.ts';

let pod: Server | undefined;
let client: SpdyConnection | undefined;

afterEach(() => {
  client?.close();
  pod?.close();
});

/** One forwarded connection to a pod that behaves so. */
async function forwarded(behaviour: (socket: Socket) => void): Promise<{ data: SpdyStream; error: SpdyStream }> {
  const server = createServer(behaviour);
  pod = server;
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const [near, far] = duplexPair();
  // As the runtime connects.
  const target = {
    name: 'pod',
    connect: () => Promise.resolve(connect({ port, host: '127.0.0.1', allowHalfOpen: true })),
  };
  void forwardOverSpdy(far, target, silentLogger);
  const connection = new SpdyConnection(near, { role: 'client', onStream: () => {} });
  client = connection;
  void connection.run();
  const headers = { port: '80', requestID: '0' };
  const error = await connection.createStream({ streamType: 'error', ...headers });
  return { error, data: await connection.createStream({ streamType: 'data', ...headers }) };
}

/** All of it, and without closing the other direction, as reading by iteration would. */
function heard(stream: SpdyStream): Promise<string> {
  return new Promise((resolve, reject) => {
    let said = '';
    stream.on('data', (part: Buffer) => (said += part.toString()));
    stream.once('end', () => resolve(said)).once('error', reject);
  });
}

test('a client that waits for the end hears of it when the pod closes first', async () => {
  const { data, error } = await forwarded((socket) => void socket.once('data', (said) => socket.end(`heard ${said}`)));
  data.write('abc');
  expect(await heard(data)).toBe('heard abc');
  expect(await heard(error)).toBe('');
});

test('a client that has said all still gets the answer', async () => {
  const { data, error } = await forwarded((socket) => void socket.on('end', () => socket.end('late')).resume());
  data.end('abc');
  expect(await heard(data)).toBe('late');
  expect(await heard(error)).toBe('');
});

test('a long answer arrives whole though the pod closes at once', async () => {
  const size = 4 * 1024 * 1024;
  const { data } = await forwarded((socket) => void socket.end('x'.repeat(size)));
  data.write('abc');
  expect((await heard(data)).length).toBe(size);
});

test('a client that breaks off takes the connection to the pod with it', async () => {
  const closed = Promise.withResolvers<void>();
  const { data } = await forwarded((socket) => {
    socket.on('error', () => {}).on('close', () => closed.resolve());
    socket.write('hello');
  });
  await new Promise((resolve) => data.once('data', resolve));
  data.destroy();
  await closed.promise;
});
