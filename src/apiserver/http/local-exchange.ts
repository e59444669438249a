/** A request and its answer in memory, for callers in the same process. */
import { PassThrough, Readable } from 'node:stream';
import { outletOf, type Exchange, type Headers, type Outlet } from './exchange.ts';

export interface LocalRequest {
  readonly method: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
  readonly signal?: AbortSignal;
}

export interface LocalAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
}

/** `answer` resolves when the whole answer is there; it rejects when the request is aborted or broken off. */
export function localExchange(request: LocalRequest): {
  readonly exchange: Exchange;
  readonly answer: Promise<LocalAnswer>;
} {
  const { promise: answer, resolve, reject } = Promise.withResolvers<LocalAnswer>();
  const closing = new Set<() => void>();
  let started = false;
  let sent = 0;
  const finish = (outcome: () => void): void => {
    outcome();
    for (const listener of closing) listener();
    closing.clear();
  };
  const abort = (): void => finish(() => reject(request.signal?.reason as Error));
  request.signal?.addEventListener('abort', abort, { once: true });
  const lower = Object.entries(request.headers ?? {}).map(([name, value]) => [name.toLowerCase(), value]);
  const exchange: Exchange = {
    method: request.method,
    url: request.path,
    headers: Object.fromEntries(lower) as Record<string, string>,
    socket: undefined,
    body: Readable.from(request.body === undefined ? [] : [Buffer.from(request.body)]),
    get started(): boolean {
      return started;
    },
    get status(): number {
      return sent;
    },
    send(status, headers, body): void {
      if (started) return;
      started = true;
      sent = status;
      const bytes = typeof body === 'string' ? Buffer.from(body) : body;
      finish(() => resolve({ status, headers: plain(headers), body: bytes }));
    },
    open(status, headers): Outlet {
      started = true;
      sent = status;
      const stream = new PassThrough();
      const chunks: Uint8Array[] = [];
      // Who wrote it may use its memory again.
      stream.on('data', (chunk: Uint8Array) => chunks.push(Buffer.from(chunk)));
      stream.on('end', () => finish(() => resolve({ status, headers: plain(headers), body: Buffer.concat(chunks) })));
      return outletOf(stream);
    },
    onClose: (listener) => void closing.add(listener),
    destroy: () => finish(() => reject(new Error('the answer was broken off'))),
  };
  return { exchange, answer };
}

function plain(headers: Headers): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [
      name.toLowerCase(),
      Array.isArray(value) ? value.join(', ') : String(value),
    ]),
  );
}
