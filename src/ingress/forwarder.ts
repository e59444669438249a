/**
 * One request to one backend and its answer back. Bodies are passed on as they come, both ways, and a slow
 * reader slows the writer. A backend that cannot be reached is replaced by another; a request that may have
 * been seen is sent again only when it has no body and its method can be repeated.
 */
import type { ServerResponse } from 'node:http';
import type { Http2ServerResponse } from 'node:http2';
import type { Clock, Timer } from '../base/clock.ts';
import { endpointId, type Backend } from './backends.ts';
import { BackendError, type Connection, type Pool, type ResponseSink } from './http1-client.ts';
import type { ResponseHead } from './http1-head.ts';
import { headText, type Forwarding, type ProxyRequest } from './request-head.ts';
import type { RouteSettings } from './annotations.ts';

/** Both have what a proxy needs, though their types cannot be called as one. */
export type ProxyResponse = (ServerResponse | Http2ServerResponse) & Pick<ServerResponse, 'write' | 'end'>;

export interface Outcome {
  readonly status: number;
  readonly bytes: number;
  readonly upstream: string;
  readonly tries: number;
}

export interface Exchange {
  readonly request: ProxyRequest;
  readonly response: ProxyResponse;
  readonly forwarding: Forwarding;
  readonly settings: RouteSettings;
  readonly backend: Backend;
  readonly clock: Clock;
  /** Called once, when the answer has been given or given up. */
  readonly done: (outcome: Outcome) => void;
}

const repeatable = new Set(['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE', 'TRACE']);

export function forward(exchange: Exchange): void {
  new Forwarder(exchange).start();
}

class Forwarder implements ResponseSink {
  readonly #exchange: Exchange;
  readonly #tried = new Set<Pool>();
  #pool: Pool | undefined;
  #connection: Connection | undefined;
  #timer: Timer | undefined;
  #bodyStarted = false;
  #bytes = 0;
  #tries = 0;
  #status = 0;
  #over = false;

  constructor(exchange: Exchange) {
    this.#exchange = exchange;
  }

  start(): void {
    const { response } = this.#exchange;
    response.on('close', () => this.#clientClosed());
    response.on('drain', () => this.#connection?.resume());
    void this.#try();
  }

  async #try(): Promise<void> {
    const { backend, settings } = this.#exchange;
    while (!this.#over) {
      const pool = backend.pick(this.#tried, this.#cookie());
      if (pool === undefined || this.#tries >= settings.tries) return this.#refuse(this.#tries === 0 ? 503 : 502);
      this.#tries += 1;
      this.#pool = pool;
      pool.active += 1;
      try {
        const connection = await pool.acquire(settings.connectTimeout);
        if (this.#over) connection.destroy();
        else this.#send(connection);
        return;
      } catch {
        // Which endpoint it was is in the access log; the next one is tried.
        this.#leave();
        backend.failed(pool);
        this.#tried.add(pool);
      }
    }
  }

  #send(connection: Connection): void {
    const { request, forwarding } = this.#exchange;
    this.#connection = connection;
    const hasBody = forwarding.body !== 'none';
    this.#arm();
    connection.begin(forwarding.method, headText(request, forwarding), this, hasBody);
    if (hasBody) this.#sendBody(connection, forwarding.body === 'chunked');
  }

  #sendBody(connection: Connection, chunked: boolean): void {
    const { request, settings } = this.#exchange;
    const { socket } = connection;
    let size = 0;
    this.#bodyStarted = true;
    const onDrain = (): void => void request.resume();
    socket.on('drain', onDrain);
    request.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (settings.bodyLimit !== undefined && size > settings.bodyLimit) return this.#tooLarge();
      this.#arm();
      if (chunked) {
        socket.write(`${chunk.length.toString(16)}\r\n`, 'latin1');
        socket.write(chunk);
        if (!socket.write('\r\n', 'latin1')) request.pause();
      } else if (!socket.write(chunk)) {
        request.pause();
      }
    });
    request.on('end', () => {
      socket.removeListener('drain', onDrain);
      if (chunked && !socket.destroyed) socket.write('0\r\n\r\n', 'latin1');
      connection.sent();
    });
  }

  head(head: ResponseHead): void {
    const { response, settings } = this.#exchange;
    this.#status = head.status;
    if (response.destroyed) return;
    const headers = [...head.headers];
    if (settings.stickyCookie !== undefined && this.#pool !== undefined && this.#cookie() !== endpointId(this.#pool)) {
      headers.push('Set-Cookie', `${settings.stickyCookie}=${endpointId(this.#pool)}; Path=/; HttpOnly`);
    }
    // Without a length the server falls back to chunks (HTTP/1.1) or frames.
    if (head.length !== undefined) headers.push('Content-Length', String(head.length));
    if ('stream' in response) response.writeHead(head.status, grouped(headers));
    else response.writeHead(head.status, head.reason, headers);
    // What came with the head goes out with it; a head that came alone must not wait for a body.
    queueMicrotask(() => {
      if (this.#bytes === 0 && !this.#over && 'flushHeaders' in response) response.flushHeaders();
    });
  }

  data(chunk: Buffer): boolean {
    this.#bytes += chunk.length;
    this.#arm();
    return this.#exchange.response.write(chunk);
  }

  end(): void {
    const { response } = this.#exchange;
    this.#connection = undefined;
    this.#finish();
    response.end();
  }

  failed(error: Error, started: boolean): void {
    const { forwarding, response, backend } = this.#exchange;
    this.#connection = undefined;
    if (this.#over) return;
    if (started) {
      // The answer is broken off, and the client must see that it is.
      this.#finish();
      response.destroy();
      return;
    }
    const pool = this.#pool;
    this.#leave();
    const reused = error instanceof BackendError && error.reused;
    if (!this.#bodyStarted && repeatable.has(forwarding.method)) {
      // A connection that had gone stale says nothing about the endpoint.
      if (!reused && pool !== undefined) {
        backend.failed(pool);
        this.#tried.add(pool);
      }
      void this.#try();
      return;
    }
    this.#refuse(502);
  }

  #cookie(): string | undefined {
    const { settings, request } = this.#exchange;
    if (settings.stickyCookie === undefined) return undefined;
    const cookies = (request.headers.cookie ?? '').split(';').map((each) => each.trim().split('='));
    return cookies.find(([name]) => name === settings.stickyCookie)?.[1];
  }

  /** The backend must do something within the time. */
  #arm(): void {
    const { clock, settings } = this.#exchange;
    const at = clock.monotonic();
    this.#lastActivity = at;
    this.#timer ??= clock.after(settings.readTimeout, () => this.#expired());
  }
  #lastActivity = 0;

  #expired(): void {
    const { clock, settings, response } = this.#exchange;
    this.#timer = undefined;
    const left = this.#lastActivity + settings.readTimeout - clock.monotonic();
    if (left > 1) {
      this.#timer = clock.after(left, () => this.#expired());
      return;
    }
    this.#connection?.destroy();
    this.#connection = undefined;
    if (response.headersSent) {
      this.#finish();
      response.destroy();
    } else {
      this.#refuse(504);
    }
  }

  #tooLarge(): void {
    this.#connection?.destroy();
    this.#connection = undefined;
    this.#refuse(413);
  }

  #refuse(status: number): void {
    if (this.#over) return;
    this.#status = status;
    const { response, request } = this.#exchange;
    this.#finish();
    refuse(response, status);
    request.resume();
  }

  #clientClosed(): void {
    if (this.#over) return;
    this.#connection?.destroy();
    this.#connection = undefined;
    // What nginx writes when the client went away.
    if (this.#status === 0) this.#status = 499;
    this.#finish();
  }

  #leave(): void {
    if (this.#pool !== undefined) this.#pool.active -= 1;
    this.#pool = undefined;
  }

  #finish(): void {
    if (this.#over) return;
    this.#over = true;
    this.#timer?.cancel();
    const target = this.#pool?.target;
    this.#leave();
    const upstream = target === undefined ? '-' : `${target.host}:${target.port}`;
    this.#exchange.done({ status: this.#status, bytes: this.#bytes, upstream, tries: this.#tries });
  }
}

const texts: Readonly<Record<number, string>> = {
  400: 'Bad Request', 403: 'Forbidden', 404: 'Not Found', 413: 'Request Entity Too Large', 502: 'Bad Gateway',
  503: 'Service Temporarily Unavailable', 504: 'Gateway Time-out',
}; // prettier-ignore

/** An answer of our own, in few words. */
export function refuse(response: ProxyResponse, status: number): void {
  const body = `${status} ${texts[status] ?? 'Error'}\n`;
  if (response.headersSent || response.destroyed) return void response.end();
  response.statusCode = status;
  response.setHeader('content-type', 'text/plain; charset=utf-8');
  response.setHeader('content-length', String(body.length));
  response.end(body);
}

/** HTTP/2 wants an object; names that occur twice become lists. */
function grouped(flat: readonly string[]): Record<string, string | string[]> {
  const headers: Record<string, string | string[]> = {};
  for (let at = 0; at < flat.length; at += 2) {
    const name = (flat[at] ?? '').toLowerCase();
    const value = flat[at + 1] ?? '';
    const known = headers[name];
    headers[name] = known === undefined ? value : [...(Array.isArray(known) ? known : [known]), value];
  }
  return headers;
}
