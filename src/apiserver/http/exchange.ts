/**
 * One request and its answer, the same over HTTP/1.1, HTTP/2 and in process. HTTP/2 uses Node's stream
 * API directly: its compatibility layer costs about half as much again per request.
 */
import type { IncomingHttpHeaders, IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http';
import {
  constants,
  type Http2Session,
  type IncomingHttpHeaders as Http2Headers,
  type ServerHttp2Stream,
} from 'node:http2';
import type { Readable, Writable } from 'node:stream';
import type { TLSSocket } from 'node:tls';

export type Headers = Readonly<Record<string, string | number | readonly string[]>>;

export interface Exchange {
  readonly method: string;
  /** Path and query, as sent. */
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly socket: TLSSocket | undefined;
  readonly body: Readable;
  /** Whether an answer has been begun. */
  readonly started: boolean;
  /** The status of the answer; 0 until it has been begun. */
  readonly status: number;
  /** The whole answer at once. */
  send(status: number, headers: Headers, body: Uint8Array | string): void;
  /** Begins a streamed answer. */
  open(status: number, headers: Headers): Outlet;
  /** Calls `listener` once when the exchange is over: answered, or the client has gone. */
  onClose(listener: () => void): void;
  /** Cuts the exchange off: the client sees a broken stream, not a whole answer. */
  destroy(): void;
}

/** The body of a streamed answer. */
export interface Outlet {
  /**
   * False when the reader is behind: await `drained` before writing more. `written` is called once nobody needs the
   * chunk's memory any longer; not at all when the stream breaks.
   */
  write(chunk: Uint8Array, written?: () => void): boolean;
  /** Resolves when there is room again, or the reader has gone. */
  drained(): Promise<void>;
  end(): void;
  readonly closed: boolean;
  /** Where a transforming stream (a log, gzip) can be piped. */
  readonly writable: Writable;
}

/** Bytes that may wait for a reader. Handing over little at a time would cost a change of process for each piece. */
const readAhead = 1024 * 1024;

export function outletOf(writable: Writable): Outlet {
  return {
    write(chunk, written) {
      if (writable.destroyed || writable.writableEnded) return true;
      writable.write(
        chunk,
        written === undefined
          ? undefined
          : (error) => {
              if (!error) written();
            },
      );
      return writable.writableLength < readAhead;
    },
    drained: () =>
      new Promise((resolve) => {
        if (writable.destroyed || writable.writableLength < readAhead) return resolve();
        const done = (): void => {
          writable.off('drain', done);
          writable.off('close', done);
          resolve();
        };
        writable.once('drain', done);
        writable.once('close', done);
      }),
    end: () => void writable.end(),
    get closed(): boolean {
      return writable.destroyed || writable.writableEnded;
    },
    writable,
  };
}

export function http1Exchange(request: IncomingMessage, response: ServerResponse): Exchange {
  response.on('error', () => response.destroy());
  return {
    method: request.method ?? 'GET',
    url: request.url ?? '/',
    headers: request.headers,
    socket: request.socket as TLSSocket,
    body: request,
    get started(): boolean {
      return response.headersSent;
    },
    get status(): number {
      return response.headersSent ? response.statusCode : 0;
    },
    send(status, headers, body): void {
      if (response.headersSent || response.destroyed) return;
      const length = typeof body === 'string' ? Buffer.byteLength(body) : body.length;
      // Node reads and drops what is left of an unread body: a client that is still sending gets its answer.
      response.writeHead(status, { ...(headers as OutgoingHttpHeaders), 'content-length': length });
      response.end(request.method === 'HEAD' ? undefined : body);
    },
    open(status, headers): Outlet {
      response.writeHead(status, headers as OutgoingHttpHeaders);
      response.flushHeaders();
      return outletOf(response);
    },
    onClose: (listener) => void response.once('close', listener),
    destroy: () => void response.destroy(),
  };
}

export function http2Exchange(stream: ServerHttp2Stream, headers: Http2Headers): Exchange {
  // Resets by the client are ordinary: what they end is told through 'close'.
  stream.on('error', () => {});
  const method = headers[':method'] ?? 'GET';
  return {
    method,
    url: headers[':path'] ?? '/',
    headers,
    socket: tlsSocketOf(stream.session),
    body: stream,
    get started(): boolean {
      return stream.headersSent;
    },
    get status(): number {
      return stream.headersSent ? Number(stream.sentHeaders?.[':status'] ?? 0) : 0;
    },
    send(status, answer, body): void {
      if (stream.destroyed || stream.headersSent) return;
      const length = typeof body === 'string' ? Buffer.byteLength(body) : body.length;
      const empty = length === 0 || method === 'HEAD';
      stream.respond({ ...answer, ':status': status, 'content-length': length }, { endStream: empty });
      if (!empty) stream.end(body);
      // What is left of an unread body has no reader.
      if (!stream.readableEnded) stream.resume();
    },
    open(status, answer): Outlet {
      if (!stream.destroyed) stream.respond({ ...answer, ':status': status });
      return outletOf(stream);
    },
    onClose: (listener) => void stream.once('close', listener),
    destroy: () => stream.close(constants.NGHTTP2_INTERNAL_ERROR),
  };
}

/** The session's `socket` is a proxy that costs time at every access; the identity is kept per real socket. */
const sockets = new WeakMap<Http2Session, TLSSocket>();

/** Remembers the socket under an HTTP/2 session. */
export function rememberSocket(session: Http2Session, socket: TLSSocket): void {
  sockets.set(session, socket);
}

function tlsSocketOf(session: Http2Session | undefined): TLSSocket | undefined {
  if (session === undefined) return undefined;
  return sockets.get(session) ?? (session.socket as TLSSocket | undefined);
}
