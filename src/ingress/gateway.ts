/** The listening side: takes requests, finds their route, does what annotations say, and hands them on. */
import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import { createSecureServer, Http2ServerRequest, type Http2SecureServer, type Http2ServerResponse } from 'node:http2';
import type { Duplex } from 'node:stream';
import type { Clock } from '../base/clock.ts';
import type { AccessLog } from './access-log.ts';
import type { Backends } from './backends.ts';
import type { Certificates, KeyPair } from './certificates.ts';
import { forward, refuse, type Outcome, type ProxyResponse } from './forwarder.ts';
import { forwardGrpc, GrpcSessions } from './grpc.ts';
import { authorityOf, bodyOf, hostOf, type Forwarding, type ProxyRequest } from './request-head.ts';
import { findRoute, rewritten, type Match, type RouteTable } from './routing.ts';
import { forwardUpgrade } from './upgrade.ts';

export interface GatewayOptions {
  readonly clock: Clock;
  readonly host: string;
  readonly httpPort: number;
  readonly httpsPort: number;
  readonly certificates: Certificates;
  /** For clients that name no server. */
  readonly defaultCertificate: KeyPair | undefined;
  readonly backends: Backends;
  readonly access: AccessLog;
  /** Told of failures of our own. */
  readonly failed: (error: unknown) => void;
}

/** An offer of h2c is no reason to leave HTTP/1.1: only WebSockets are upgraded. */
const shouldUpgradeCallback = ({ headers }: IncomingMessage): boolean => headers.upgrade?.toLowerCase() === 'websocket';
const tuning = {
  keepAliveTimeout: 75_000,
  headersTimeout: 60_000,
  requestTimeout: 0,
  maxHeaderSize: 32 * 1024,
  shouldUpgradeCallback,
};
/** Milliseconds that requests under way have when the gateway ends. */
const drainTime = 10_000;

export class Gateway {
  readonly #options: GatewayOptions;
  readonly #http: Server;
  readonly #https: Http2SecureServer;
  readonly #sessions = new GrpcSessions();
  #table: RouteTable = { hosts: new Map(), fallback: undefined };
  #active = 0;
  #onIdle: (() => void) | undefined;

  constructor(options: GatewayOptions) {
    const { certificates, defaultCertificate } = options;
    this.#options = options;
    this.#http = createServer(tuning, (request, response) => this.#guarded(request, response, false));
    this.#https = createSecureServer({
      allowHTTP1: true,
      ...tuning,
      ...defaultCertificate,
      SNICallback: (name, callback) => callback(null, certificates.find(name)),
    });
    this.#https.on('request', (request, response) =>
      this.#guarded(request, response as Http2ServerResponse & ProxyResponse, true),
    );
    this.#http.on('upgrade', (request, client, first) => this.#upgrade(request, client, first, false));
    this.#https.on('upgrade', (request: IncomingMessage, client: Duplex, first: Buffer) =>
      this.#upgrade(request, client, first, true),
    );
    for (const server of [this.#http, this.#https])
      server.on('clientError', (_, socket: Duplex) => void socket.destroy());
  }

  /** For new connections that name no host. */
  rotate(certificate: KeyPair): void {
    this.#https.setSecureContext(certificate);
  }

  get ports(): { readonly http: number; readonly https: number } {
    return { http: portOf(this.#http), https: portOf(this.#https) };
  }

  use(table: RouteTable): void {
    this.#table = table;
  }

  /** Rejects when a port is taken. */
  async open(): Promise<void> {
    const { host, httpPort, httpsPort } = this.#options;
    await listen(this.#http, httpPort, host);
    await listen(this.#https, httpsPort, host);
  }

  /** Takes no more connections, and lets requests that are under way end. */
  async close(): Promise<void> {
    this.#http.close();
    this.#https.close();
    this.#http.closeIdleConnections();
    if (this.#active > 0) {
      await new Promise<void>((resolve) => {
        const timer = this.#options.clock.after(drainTime, resolve);
        this.#onIdle = () => {
          timer.cancel();
          resolve();
        };
      });
    }
    this.#http.closeAllConnections();
    this.#sessions.close();
  }

  /** What goes wrong with one request must not end the others. */
  #guarded(request: ProxyRequest, response: ProxyResponse, secure: boolean): void {
    try {
      this.#handle(request, response, secure);
    } catch (error) {
      this.#options.failed(error);
      refuse(response, 500);
    }
  }

  #handle(request: ProxyRequest, response: ProxyResponse, secure: boolean): void {
    const { clock } = this.#options;
    const start = clock.monotonic();
    const requestId = randomUUID().replaceAll('-', '');
    const target = targetOf(request.url ?? '/');
    const match = findRoute(this.#table, hostOf(request), matchPath(target));
    this.#active += 1;
    const done = (outcome: Outcome): void => {
      this.#active -= 1;
      if (this.#active === 0) this.#onIdle?.();
      this.#log(request, match, outcome, { target, requestId, milliseconds: clock.monotonic() - start });
    };
    response.on('error', () => response.destroy());
    const status = match === undefined ? 404 : verdictOn(match, request, response, { target, secure });
    if (match === undefined || status !== undefined) {
      if (!response.writableEnded) refuse(response, status ?? 404);
      request.resume();
      return done({ status: status ?? 404, bytes: 0, upstream: '-', tries: 0 });
    }
    const { route } = match;
    const { settings } = route;
    const backend = this.#options.backends.get(route.backend, settings.protocol.endsWith('S'));
    if (settings.protocol.startsWith('GRPC') && request instanceof Http2ServerRequest) {
      const grpc = response as unknown as Http2ServerResponse;
      const clientAddress = addressOf(request);
      return forwardGrpc(
        { request, response: grpc, backend, settings, target: rewritten(match, target), clientAddress, done },
        this.#sessions,
      );
    }
    const forwarding = this.#forwarding(request, match, target, requestId, secure);
    forward({ request, response, forwarding, settings, backend, clock, done });
  }

  #forwarding(request: ProxyRequest, match: Match, target: string, requestId: string, secure: boolean): Forwarding {
    const { settings } = match.route;
    return {
      method: request.method ?? 'GET',
      target: rewritten(match, target),
      host: settings.host ?? authorityOf(request),
      secure,
      clientAddress: addressOf(request),
      port: secure ? this.#options.httpsPort : this.#options.httpPort,
      requestId,
      prefix: settings.forwardedPrefix,
      body: bodyOf(request),
    };
  }

  #upgrade(request: IncomingMessage, client: Duplex, first: Buffer, secure: boolean): void {
    const { clock, backends } = this.#options;
    const start = clock.monotonic();
    const requestId = randomUUID().replaceAll('-', '');
    const target = targetOf(request.url ?? '/');
    const match = findRoute(this.#table, hostOf(request), matchPath(target));
    if (match === undefined || isRefused(match, request)) {
      client.end(
        `HTTP/1.1 ${match === undefined ? '404 Not Found' : '403 Forbidden'}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`,
      );
      return;
    }
    const { settings } = match.route;
    const forwarding: Forwarding = {
      ...this.#forwarding(request, match, target, requestId, secure),
      body: 'none',
      upgrade: request.headers.upgrade ?? 'websocket',
    };
    const backend = backends.get(match.route.backend, settings.protocol.endsWith('S'));
    const done = (status: number, bytes: number): void =>
      this.#log(
        request,
        match,
        { status, bytes, upstream: '-', tries: 1 },
        { target, requestId, milliseconds: clock.monotonic() - start },
      );
    void forwardUpgrade({ request, client, first, forwarding, settings, backend, clock, done });
  }

  #log(
    request: ProxyRequest,
    match: Match | undefined,
    { status, bytes, upstream }: Outcome,
    more: { readonly target: string; readonly requestId: string; readonly milliseconds: number },
  ): void {
    const ref = match?.route.backend;
    this.#options.access.add({
      clientAddress: addressOf(request),
      method: request.method ?? '',
      protocol: `HTTP/${request.httpVersion}`,
      status,
      bytes,
      agent: request.headers['user-agent'] ?? '-',
      backend: ref === undefined ? '-' : `${ref.namespace}-${ref.service}-${ref.port}`,
      upstream,
      ...more,
    });
  }
}

/** What an annotation answers by itself: the status, when it does. Redirects are written here. */
function verdictOn(
  match: Match,
  request: ProxyRequest,
  response: ProxyResponse,
  { target, secure }: { readonly target: string; readonly secure: boolean },
): number | undefined {
  const { settings } = match.route;
  if (isRefused(match, request)) return 403;
  if (settings.bodyLimit !== undefined && Number(request.headers['content-length'] ?? 0) > settings.bodyLimit)
    return 413;
  const toTls = !secure && (settings.sslRedirect === 'always' || (settings.sslRedirect === 'tls' && match.tls));
  if (toTls) return redirect(response, 308, `https://${hostOf(request)}${target}`);
  if (settings.redirect !== undefined) return redirect(response, settings.redirect.status, settings.redirect.location);
  if (settings.appRoot !== undefined && target === '/') return redirect(response, 302, settings.appRoot);
  return undefined;
}

function redirect(response: ProxyResponse, status: number, location: string): number {
  response.statusCode = status;
  response.setHeader('location', location);
  response.setHeader('content-length', '0');
  response.end();
  return status;
}

function isRefused({ route }: Match, request: ProxyRequest): boolean {
  if (route.allowed === undefined) return false;
  const address = addressOf(request);
  return !route.allowed.check(address, address.includes(':') ? 'ipv6' : 'ipv4');
}

/** `GET http://host/path` is allowed in HTTP/1.1; the host is in the Host header as well. */
function targetOf(url: string): string {
  if (url.startsWith('/')) return url;
  const absolute = /^https?:\/\/[^/?#]*(.*)$/i.exec(url);
  const rest = absolute?.[1] ?? '';
  return rest.startsWith('/') ? rest : `/${rest}`;
}

/** The path that rules are compared with: dots and doubled slashes must not lead around them. */
function matchPath(target: string): string {
  const mark = target.indexOf('?');
  const path = mark < 0 ? target : target.slice(0, mark);
  if (!path.includes('/.') && !path.includes('//') && !path.includes('%')) return path;
  return new URL(`http://host${path.replaceAll(/\/{2,}/g, '/')}`).pathname;
}

function addressOf(request: ProxyRequest): string {
  const address = request.socket.remoteAddress ?? '';
  return address.startsWith('::ffff:') ? address.slice(7) : address;
}

function portOf(server: Server | Http2SecureServer): number {
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}

function listen(server: Server | Http2SecureServer, port: number, host: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const failed = (error: NodeJS.ErrnoException): void => {
      const why =
        error.code === 'EADDRINUSE'
          ? 'something else listens there; end it, or give the ingress another port'
          : error.message;
      reject(new Error(`the ingress cannot listen on ${host}:${port}: ${why}`, { cause: error }));
    };
    server.once('error', failed);
    server.listen(port, host, () => {
      server.removeListener('error', failed);
      resolve();
    });
  });
}
