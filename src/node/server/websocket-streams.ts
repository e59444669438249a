/**
 * exec and attach over WebSocket: the first byte of each message is its channel.
 *
 *     0 stdin   1 stdout   2 stderr   3 status   4 resize   255 (v5): the channel named next is closed
 *
 * With the base64 protocols the first character is the channel's digit and the rest is base64.
 */
import { PassThrough, Writable } from 'node:stream';
import type { WebSocket } from 'ws';
import type { TerminalSize } from '../../runtime/runtime.ts';
import { settle } from '../../spdy/settle.ts';
import { parseSize, statusText, type CommandStreams, type StreamRequest } from './streams.ts';

/** In order of preference. */
export const commandProtocols: readonly string[] = [
  'v5.channel.k8s.io',
  'v4.channel.k8s.io',
  'v4.base64.channel.k8s.io',
  'channel.k8s.io',
  'base64.channel.k8s.io',
  '',
];

const channel = { stdin: 0, stdout: 1, stderr: 2, error: 3, resize: 4, close: 255 };
const largestPiece = 64 * 1024;

export function webSocketStreams(socket: WebSocket, protocol: string, request: StreamRequest): CommandStreams {
  const encoded = protocol.includes('base64');
  const stdin = request.stdin ? new PassThrough() : undefined;
  let onResize: ((size: TerminalSize) => void) | undefined;
  let latest: TerminalSize | undefined;
  const resize = (text: string): void => {
    latest = parseSize(text);
    if (latest !== undefined) onResize?.(latest);
  };
  stdin?.on('drain', () => socket.resume());
  socket.on('message', (data: Buffer) => {
    const [number, body] = encoded ? decoded(data) : [data[0] ?? -1, data.subarray(1)];
    if (number === channel.stdin && stdin?.writableEnded === false && !stdin.write(body)) socket.pause();
    if (number === channel.resize) resize(body.toString());
    if (number === channel.close && body[0] === channel.stdin) stdin?.end();
  });
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
  void closed.then(() => stdin?.end());
  socket.on('error', () => socket.terminate());
  const send = (number: number, body: Uint8Array): Promise<void> =>
    new Promise((resolve, reject) => {
      const message = encoded ? `${number}${Buffer.from(body).toString('base64')}` : prefixed(number, body);
      socket.send(message, { binary: !encoded }, (error) =>
        error === null || error === undefined ? resolve() : reject(error),
      );
    });
  const stdout = request.stdout ? sink((body) => send(channel.stdout, body)) : undefined;
  const stderr = request.stderr && !request.tty ? sink((body) => send(channel.stderr, body)) : undefined;
  return {
    stdin,
    stdout,
    stderr,
    onResize(action) {
      onResize = action;
      if (latest !== undefined) action(latest);
    },
    async finish(status) {
      // The status must not overtake output that still waits to be sent.
      await Promise.all([stdout, stderr].map(flushed));
      const text = statusText(status, protocol);
      if (socket.readyState === socket.OPEN && text !== '') await send(channel.error, Buffer.from(text));
      socket.close(1000);
    },
    closed,
  };
}

function decoded(data: Buffer): readonly [number, Buffer] {
  const text = data.toString('latin1');
  return [Number(text[0]), Buffer.from(text.slice(1), 'base64')];
}

function prefixed(number: number, body: Uint8Array): Buffer {
  const message = Buffer.allocUnsafe(body.length + 1);
  message[0] = number;
  message.set(body, 1);
  return message;
}

/** Resolves when all that was written has been sent, or cannot be. */
function flushed(output: Writable | undefined): Promise<void> {
  return new Promise((resolve) => {
    if (output === undefined || output.destroyed || output.writableFinished) return resolve();
    output.once('close', resolve);
    output.end();
  });
}

function sink(send: (body: Uint8Array) => Promise<void>): Writable {
  return new Writable({
    write(chunk: Buffer, _encoding, done) {
      const pieces: Promise<void>[] = [];
      for (let at = 0; at < chunk.length; at += largestPiece) pieces.push(send(chunk.subarray(at, at + largestPiece)));
      settle(Promise.all(pieces), done);
    },
  });
}
