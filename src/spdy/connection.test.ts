import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { SpdyConnection, type SpdyStream } from './connection.ts';

const open: Socket[] = [];
afterEach(() => {
  for (const each of open.splice(0)) each.destroy();
});

/** Two ends of a real TCP connection. */
async function sockets(): Promise<[Socket, Socket]> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const accepted = new Promise<Socket>((resolve) => server.once('connection', resolve));
  const client = connect((server.address() as AddressInfo).port, '127.0.0.1');
  const other = await accepted;
  server.close();
  open.push(client, other);
  return [client, other];
}

/** Everything up to the end; a consumer that destroys the stream would reset its other half. */
function text(stream: SpdyStream): Promise<string> {
  return new Promise((resolve) => {
    let all = '';
    stream.on('data', (part: Buffer) => (all += part.toString()));
    stream.on('end', () => resolve(all));
  });
}

interface Pair {
  readonly client: SpdyConnection;
  readonly accepted: AsyncIterator<SpdyStream>;
}

async function connected(): Promise<Pair> {
  const [near, far] = await sockets();
  const queue: SpdyStream[] = [];
  let wake = (): void => {};
  const server = new SpdyConnection(far, {
    role: 'server',
    onStream: (stream) => {
      queue.push(stream);
      wake();
    },
  });
  const client = new SpdyConnection(near, { role: 'client', onStream: () => {} });
  void server.run();
  void client.run();
  async function* streams(): AsyncGenerator<SpdyStream> {
    for (;;) {
      const next = queue.shift();
      if (next !== undefined) yield next;
      else await new Promise<void>((resolve) => (wake = resolve));
    }
  }
  return { client, accepted: streams()[Symbol.asyncIterator]() };
}

test('a stream carries its headers, bytes both ways, and its end', async () => {
  const { client, accepted } = await connected();
  const near = await client.createStream({ streamType: 'data', port: '80', requestID: '0' });
  const far = (await accepted.next()).value as SpdyStream;
  expect(far.headers).toEqual({ streamtype: 'data', port: '80', requestid: '0' });

  near.end('a question');
  expect(await text(far)).toBe('a question');
  far.end('an answer');
  expect(await text(near)).toBe('an answer');
});

test('streams are independent, and header compression carries over from one to the next', async () => {
  const { client, accepted } = await connected();
  for (const index of [1, 2, 3, 4, 5]) {
    const near = await client.createStream({ streamtype: 'data', index: `${index}` });
    const far = (await accepted.next()).value as SpdyStream;
    expect(far.headers['index']).toBe(`${index}`);
    near.end(`number ${index}`);
    expect(await text(far)).toBe(`number ${index}`);
  }
});

test('large writes arrive whole and in order', async () => {
  const { client, accepted } = await connected();
  const near = await client.createStream({ streamtype: 'stdout' });
  const far = (await accepted.next()).value as SpdyStream;
  const sent = Buffer.alloc(10 * 1024 * 1024, 'abcdefghijklmnopqrstuvwxyz');
  near.end(sent);
  const parts: Buffer[] = [];
  for await (const part of far as AsyncIterable<Buffer>) parts.push(part);
  expect(Buffer.concat(parts).equals(sent)).toBe(true);
});

test('a reset ends the other side', async () => {
  const { client, accepted } = await connected();
  const near = await client.createStream({ streamtype: 'data' });
  const far = (await accepted.next()).value as SpdyStream;
  const closed = new Promise<void>((resolve) => far.once('close', resolve));
  near.destroy();
  await closed;
  expect(far.destroyed).toBe(true);
});

test('what was sent before a reset, or before the connection ended, can still be read', async () => {
  const { client, accepted } = await connected();
  const [first, second] = [await client.createStream({ name: 'first' }), await client.createStream({ name: 'second' })];
  const far = [(await accepted.next()).value as SpdyStream, (await accepted.next()).value as SpdyStream];
  first.write('all of it');
  second.write('the rest');
  await new Promise((resolve) => second.write('', resolve));
  first.destroy();
  client.close();
  await new Promise<void>((resolve) => open[1]?.once('close', resolve));
  expect(await Promise.all(far.map(text))).toEqual(['all of it', 'the rest']);
});

test('what is not SPDY is refused', async () => {
  const [near, far] = await sockets();
  const server = new SpdyConnection(far, { role: 'server', onStream: () => {} });
  const ended = server.run();
  near.write('\x80\x02\x00\x01\x00\x00\x00\x00');
  await expect(ended).rejects.toThrow('SPDY/3');
});
