/** One HTTP/2 connection: requests and watches side by side, and a ping that notices when the other end is gone. */
import {
  connect,
  constants,
  sensitiveHeaders,
  type ClientHttp2Session,
  type ClientHttp2Stream,
  type IncomingHttpHeaders,
  type OutgoingHttpHeaders,
} from 'node:http2';
import type { TLSSocket } from 'node:tls';
import type { Clock, Timer } from '../base/clock.ts';
import { isAbort, messageOf } from '../base/errors.ts';
import { responseOf } from './http-response.ts';
import { ConnectionError, type TransportRequest, type TransportResponse } from './transport.ts';

/** Milliseconds: between pings, and until a missing answer ends the connection. */
const health = { interval: 30_000, timeout: 15_000 };
/** Bytes the server may send before we have read: per stream, and in all. */
const windows = { stream: 1 << 20, session: 8 << 20 };
/** Megabytes that Node may hold for one connection. */
const maxSessionMemory = 64;

export class H2Session {
  readonly #session: ClientHttp2Session;
  readonly #clock: Clock;
  #streams = 0;
  /** The next look at whether the server answers. */
  #check: Timer | undefined;

  /** `socket` has agreed on h2. */
  constructor(authority: string, socket: TLSSocket, clock: Clock, onClose: (session: H2Session) => void) {
    this.#clock = clock;
    this.#session = connect(authority, {
      createConnection: () => socket,
      settings: { initialWindowSize: windows.stream, enablePush: false },
      maxSessionMemory,
    });
    this.#session.setLocalWindowSize(windows.session);
    const close = (): void => onClose(this);
    this.#session.on('close', close);
    // Once: a session lives for weeks, and is looked at all the time.
    this.#session.once('close', () => this.#check?.cancel());
    this.#session.on('goaway', close);
    // Each stream tells its own reader.
    this.#session.on('error', close);
    this.#watchHealth();
  }

  /** Requests and watches under way. */
  get streams(): number {
    return this.#streams;
  }

  get usable(): boolean {
    return !this.#session.closed && !this.#session.destroyed;
  }

  send(request: TransportRequest, headers: OutgoingHttpHeaders): Promise<TransportResponse> {
    const { method, path, body, signal } = request;
    return new Promise((resolve, reject) => {
      let stream: ClientHttp2Stream;
      try {
        stream = this.#session.request(
          { ':method': method, ':path': path, ...headers, [sensitiveHeaders]: ['authorization'] },
          { endStream: body === undefined, ...(signal !== undefined && { signal }) },
        );
      } catch (error) {
        reject(new ConnectionError(`the connection is closing: ${messageOf(error)}`, true, error));
        return;
      }
      this.#streams += 1;
      let failure: unknown;
      stream.on('error', (error) => {
        failure = error;
      });
      stream.once('close', () => {
        this.#streams -= 1;
        reject(this.#lost(stream, failure));
      });
      stream.once('response', (answer: IncomingHttpHeaders & { ':status'?: number }) => {
        resolve(
          responseOf(answer[':status'] ?? 0, answer, stream, () => stream.rstCode === constants.NGHTTP2_NO_ERROR),
        );
      });
      if (body !== undefined) stream.end(body);
    });
  }

  /** Takes nothing new, and closes when what is under way has ended. */
  retire(): void {
    this.#session.close();
  }

  close(): Promise<void> {
    return new Promise((resolve) => {
      if (this.#session.destroyed) return resolve();
      this.#session.once('close', () => resolve());
      this.#session.destroy();
    });
  }

  #lost(stream: ClientHttp2Stream, failure: unknown): unknown {
    if (isAbort(failure)) return failure;
    const unsent = stream.rstCode === constants.NGHTTP2_REFUSED_STREAM || codeIs(failure, 'ERR_HTTP2_GOAWAY_SESSION');
    const why = failure === undefined ? '' : `: ${messageOf(failure)}`;
    return new ConnectionError(`the connection broke before an answer came${why}`, unsent, failure);
  }

  #watchHealth(): void {
    this.#check = this.#clock.after(health.interval, () => {
      if (!this.usable) return;
      const late = this.#clock.after(health.timeout, () =>
        this.#session.destroy(new Error('the server does not answer')),
      );
      const sent = this.#session.ping(() => {
        late.cancel();
        this.#watchHealth();
      });
      if (!sent) late.cancel();
    });
  }
}

function codeIs(error: unknown, code: string): boolean {
  return (error as { code?: string } | undefined)?.code === code;
}
