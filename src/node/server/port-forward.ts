/** port-forward: connections to ports of a pod, over SPDY (plain or tunnelled in a WebSocket) or WebSocket channels. */
import { PassThrough, type Duplex } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { WebSocket } from 'ws';
import { messageOf } from '../../base/errors.ts';
import type { Logger } from '../../base/log.ts';
import { SpdyConnection, type SpdyStream } from '../../spdy/connection.ts';

export interface ForwardTarget {
  /** For messages: `<pod> in <namespace>`. */
  readonly name: string;
  connect(port: number): Promise<NodeJS.ReadWriteStream>;
}

export const portForwardProtocol = 'portforward.k8s.io';
export const tunnelProtocol = 'SPDY/3.1+portforward.k8s.io';
export const channelProtocols: readonly string[] = ['v4.channel.k8s.io', 'v4.base64.channel.k8s.io'];

/** Pairs that lack their other half. */
const mostHalves = 1000;

/** Serves one client until it closes the connection. */
export async function forwardOverSpdy(transport: Duplex, target: ForwardTarget, log: Logger): Promise<void> {
  const halves = new Map<string, SpdyStream>();
  const connection = new SpdyConnection(transport, {
    role: 'server',
    onStream: (stream) => {
      stream.on('error', () => {});
      const { streamtype: type = '', requestid, port } = stream.headers;
      // Very old clients send no request id and open one pair after the other.
      const key = requestid ?? `${port}/${Math.floor((stream.id - 1) / 4)}`;
      const other = halves.get(key);
      if (other === undefined || other.headers['streamtype'] === type) {
        if (halves.size >= mostHalves) {
          stream.destroy();
          return;
        }
        halves.set(key, stream);
        stream.once('close', () => void (halves.get(key) === stream && halves.delete(key)));
        return;
      }
      halves.delete(key);
      const [data, error] = type === 'data' ? [stream, other] : [other, stream];
      void forwardPair(data, error, target, log);
    },
  });
  await connection.run();
}

async function forwardPair(data: SpdyStream, error: SpdyStream, target: ForwardTarget, log: Logger): Promise<void> {
  const port = Number(data.headers['port']);
  try {
    await forward(data, port, target);
  } catch (problem) {
    const message = complaint(port, target, problem);
    log.debug('port-forward failed', { error: message });
    if (!error.destroyed) error.write(message);
    data.destroy();
  }
  error.end();
}

const complaint = (port: number, target: ForwardTarget, problem: unknown): string =>
  `error forwarding port ${port} to pod ${target.name}: ${messageOf(problem)}`;

/**
 * Copies both ways until the pod has said all. Clients wait for the end of the error stream before they close theirs,
 * so this does not wait for them. Throws when the port cannot be reached.
 */
async function forward(data: Duplex, port: number, target: ForwardTarget): Promise<void> {
  if (!Number.isInteger(port) || port < 1 || port > 65_535) throw new Error(`"${port}" is not a port`);
  const connection = (await target.connect(port)) as Duplex;
  // Not a pipeline: when the pod closes, that would take away what it sent last and a slow client has not read yet.
  data.pipe(connection);
  connection.once('close', () => data.resume());
  data.once('close', () => {
    if (!data.readableEnded || !data.writableFinished) connection.destroy();
  });
  await pipeline(connection, data).catch(() => {
    // One of them broke off, and the other was told.
  });
}

/** The older way: ports in the request's query, two channels (data, error) for each. */
export function forwardOverChannels(
  socket: WebSocket,
  protocol: string,
  ports: readonly number[],
  target: ForwardTarget,
): Promise<void> {
  const encoded = protocol.includes('base64');
  const send = (channel: number, body: Uint8Array): Promise<void> =>
    new Promise((resolve, reject) => {
      const message = encoded
        ? `${String.fromCharCode(0x30 + channel)}${Buffer.from(body).toString('base64')}`
        : Buffer.concat([Buffer.from([channel]), body]);
      socket.send(message, (error) => (error === null || error === undefined ? resolve() : reject(error)));
    });
  const inputs = ports.map((port, index) => {
    const [input, output] = [new PassThrough(), new PassThrough()];
    void startChannel(port, index, target, input, output, send);
    return input;
  });
  socket.on('message', (data: Buffer) => {
    const text = encoded ? data.toString('latin1') : '';
    const channel = encoded ? text.charCodeAt(0) - 0x30 : (data[0] ?? 0);
    const body = encoded ? Buffer.from(text.slice(1), 'base64') : data.subarray(1);
    const input = channel % 2 === 0 ? inputs[channel / 2] : undefined;
    if (input?.write(body) === false) {
      socket.pause();
      input.once('drain', () => socket.resume());
    }
  });
  socket.on('error', () => socket.terminate());
  return new Promise((resolve) =>
    socket.once('close', () => {
      for (const input of inputs) input.end();
      resolve();
    }),
  );
}

/** Each channel begins with its port as a little-endian number. */
async function startChannel(
  port: number,
  index: number,
  target: ForwardTarget,
  input: PassThrough,
  output: PassThrough,
  send: (channel: number, body: Uint8Array) => Promise<void>,
): Promise<void> {
  const head = Buffer.alloc(2);
  head.writeUInt16LE(port);
  try {
    await send(index * 2, head);
    await send(index * 2 + 1, head);
    const connection = (await target.connect(port)) as Duplex;
    pipeline(input, connection).catch(() => {});
    pipeline(connection, output).catch(() => {});
    for await (const part of output as AsyncIterable<Buffer>) await send(index * 2, part);
  } catch (problem) {
    await send(index * 2 + 1, Buffer.from(complaint(port, target, problem))).catch(() => {
      // The client has gone.
    });
  }
}
