/**
 * An HTTP/1.1 client for the way to the backends: persistent connections, bodies as they come, no more work
 * than a proxy needs. Node's own costs several times as much per request, because it builds for everyone.
 *
 * Guarantees
 * - A connection is used again only when the answer was read to its end and the backend keeps it open, and not
 *   when it is near the end of the time that the backend announced (Keep-Alive: timeout).
 * - Framing that is ambiguous (both lengths, more than one length, a bad chunk) ends the connection.
 */
import { connect as connectTcp, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { Clock } from '../base/clock.ts';
import { HeadParser, HttpParseError, type ResponseHead } from './http1-head.ts';

export interface Target {
  readonly host: string;
  readonly port: number;
  readonly tls: boolean;
  /** For SNI towards the backend. */
  readonly serverName: string | undefined;
}

export interface ResponseSink {
  head(head: ResponseHead): void;
  /** False: stop reading until `resume`. */
  data(chunk: Buffer): boolean;
  end(): void;
  /** `started`: whether the head had come. */
  failed(error: Error, started: boolean): void;
}

/** The backend cannot be reached: another one may be tried, whatever the request. */
class ConnectError extends Error {
  override readonly name = 'ConnectError';
}

/** It broke on the way; `reused`: before the first byte of an answer, on a connection that had served before. */
export class BackendError extends Error {
  override readonly name = 'BackendError';
  readonly reused: boolean;

  constructor(message: string, reused: boolean) {
    super(message);
    this.reused = reused;
  }
}

/** Milliseconds that an idle connection is kept, unless the backend says less. */
const idleTime = 50_000;
const mostIdle = 128;

/** Connections to one endpoint. */
export class Pool {
  readonly target: Target;
  readonly #clock: Clock;
  readonly #idle: Connection[] = [];
  #closed = false;
  /** Requests under way; the balancer looks at it. */
  active = 0;

  constructor(target: Target, clock: Clock) {
    this.target = target;
    this.#clock = clock;
  }

  /** One that is open, or a new one. Rejects with ConnectError. */
  async acquire(timeout: number): Promise<Connection> {
    for (let connection = this.#idle.pop(); connection !== undefined; connection = this.#idle.pop()) {
      if (connection.usable(this.#clock.monotonic())) return connection;
      connection.destroy();
    }
    return this.#open(timeout);
  }

  /** The endpoint is gone: what is under way goes on, nothing is kept. */
  close(): void {
    this.#closed = true;
    for (const connection of this.#idle.splice(0)) connection.destroy();
  }

  #open(timeout: number): Promise<Connection> {
    const { host, port, tls, serverName } = this.target;
    return new Promise((resolve, reject) => {
      const socket = tls
        ? connectTls({
            host,
            port,
            rejectUnauthorized: false,
            ...(serverName !== undefined && { servername: serverName }),
          })
        : connectTcp({ host, port, noDelay: true });
      const failed = (error: Error): void => {
        timer.cancel();
        socket.destroy();
        reject(new ConnectError(`${host}:${port}: ${error.message}`));
      };
      const timer = this.#clock.after(timeout, () => failed(new Error(`no connection within ${timeout} ms`)));
      socket.once('error', failed);
      socket.once(tls ? 'secureConnect' : 'connect', () => {
        timer.cancel();
        socket.removeListener('error', failed);
        resolve(new Connection(socket, (connection) => this.#release(connection)));
      });
    });
  }

  #release(connection: Connection): void {
    if (this.#closed || this.#idle.length >= mostIdle) return connection.destroy();
    connection.idleUntil = this.#clock.monotonic() + Math.min(idleTime, connection.keepAlive);
    this.#idle.push(connection);
  }
}

type BodyState = { kind: 'none' } | { kind: 'length'; left: number } | { kind: 'chunked'; phase: 'size' | 'data' | 'crlf' | 'trailer'; left: number } | { kind: 'close' }; // prettier-ignore

export class Connection {
  readonly socket: Socket;
  readonly #release: (connection: Connection) => void;
  #sink: ResponseSink | undefined;
  #parser = new HeadParser();
  #head: ResponseHead | undefined;
  #body: BodyState = { kind: 'none' };
  #line = '';
  #method = '';
  #requests = 0;
  #sent = true;
  #paused = false;
  #pausedInput: Buffer | undefined;
  /** Milliseconds; what the backend announced. */
  keepAlive = Number.POSITIVE_INFINITY;
  idleUntil = 0;

  constructor(socket: Socket, release: (connection: Connection) => void) {
    this.socket = socket;
    this.#release = release;
    socket.on('data', (chunk: Buffer) => this.#receive(chunk));
    socket.on('error', (error) => this.#fail(error));
    socket.on('close', () => this.#closed());
  }

  get reused(): boolean {
    return this.#requests > 1;
  }

  usable(now: number): boolean {
    return !this.socket.destroyed && this.socket.readable && this.socket.writable && now < this.idleUntil;
  }

  /** Begins an exchange; the caller writes a body, if any, to `socket` and says `sent` after it. */
  begin(method: string, head: string, sink: ResponseSink, hasBody: boolean): void {
    this.#requests += 1;
    this.#method = method;
    this.#sink = sink;
    this.#head = undefined;
    this.#parser = new HeadParser();
    this.#sent = !hasBody;
    this.socket.write(head, 'latin1');
  }

  /** For upgrades: from now on the bytes are the caller's. */
  takeSocket(): Socket {
    this.socket.removeAllListeners('data');
    this.socket.removeAllListeners('error');
    this.socket.removeAllListeners('close');
    return this.socket;
  }

  sent(): void {
    this.#sent = true;
  }

  resume(): void {
    this.#paused = false;
    const input = this.#pausedInput;
    this.#pausedInput = undefined;
    if (input !== undefined) this.#receive(input);
    if (!this.#paused) this.socket.resume();
  }

  destroy(): void {
    this.#sink = undefined;
    this.socket.destroy();
  }

  #receive(chunk: Buffer): void {
    try {
      let rest: Buffer | undefined = chunk;
      while (rest !== undefined && rest.length > 0) {
        if (this.#paused) {
          this.#pausedInput = rest;
          return;
        }
        // Bytes that nobody asked for: not a connection to trust.
        if (this.#sink === undefined) return this.destroy();
        rest = this.#head === undefined ? this.#readHead(rest) : this.#readBody(rest);
      }
    } catch (error) {
      this.#fail(error instanceof Error ? error : new Error(String(error)));
    }
  }

  #readHead(chunk: Buffer): Buffer | undefined {
    const parsed = this.#parser.feed(chunk);
    if (parsed === undefined) return undefined;
    const { head, rest } = parsed;
    if (head.status < 200) {
      // 100 and 103 are between us and the backend.
      this.#parser = new HeadParser();
      return rest;
    }
    this.#head = head;
    if (head.keepAliveSeconds !== undefined) this.keepAlive = Math.max(0, head.keepAliveSeconds * 1000 - 1000);
    this.#body = this.#bodyOf(head);
    this.#sink?.head(head);
    if (this.#isEmpty()) this.#finish();
    return rest;
  }

  #bodyOf(head: ResponseHead): BodyState {
    if (this.#method === 'HEAD' || head.status === 204 || head.status === 304) return { kind: 'none' };
    if (head.chunked) return { kind: 'chunked', phase: 'size', left: 0 };
    if (head.length !== undefined) return { kind: 'length', left: head.length };
    return { kind: 'close' };
  }

  #isEmpty(): boolean {
    return this.#body.kind === 'none' || (this.#body.kind === 'length' && this.#body.left === 0);
  }

  #readBody(chunk: Buffer): Buffer | undefined {
    const body = this.#body;
    if (body.kind === 'close') {
      this.#deliver(chunk);
      return undefined;
    }
    if (body.kind === 'chunked') return this.#readChunked(chunk, body);
    if (body.kind === 'none') return chunk;
    const part = chunk.length <= body.left ? chunk : chunk.subarray(0, body.left);
    body.left -= part.length;
    this.#deliver(part);
    if (body.left === 0) this.#finish();
    return part.length < chunk.length ? chunk.subarray(part.length) : undefined;
  }

  #readChunked(chunk: Buffer, body: Extract<BodyState, { kind: 'chunked' }>): Buffer | undefined {
    if (body.phase === 'data') {
      const part = chunk.length <= body.left ? chunk : chunk.subarray(0, body.left);
      body.left -= part.length;
      if (body.left === 0) body.phase = 'crlf';
      this.#deliver(part);
      return part.length < chunk.length ? chunk.subarray(part.length) : undefined;
    }
    const newline = chunk.indexOf(10);
    this.#line += chunk.toString('latin1', 0, newline < 0 ? chunk.length : newline);
    if (this.#line.length > 8192) throw new HttpParseError('a chunk header is too long');
    if (newline < 0) return undefined;
    const line = this.#line.endsWith('\r') ? this.#line.slice(0, -1) : this.#line;
    this.#line = '';
    this.#chunkLine(line, body);
    return chunk.subarray(newline + 1);
  }

  #chunkLine(line: string, body: Extract<BodyState, { kind: 'chunked' }>): void {
    if (body.phase === 'trailer') {
      if (line === '') this.#finish();
      return;
    }
    if (body.phase === 'crlf') {
      if (line !== '') throw new HttpParseError('a chunk is longer than it said');
      body.phase = 'size';
      return;
    }
    const size = /^([0-9a-f]{1,12})\s*(?:;.*)?$/i.exec(line)?.[1];
    if (size === undefined) throw new HttpParseError('a malformed chunk size');
    body.left = parseInt(size, 16);
    body.phase = body.left === 0 ? 'trailer' : 'data';
  }

  #deliver(part: Buffer): void {
    if (part.length === 0 || this.#sink?.data(part) !== false) return;
    this.#paused = true;
    this.socket.pause();
  }

  #finish(): void {
    const sink = this.#sink;
    const keeps = this.#head?.keepAlive === true && this.#sent && this.#body.kind !== 'close';
    this.#sink = undefined;
    sink?.end();
    if (keeps) this.#release(this);
    else this.socket.destroy();
  }

  #closed(): void {
    if (this.#head !== undefined && this.#body.kind === 'close') {
      const sink = this.#sink;
      this.#sink = undefined;
      sink?.end();
    } else {
      this.#fail(new Error('closed the connection'));
    }
  }

  #fail(error: Error): void {
    const sink = this.#sink;
    this.#sink = undefined;
    this.socket.destroy();
    const started = this.#head !== undefined;
    sink?.failed(new BackendError(error.message, this.reused && !started), started);
  }
}
