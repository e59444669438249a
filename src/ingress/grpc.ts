/** gRPC: HTTP/2 to the backend as well, with trailers passed on. */
import {
  connect,
  constants,
  type ClientHttp2Session,
  type Http2ServerRequest,
  type Http2ServerResponse,
  type IncomingHttpHeaders,
  type OutgoingHttpHeaders,
} from 'node:http2';
import type { Backend } from './backends.ts';
import type { Pool } from './http1-client.ts';
import type { Outcome } from './forwarder.ts';
import type { RouteSettings } from './annotations.ts';

export interface GrpcExchange {
  readonly request: Http2ServerRequest;
  readonly response: Http2ServerResponse;
  readonly backend: Backend;
  readonly settings: RouteSettings;
  readonly target: string;
  readonly clientAddress: string;
  readonly done: (outcome: Outcome) => void;
}

/** One session per endpoint carries all its calls. */
export class GrpcSessions {
  readonly #sessions = new Map<string, ClientHttp2Session>();

  get({ target }: Pool): ClientHttp2Session {
    const origin = `${target.tls ? 'https' : 'http'}://${target.host}:${target.port}`;
    const known = this.#sessions.get(origin);
    if (known !== undefined && !known.closed && !known.destroyed) return known;
    const session = connect(origin, { rejectUnauthorized: false });
    session.on('error', () => session.destroy());
    session.on('close', () => {
      if (this.#sessions.get(origin) === session) this.#sessions.delete(origin);
    });
    this.#sessions.set(origin, session);
    return session;
  }

  close(): void {
    for (const session of this.#sessions.values()) session.destroy();
  }
}

export function forwardGrpc(exchange: GrpcExchange, sessions: GrpcSessions): void {
  const { request, backend, target, clientAddress, done } = exchange;
  const stream = exchange.response.stream;
  const pool = backend.pick(new Set());
  const finish = (status: number): void =>
    done({
      status,
      bytes: 0,
      upstream: pool === undefined ? '-' : `${pool.target.host}:${pool.target.port}`,
      tries: 1,
    });
  if (pool === undefined) {
    stream.respond(grpcRefusal('no endpoints'), { endStream: true });
    return finish(503);
  }
  pool.active += 1;
  const call = sessions.get(pool).request(headersFor(request, target, clientAddress));
  let status = 0;
  call.on('response', (headers) => {
    status = Number(headers[constants.HTTP2_HEADER_STATUS] ?? 0);
    if (stream.destroyed) return;
    stream.respond(withoutConnection(headers), { waitForTrailers: true });
  });
  // The server's own end of the stream sends what is set here.
  call.on('trailers', (headers: IncomingHttpHeaders) => {
    exchange.response.addTrailers(withoutConnection(headers));
  });
  call.on('error', () => {
    if (stream.destroyed || stream.headersSent) {
      stream.destroy();
      return;
    }
    backend.failed(pool);
    stream.respond(grpcRefusal('the backend cannot be reached'), { endStream: true });
  });
  stream.on('close', () => {
    if (stream.aborted) call.close(constants.NGHTTP2_CANCEL);
    pool.active -= 1;
    finish(status === 0 ? 502 : status);
  });
  stream.pipe(call);
  call.pipe(stream);
}

/** gRPC's way to say that a service is unavailable (14). */
function grpcRefusal(message: string): OutgoingHttpHeaders {
  return { ':status': 200, 'content-type': 'application/grpc', 'grpc-status': '14', 'grpc-message': message };
}

function headersFor(request: Http2ServerRequest, target: string, clientAddress: string): OutgoingHttpHeaders {
  const headers = withoutConnection(request.headers);
  return {
    ...headers,
    ':path': target,
    ':method': request.method,
    ':authority': request.authority,
    te: 'trailers',
    'x-forwarded-for': clientAddress,
    'x-forwarded-proto': 'https',
  };
}

const connectionHeaders = new Set([
  'connection',
  'keep-alive',
  'transfer-encoding',
  'upgrade',
  'proxy-connection',
  'host',
  ':scheme',
]);

function withoutConnection(headers: IncomingHttpHeaders): OutgoingHttpHeaders {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !connectionHeaders.has(name)));
}
