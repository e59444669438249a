/**
 * Exec, attach and port-forward through the streaming server that a CRI runtime names: WebSocket with one byte
 * in front of each message that says which stream it belongs to (`v5.channel.k8s.io`, or v4 without a way to
 * end stdin).
 */
import { PassThrough, Writable } from 'node:stream';
import type { WebSocket } from 'ws';
import type { StreamOptions, StreamSession } from '../runtime.ts';

const channels = { stdin: 0, stdout: 1, stderr: 2, status: 3, resize: 4, close: 255 } as const;
const protocols = ['v5.channel.k8s.io', 'v4.channel.k8s.io'];

interface StreamStatus {
  readonly status?: string;
  readonly message?: string;
  readonly details?: { readonly causes?: readonly { readonly reason?: string; readonly message?: string }[] };
}

export async function openStream(url: string, options: StreamOptions): Promise<StreamSession> {
  const { WebSocket: Socket } = await import('ws');
  const socket = new Socket(url.replace(/^http/, 'ws'), protocols);
  const stdout = new PassThrough();
  const stderr = new PassThrough();
  const finished = Promise.withResolvers<{ readonly exitCode: number }>();
  finished.promise.catch(() => {});
  socket.on('message', (data: Buffer) => {
    const content = data.subarray(1);
    if (data[0] === channels.stdout) stdout.write(content);
    else if (data[0] === channels.stderr) stderr.write(content);
    else if (data[0] === channels.status) settle(content, finished);
  });
  socket.on('close', () => {
    stdout.end();
    stderr.end();
    finished.resolve({ exitCode: 0 });
  });
  await new Promise<void>((resolve, reject) => {
    socket.once('open', resolve);
    socket.once('error', reject);
  });
  socket.on('error', (error) => finished.reject(error));
  return {
    stdin: options.stdin ? stdinOf(socket) : undefined,
    stdout: options.stdout ? stdout : void stdout.resume(),
    stderr: options.stderr && !options.tty ? stderr : void stderr.resume(),
    resize: ({ width, height }) =>
      send(socket, channels.resize, Buffer.from(JSON.stringify({ Width: width, Height: height }))),
    finished: finished.promise,
    close: () => socket.close(),
  };
}

/** The last message says how it ended: success, or a Status with the exit code among its causes. */
function settle(
  content: Buffer,
  finished: { resolve(value: { readonly exitCode: number }): void; reject(error: Error): void },
): void {
  const status = JSON.parse(content.toString() || '{}') as StreamStatus;
  if (status.status === 'Success') return finished.resolve({ exitCode: 0 });
  const code = status.details?.causes?.find(({ reason }) => reason === 'ExitCode')?.message;
  if (code === undefined) finished.reject(new Error(status.message ?? 'the stream failed'));
  else finished.resolve({ exitCode: Number(code) });
}

function stdinOf(socket: WebSocket): Writable {
  return new Writable({
    write(chunk: Buffer, _encoding, done) {
      send(socket, channels.stdin, chunk, done);
    },
    final(done) {
      // Older protocols cannot end one stream alone: the command sees its end when the connection closes.
      if (socket.protocol === protocols[0]) send(socket, channels.close, Buffer.from([channels.stdin]), done);
      else done();
    },
  });
}

function send(
  socket: WebSocket,
  channel: number,
  content: Buffer,
  done: (error?: Error | null) => void = () => {},
): void {
  socket.send(Buffer.concat([Buffer.from([channel]), content]), { binary: true }, (error) => done(error));
}
