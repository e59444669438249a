/**
 * The HTTPS front: HTTP/2 when the client offers it, HTTP/1.1 otherwise, upgrades included. Slow or idle
 * clients are cut off: headers must be complete in 10 s, a TLS handshake in 10 s.
 */
import {
  createSecureServer,
  type Http2SecureServer,
  type Http2Session,
  type SecureServerOptions,
  type ServerHttp2Stream,
} from 'node:http2';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import type { TLSSocket } from 'node:tls';
import type { Clock } from '../../base/clock.ts';
import { codeOf } from '../../base/errors.ts';
import { largestHeaders } from '../../base/http-limits.ts';
import type { Logger } from '../../base/log.ts';
import { strongTls } from '../../base/tls.ts';
import { http1Exchange, http2Exchange, rememberSocket, type Exchange } from './exchange.ts';

export interface TlsMaterial {
  /** PEM chains and keys. */
  readonly key: string;
  readonly cert: string;
  /** PEM certificates that client certificates may be signed by. */
  readonly clientCa: string;
}

export interface FrontOptions {
  readonly tls: TlsMaterial;
  readonly clock: Clock;
  readonly log: Logger;
  readonly handle: (exchange: Exchange) => void;
  readonly upgrade: (request: IncomingMessage, socket: Duplex, head: Buffer) => void;
  /** Milliseconds in which headers must be complete, 10 s by default. */
  readonly headerPatience?: number;
}

export interface Front {
  /** Rejects with the system's error (`EADDRINUSE` ...). 0 picks a free port. */
  listen(port: number, host: string): Promise<AddressInfo>;
  /** New connections use this from now on; present ones go on. */
  rotate(tls: TlsMaterial): void;
  /** Stops accepting, lets requests in flight end for `grace` milliseconds, then cuts them off. */
  close(grace: number): Promise<void>;
  /** Connections that are open. */
  readonly connections: number;
}

const defaultPatience = 10_000;
const idlePatience = 90_000;

const secureContext = (tls: TlsMaterial): SecureServerOptions => ({
  key: tls.key,
  cert: tls.cert,
  ca: tls.clientCa,
  ...strongTls,
});

export function createFront(options: FrontOptions): Front {
  const { log, headerPatience = defaultPatience } = options;
  const server = createSecureServer({
    ...secureContext(options.tls),
    allowHTTP1: true,
    requestCert: true,
    // Who presents a certificate that we did not sign is not refused here: authentication says 401.
    rejectUnauthorized: false,
    handshakeTimeout: headerPatience,
    maxSessionMemory: 64,
    settings: { maxConcurrentStreams: 250, initialWindowSize: 1 << 20, maxHeaderListSize: largestHeaders },
  });
  // Node reads these for HTTP/1.1 connections of a secure HTTP/2 server too.
  Object.assign(server, {
    headersTimeout: headerPatience,
    // How often Node looks for those who are late; by default it takes half a minute.
    connectionsCheckingInterval: headerPatience / 5,
    requestTimeout: 120_000,
    keepAliveTimeout: idlePatience,
    maxHeaderSize: largestHeaders,
  });
  const sockets = new Set<Duplex>();
  const sessions = new Set<Http2Session>();
  server.on('connection', (socket: Duplex) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    socket.on('error', () => {});
  });
  server.on('tlsClientError', (error, socket) => {
    log.debug('TLS handshake failed', { error });
    socket.destroy();
  });
  server.on('clientError', (error: Error, socket: Duplex) => refuse(error, socket));
  server.on('upgrade', options.upgrade);
  serveHttp1(server, options);
  serveHttp2(server, sessions, options);
  return {
    listen: (port, host) => listen(server, port, host),
    rotate: (tls) => server.setSecureContext(secureContext(tls)),
    close: (grace) => close(server, sessions, sockets, options.clock, grace),
    get connections(): number {
      return sockets.size;
    },
  };
}

function serveHttp1(server: Http2SecureServer, options: FrontOptions): void {
  const handle = (request: IncomingMessage, response: ServerResponse): void =>
    options.handle(http1Exchange(request, response));
  (server as NodeJS.EventEmitter).on('request', handle);
  // Listening for 'request' installs the compatibility layer for HTTP/2; streams are served directly instead.
  server.removeAllListeners('stream');
}

function serveHttp2(server: Http2SecureServer, sessions: Set<Http2Session>, options: FrontOptions): void {
  let latest: TLSSocket | undefined;
  const streams = new WeakMap<Http2Session, number>();
  // Runs before Node makes the session, synchronously, from the same event.
  server.prependListener('secureConnection', (socket: TLSSocket) => {
    socket.setNoDelay(true);
    latest = socket;
  });
  server.on('session', (session) => {
    sessions.add(session);
    if (latest !== undefined) rememberSocket(session, latest);
    session.setTimeout(idlePatience, () => {
      if ((streams.get(session) ?? 0) === 0) session.close();
    });
    session.once('close', () => sessions.delete(session));
    session.on('error', (error) => options.log.debug('HTTP/2 session failed', { error }));
  });
  server.on('stream', (stream, headers) => {
    const { session } = stream;
    if (session !== undefined) {
      streams.set(session, (streams.get(session) ?? 0) + 1);
      stream.once('close', () => streams.set(session, (streams.get(session) ?? 1) - 1));
    }
    options.handle(http2Exchange(stream as ServerHttp2Stream, headers));
  });
}

function listen(server: Http2SecureServer, port: number, host: string): Promise<AddressInfo> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ port, host, backlog: 1024 }, () => {
      server.off('error', reject);
      resolve(server.address() as AddressInfo);
    });
  });
}

async function close(
  server: Http2SecureServer,
  sessions: ReadonlySet<Http2Session>,
  sockets: ReadonlySet<Duplex>,
  clock: Clock,
  grace: number,
): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  for (const session of sessions) session.close();
  const cut = clock.after(grace, () => {
    for (const socket of sockets) socket.destroy();
  });
  await closed;
  cut.cancel();
}

/** What is not HTTP gets one sentence and no more. */
function refuse(error: Error, socket: Duplex): void {
  if (!socket.writable || codeOf(error) === 'ECONNRESET') return void socket.destroy();
  const status = codeOf(error) === 'HPE_HEADER_OVERFLOW' ? '431 Request Header Fields Too Large' : '400 Bad Request';
  socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
}
