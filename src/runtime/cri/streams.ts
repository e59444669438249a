/**
 * Exec and attach through the streaming server that a CRI runtime names, by SPDY/3.1. All runtimes speak it, and
 * it can end stdin alone; their WebSockets cannot before `v5.channel.k8s.io` (containerd 2).
 */
import { request as httpRequest, type ClientRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { Duplex, Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { SpdyConnection, type SpdyStream } from '../../spdy/connection.ts';
import type { StreamOptions, StreamSession } from '../runtime.ts';

const protocol = 'v4.channel.k8s.io';

interface StreamStatus {
  readonly status?: string;
  readonly message?: string;
  readonly details?: { readonly causes?: readonly { readonly reason?: string; readonly message?: string }[] };
}

interface Outcome {
  readonly exitCode: number;
}

/** What it means when the connection ends without a last word; absent: that it broke. */
export interface StreamEnding {
  readonly silent?: Outcome;
}

/** Rejects when the server does not switch protocols, with what it said instead. */
export async function openStream(
  url: string,
  options: StreamOptions,
  { silent }: StreamEnding = {},
): Promise<StreamSession> {
  const transport = await upgrade(url);
  const connection = new SpdyConnection(transport, { role: 'client', onStream: (stream) => stream.destroy() });
  connection.run().catch(() => {
    // Whoever reads a stream learns that it ended.
  });
  const open = async (wanted: boolean, streamType: string): Promise<SpdyStream | undefined> => {
    if (!wanted) return undefined;
    const stream = await connection.createStream({ streamType });
    // Of a connection that broke, `finished` tells.
    stream.on('error', () => {});
    return stream;
  };
  try {
    const status = (await open(true, 'error')) as SpdyStream;
    const stdin = await open(options.stdin, 'stdin');
    const stdout = await open(options.stdout, 'stdout');
    const stderr = await open(options.stderr && !options.tty, 'stderr');
    const resize = await open(options.tty, 'resize');
    const finished = outcome(status, silent);
    finished.catch(() => {});
    return {
      stdin,
      stdout,
      stderr,
      resize: ({ width, height }) => resize?.write(JSON.stringify({ Width: width, Height: height })),
      finished,
      close: () => connection.close(),
    };
  } catch (error) {
    connection.close();
    throw error;
  }
}

function upgrade(url: string): Promise<Duplex> {
  const headers = { Connection: 'Upgrade', Upgrade: 'SPDY/3.1', 'X-Stream-Protocol-Version': protocol };
  const send = url.startsWith('https:') ? httpsRequest : httpRequest;
  return new Promise((resolve, reject) => {
    // Its own connection: it is no HTTP after this.
    const request: ClientRequest = send(url, { method: 'POST', headers, agent: false });
    request.once('error', reject);
    request.once('upgrade', (_answer: IncomingMessage, socket: Duplex, head: Buffer) => {
      if (head.length > 0) socket.unshift(head);
      resolve(socket);
    });
    request.once('response', (answer: IncomingMessage) => void refused(answer).then(reject, reject));
    request.end();
  });
}

async function refused(answer: IncomingMessage): Promise<Error> {
  const said = (await text(answer)).trim();
  return new Error(`the runtime's streaming server answered ${answer.statusCode}: ${said}`);
}

/** The last word is on the error stream: success, or a Status with the exit code among its causes. */
async function outcome(stream: Readable, silent: Outcome | undefined): Promise<Outcome> {
  const said = await text(stream).catch(() => '');
  if (said === '' && silent !== undefined) return silent;
  if (said === '') throw new Error('the connection to the runtime broke before the command ended');
  const status = JSON.parse(said) as StreamStatus;
  if (status.status === 'Success') return { exitCode: 0 };
  const code = status.details?.causes?.find(({ reason }) => reason === 'ExitCode')?.message;
  if (code === undefined) throw new Error(status.message ?? 'the stream failed');
  return { exitCode: Number(code) };
}
