/**
 * Requests over the network: HTTP/2 where the server speaks it, one connection for up to a hundred requests
 * and watches; otherwise HTTP/1.1 with connections kept alive. A new connection reads the credentials anew.
 */
import { Agent as HttpAgent, request as httpRequest, type IncomingMessage, type OutgoingHttpHeaders } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { isIP } from 'node:net';
import { connect, type ConnectionOptions, type TLSSocket } from 'node:tls';
import type { Clock } from '../base/clock.ts';
import { codeOf, isAbort, messageOf } from '../base/errors.ts';
import type { ClusterAccess } from './credentials.ts';
import { H2Session } from './h2-session.ts';
import { responseOf } from './http-response.ts';
import { ConnectionError, type Transport, type TransportRequest, type TransportResponse } from './transport.ts';

/** Streams on one connection before another is opened: servers allow 100 to 250. */
const streamsPerSession = 100;
/** Milliseconds to connect, TLS included. */
const connectTimeout = 10_000;

export class HttpsTransport implements Transport {
  readonly #access: ClusterAccess;
  readonly #clock: Clock;
  readonly #url: URL;
  readonly #prefix: string;
  #sessions: H2Session[] = [];
  /** With requests under way, and no new ones. */
  readonly #retired = new Set<H2Session>();
  #opening: Promise<H2Session | undefined> | undefined;
  #agent: HttpAgent | undefined;

  constructor(access: ClusterAccess, clock: Clock) {
    this.#access = access;
    this.#clock = clock;
    this.#url = new URL(access.server);
    this.#prefix = this.#url.pathname.replace(/\/$/, '');
    if (this.#url.protocol === 'http:') this.#agent = new HttpAgent({ keepAlive: true });
  }

  async send(request: TransportRequest): Promise<TransportResponse> {
    const response = await this.#sendOnce(request);
    if (response.status !== 401 || !this.#access.credentials.refused()) return response;
    await response.whole();
    this.#retire();
    return this.#sendOnce(request);
  }

  async close(): Promise<void> {
    this.#agent?.destroy();
    const sessions = [...this.#sessions, ...this.#retired];
    this.#sessions = [];
    await Promise.all(sessions.map((session) => session.close()));
  }

  /** Credentials have changed: requests from now on get a new connection, those under way end on theirs. */
  #retire(): void {
    const sessions = this.#sessions;
    this.#sessions = [];
    for (const session of sessions) {
      this.#retired.add(session);
      session.retire();
    }
    if (this.#agent instanceof HttpsAgent) this.#agent = undefined;
  }

  async #sendOnce(request: TransportRequest): Promise<TransportResponse> {
    const { credentials, headers: extra = {} } = this.#access;
    request.signal?.throwIfAborted();
    const token = await credentials.token();
    const headers = {
      ...request.headers,
      ...copied(extra),
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
    };
    const prefixed = this.#prefix === '' ? request : { ...request, path: `${this.#prefix}${request.path}` };
    const session = this.#agent === undefined ? await this.#session() : undefined;
    return session === undefined ? this.#sendH1(prefixed, headers) : session.send(prefixed, headers);
  }

  /** A connection with room; undefined when the server speaks HTTP/1.1 only. */
  async #session(): Promise<H2Session | undefined> {
    const free = this.#sessions.find((session) => session.usable && session.streams < streamsPerSession);
    if (free !== undefined) return free;
    this.#opening ??= this.#open().finally(() => (this.#opening = undefined));
    return this.#opening;
  }

  async #open(): Promise<H2Session | undefined> {
    const options = await this.#tlsOptions();
    const socket = await this.#connect(options);
    if (socket.alpnProtocol !== 'h2') {
      socket.destroy();
      this.#agent ??= new HttpsAgent({ keepAlive: true, ...options });
      return undefined;
    }
    const session = new H2Session(this.#url.origin, socket, this.#clock, (closed) => {
      this.#sessions = this.#sessions.filter((each) => each !== closed);
      this.#retired.delete(closed);
    });
    this.#sessions.push(session);
    return session;
  }

  async #tlsOptions(): Promise<ConnectionOptions> {
    const { certificateAuthority: ca, serverName, insecureSkipVerify, credentials } = this.#access;
    const { certificate: cert, key } = await credentials.tls();
    const host = this.#url.hostname.replace(/^\[|\]$/g, '');
    const name = serverName ?? (isIP(host) === 0 ? host : undefined);
    const text = (value: string | Uint8Array): string | Buffer =>
      typeof value === 'string' ? value : Buffer.from(value);
    return {
      ...(ca !== undefined && { ca: text(ca) }),
      ...(cert !== undefined && { cert: text(cert) }),
      ...(key !== undefined && { key: text(key) }),
      ...(name !== undefined && { servername: name }),
      rejectUnauthorized: insecureSkipVerify !== true,
    };
  }

  #connect(options: ConnectionOptions): Promise<TLSSocket> {
    const { hostname, port } = this.#url;
    const host = hostname.replace(/^\[|\]$/g, '');
    return new Promise((resolve, reject) => {
      const socket = connect({ ...options, host, port: Number(port || 443), ALPNProtocols: ['h2', 'http/1.1'] });
      const timer = this.#clock.after(connectTimeout, () =>
        socket.destroy(new Error(`no answer within ${connectTimeout} ms`)),
      );
      socket.setNoDelay(true);
      socket.once('secureConnect', () => {
        timer.cancel();
        socket.removeListener('error', fail);
        resolve(socket);
      });
      const fail = (error: Error): void => {
        timer.cancel();
        reject(this.#unreachable(error));
      };
      socket.once('error', fail);
    });
  }

  #sendH1(request: TransportRequest, headers: OutgoingHttpHeaders): Promise<TransportResponse> {
    const { method, path, body, signal } = request;
    const agent = this.#agent;
    const start = agent instanceof HttpsAgent ? httpsRequest : httpRequest;
    const { hostname, port, protocol } = this.#url;
    return new Promise((resolve, reject) => {
      const outgoing = start(
        {
          protocol,
          host: hostname.replace(/^\[|\]$/g, ''),
          port,
          method,
          path,
          agent,
          headers: { ...headers, ...(body !== undefined && { 'content-length': Buffer.byteLength(body) }) },
          ...(signal !== undefined && { signal }),
        },
        (response: IncomingMessage) => {
          response.on('error', () => {});
          resolve(responseOf(response.statusCode ?? 0, response.headers, response, () => response.complete));
        },
      );
      outgoing.once('error', (error) => reject(isAbort(error) ? error : this.#unreachable(error)));
      outgoing.end(body);
    });
  }

  #unreachable(error: Error): ConnectionError {
    const code = codeOf(error);
    const refused = code === 'ECONNREFUSED' ? 'nothing listens there; is the server running?' : error.message;
    const why = certificateProblem.test(code ?? '') ? `its certificate is not trusted: ${messageOf(error)}` : refused;
    const unsent = code === 'ECONNREFUSED' || code === 'ECONNRESET';
    return new ConnectionError(`cannot reach ${this.#url.origin}: ${why}`, unsent && this.#agent === undefined, error);
  }
}

/** Node wants lists of its own. */
function copied(headers: Readonly<Record<string, string | readonly string[]>>): OutgoingHttpHeaders {
  const entries = Object.entries(headers).map(([name, value]) => [
    name,
    typeof value === 'string' ? value : [...value],
  ]);
  return Object.fromEntries(entries) as OutgoingHttpHeaders;
}

/** OpenSSL's codes for a certificate that does not hold, and Node's for one of another name. */
const certificateProblem = /CERT|UNABLE_TO_VERIFY|SIGNATURE_FAILURE/;
