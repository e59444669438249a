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
  /** By which the audit log and the client name this request: the answer's header `Audit-Id`. */
  auditId?: string;
  /** Adds to what the audit log says of the request; absent when it says nothing. */
  readonly annotate?: (key: string, value: string) => void;
  /** Told the whole body once it has been read. */
  readonly bodyRead?: (bytes: Uint8Array) => void;
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
  return new Http1Exchange(request, response);
}

class Http1Exchange implements Exchange {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly socket: TLSSocket;
  readonly body: IncomingMessage;
  auditId?: string;
  readonly #response: ServerResponse;

  constructor(request: IncomingMessage, response: ServerResponse) {
    this.method = request.method ?? 'GET';
    this.url = request.url ?? '/';
    this.headers = request.headers;
    this.socket = request.socket as TLSSocket;
    this.body = request;
    this.#response = response;
    response.on('error', destroyIt);
  }

  get started(): boolean {
    return this.#response.headersSent;
  }

  get status(): number {
    return this.#response.headersSent ? this.#response.statusCode : 0;
  }

  send(status: number, headers: Headers, body: Uint8Array | string): void {
    const response = this.#response;
    if (response.headersSent || response.destroyed) return;
    const length = typeof body === 'string' ? Buffer.byteLength(body) : body.length;
    // Node reads and drops what is left of an unread body: a client that is still sending gets its answer.
    response.writeHead(status, {
      ...(headers as OutgoingHttpHeaders),
      ...named(this.auditId),
      'content-length': length,
    });
    response.end(this.method === 'HEAD' ? undefined : body);
  }

  open(status: number, headers: Headers): Outlet {
    this.#response.writeHead(status, { ...(headers as OutgoingHttpHeaders), ...named(this.auditId) });
    this.#response.flushHeaders();
    return outletOf(this.#response);
  }

  onClose(listener: () => void): void {
    this.#response.once('close', listener);
  }

  destroy(): void {
    this.#response.destroy();
  }
}

/** One function for all: it is called on the stream that failed. */
function destroyIt(this: ServerResponse): void {
  this.destroy();
}

export function http2Exchange(stream: ServerHttp2Stream, headers: Http2Headers): Exchange {
  return new Http2Exchange(stream, headers);
}

class Http2Exchange implements Exchange {
  readonly method: string;
  readonly url: string;
  readonly headers: Http2Headers;
  readonly socket: TLSSocket | undefined;
  readonly body: ServerHttp2Stream;
  auditId?: string;

  constructor(stream: ServerHttp2Stream, headers: Http2Headers) {
    this.method = headers[':method'] ?? 'GET';
    this.url = headers[':path'] ?? '/';
    this.headers = headers;
    this.socket = tlsSocketOf(stream.session);
    this.body = stream;
    // Resets by the client are ordinary: what they end is told through 'close'.
    stream.on('error', ignore);
  }

  get started(): boolean {
    return this.body.headersSent;
  }

  get status(): number {
    return this.body.headersSent ? Number(this.body.sentHeaders?.[':status'] ?? 0) : 0;
  }

  send(status: number, headers: Headers, body: Uint8Array | string): void {
    const stream = this.body;
    if (stream.destroyed || stream.headersSent) return;
    const length = typeof body === 'string' ? Buffer.byteLength(body) : body.length;
    const empty = length === 0 || this.method === 'HEAD';
    stream.respond(
      { ...headers, ...named(this.auditId), ':status': status, 'content-length': length },
      { endStream: empty },
    );
    if (!empty) stream.end(body);
    // What is left of an unread body has no reader.
    if (!stream.readableEnded) stream.resume();
  }

  open(status: number, headers: Headers): Outlet {
    if (!this.body.destroyed) this.body.respond({ ...headers, ...named(this.auditId), ':status': status });
    return outletOf(this.body);
  }

  onClose(listener: () => void): void {
    this.body.once('close', listener);
  }

  destroy(): void {
    this.body.close(constants.NGHTTP2_INTERNAL_ERROR);
  }
}

/** The header by which an answer names its request. */
export const named = (auditId: string | undefined): { 'audit-id'?: string } =>
  auditId === undefined ? {} : { 'audit-id': auditId };

const ignore = (): void => {};

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
