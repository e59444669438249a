/** WebSockets and other upgrades: after the backend has agreed, bytes go both ways untouched. */
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Clock } from '../base/clock.ts';
import type { Backend } from './backends.ts';
import type { Pool } from './http1-client.ts';
import { HeadParser, type ResponseHead } from './http1-head.ts';
import { headText, type Forwarding } from './request-head.ts';
import type { RouteSettings } from './annotations.ts';

export interface Upgrade {
  readonly request: IncomingMessage;
  readonly client: Duplex;
  /** What the client sent behind its head. */
  readonly first: Buffer;
  readonly forwarding: Forwarding;
  readonly settings: RouteSettings;
  readonly backend: Backend;
  readonly clock: Clock;
  /** Called when both sides are done. */
  readonly done: (status: number, bytes: number) => void;
}

export async function forwardUpgrade(upgrade: Upgrade): Promise<void> {
  const { client, backend, settings } = upgrade;
  const tried = new Set<Pool>();
  client.on('error', () => client.destroy());
  while (tried.size < settings.tries) {
    const pool = backend.pick(tried);
    if (pool === undefined) break;
    try {
      const connection = await pool.acquire(settings.connectTimeout);
      join(upgrade, pool, connection.takeSocket());
      return;
    } catch {
      // The next endpoint is tried; when none is left the client hears it.
      backend.failed(pool);
      tried.add(pool);
    }
  }
  const status = tried.size === 0 ? 503 : 502;
  client.end(
    `HTTP/1.1 ${status} ${status === 503 ? 'Service Temporarily Unavailable' : 'Bad Gateway'}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`,
  );
  upgrade.done(status, 0);
}

/**
 * Only after a 101 are bytes passed on both ways. Any other answer is given back as it is, and the connection ends
 * with it: what the client sends next must not reach the backend past the rules.
 */
function join({ request, client, first, forwarding, done }: Upgrade, pool: Pool, backend: Duplex): void {
  const parser = new HeadParser();
  let bytes = 0;
  let status = 0;
  pool.active += 1;
  const close = (): void => {
    client.destroy();
    backend.destroy();
  };
  const onHead = (chunk: Buffer): void => {
    const parsed = parseSafely(parser, chunk);
    if (parsed === 'broken') return close();
    if (parsed === undefined) return;
    backend.removeListener('data', onHead);
    const { head, rest } = parsed;
    status = head.status;
    backend.on('data', (more: Buffer) => {
      bytes += more.length;
    });
    client.write(headOf(head, request.headers.upgrade ?? ''), 'latin1');
    if (status === 101) {
      if (rest.length > 0) client.write(rest);
      if (first.length > 0) backend.write(first);
      backend.pipe(client);
      client.pipe(backend);
    } else {
      passAnswer(head, rest, client, backend);
    }
  };
  backend.on('data', onHead);
  backend.write(headText(request, forwarding), 'latin1');
  client.on('close', close);
  backend.on('error', close);
  backend.on('close', () => {
    close();
    pool.active -= 1;
    done(status, bytes);
  });
}

function parseSafely(parser: HeadParser, chunk: Buffer): ReturnType<HeadParser['feed']> | 'broken' {
  try {
    return parser.feed(chunk);
  } catch {
    // Not HTTP: there is nothing to give back.
    return 'broken';
  }
}

/** The backend's answer with what concerns the connection written anew. */
function headOf({ status, reason, headers, length, chunked }: ResponseHead, protocol: string): string {
  let text = `HTTP/1.1 ${status} ${reason}\r\n`;
  for (let at = 0; at < headers.length; at += 2) text += `${headers[at]}: ${headers[at + 1]}\r\n`;
  if (status === 101) return `${text}Upgrade: ${protocol}\r\nConnection: Upgrade\r\n\r\n`;
  if (length !== undefined) text += `Content-Length: ${length}\r\n`;
  if (chunked) text += 'Transfer-Encoding: chunked\r\n';
  return `${text}Connection: close\r\n\r\n`;
}

/** The body of an answer that is no upgrade; both sides are closed behind it. */
function passAnswer({ length }: ResponseHead, rest: Buffer, client: Duplex, backend: Duplex): void {
  let left = length ?? Number.POSITIVE_INFINITY;
  const pass = (chunk: Buffer): void => {
    const part = chunk.length <= left ? chunk : chunk.subarray(0, left);
    left -= part.length;
    if (part.length > 0 && !client.write(part)) {
      backend.pause();
      client.once('drain', () => backend.resume());
    }
    if (left > 0) return;
    client.end();
    backend.destroy();
  };
  backend.on('data', pass);
  pass(rest);
}
