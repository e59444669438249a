/**
 * SPDY/3.1 as Kubernetes' streaming calls use it: many byte streams over one connection.
 *
 * Frames are SYN_STREAM, SYN_REPLY, DATA, RST_STREAM, PING, GOAWAY; SETTINGS, HEADERS and WINDOW_UPDATE are
 * accepted and ignored: the clients' library has no flow control per stream, so the connection's own
 * back-pressure is all there is. A reader that lets more than `mostBuffered` bytes of one stream pile up holds up
 * the whole connection.
 */
import { Duplex } from 'node:stream';
import { constants, createDeflate, createInflate, type Deflate, type Inflate } from 'node:zlib';
import { settle } from './settle.ts';
import { spdyDictionary } from './dictionary.ts';

export type SpdyHeaders = Readonly<Record<string, string>>;

const frame = { synStream: 1, synReply: 2, rstStream: 3, settings: 4, ping: 6, goAway: 7, headers: 8, windowUpdate: 9 };
const version = 3;
const finFlag = 1;
const headSize = 8;
const largestFrame = 16 * 1024 * 1024;
const largestHeaders = 1024 * 1024;
const largestData = 32 * 1024;
const mostBuffered = 4 * 1024 * 1024;
const mostStreams = 4096;

export class SpdyError extends Error {
  override readonly name = 'SpdyError';
}

/** One stream. Ending the writable side sends FIN; destroying it before that sends RST_STREAM. */
export class SpdyStream extends Duplex {
  readonly id: number;
  readonly headers: SpdyHeaders;
  readonly #connection: SpdyConnection;
  #drained: (() => void) | undefined;
  #finished = false;

  constructor(connection: SpdyConnection, id: number, headers: SpdyHeaders) {
    super({ allowHalfOpen: true, emitClose: true });
    this.id = id;
    this.headers = headers;
    this.#connection = connection;
  }

  override _read(): void {
    this.#drained?.();
    this.#drained = undefined;
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    settle(this.#connection.sendData(this.id, chunk, false), done);
  }

  override _final(done: (error?: Error | null) => void): void {
    settle(this.#connection.sendData(this.id, Buffer.alloc(0), true), done);
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#drained?.();
    this.#connection.forget(this.id, !this.writableFinished);
    done(error);
  }

  /** The peer's bytes; resolves when more may come. */
  async accept(chunk: Buffer): Promise<void> {
    if (this.destroyed) return;
    if (this.push(chunk) || this.readableLength < mostBuffered) return;
    await new Promise<void>((resolve) => (this.#drained = resolve));
  }

  /** The peer has sent its last byte. */
  finish(): void {
    if (!this.destroyed && !this.#finished) this.push(null);
    this.#finished = true;
  }

  /** The peer neither sends nor takes any more. What it has sent can still be read. */
  abandon(): void {
    this.finish();
    if (this.destroyed) return;
    if (this.readableEnded) return void this.destroy();
    this.once('end', () => this.destroy());
    if (this.readableLength === 0) this.resume();
  }
}

export interface SpdyOptions {
  /** Servers' own streams have even numbers. */
  readonly role: 'client' | 'server';
  /** A stream that the peer opened; it has been accepted already. */
  readonly onStream: (stream: SpdyStream) => void;
}

export class SpdyConnection {
  readonly #transport: Duplex;
  readonly #options: SpdyOptions;
  readonly #streams = new Map<number, SpdyStream>();
  readonly #deflate: Deflate;
  readonly #inflate: Inflate;
  #nextId: number;
  #sending: Promise<void> = Promise.resolve();
  #closed = false;

  constructor(transport: Duplex, options: SpdyOptions) {
    this.#transport = transport;
    this.#options = options;
    this.#nextId = options.role === 'client' ? 1 : 2;
    const flush = constants.Z_SYNC_FLUSH;
    const common = { dictionary: spdyDictionary, flush, readableHighWaterMark: largestHeaders };
    this.#deflate = createDeflate({ ...common, windowBits: 11, memLevel: 1 });
    this.#inflate = createInflate(common);
    // Told to whoever has written the block at fault; without a listener it would end the process.
    for (const codec of [this.#deflate, this.#inflate]) codec.on('error', () => {});
    transport.on('error', () => this.close());
  }

  /** Reads frames until the peer or we close. Throws SpdyError on what is not SPDY. */
  async run(): Promise<void> {
    try {
      let rest: Buffer = Buffer.alloc(0);
      for await (const chunk of this.#transport as AsyncIterable<Buffer>) {
        rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
        rest = await this.#frames(rest);
      }
    } catch (error) {
      if (error instanceof SpdyError) throw error;
      // The connection broke: streams learn of it below.
    } finally {
      this.close();
    }
  }

  async createStream(headers: SpdyHeaders): Promise<SpdyStream> {
    const id = this.#nextId;
    this.#nextId += 2;
    const stream = new SpdyStream(this, id, headers);
    this.#streams.set(id, stream);
    const head = Buffer.alloc(10);
    head.writeUInt32BE(id, 0);
    await this.#enqueue(async () => {
      const block = await this.#compress(headers);
      return this.#write(controlFrame(frame.synStream, 0, Buffer.concat([head, block])));
    });
    return stream;
  }

  sendData(id: number, chunk: Buffer, last: boolean): Promise<void> {
    return this.#enqueue(async () => {
      const frames: Promise<void>[] = [];
      // In one system call; waiting for each frame would leave the connection idle in between.
      this.#transport.cork();
      for (let at = 0; at < chunk.length; at += largestData) {
        const data = chunk.subarray(at, at + largestData);
        frames.push(this.#write(dataHead(id, data.length, false)), this.#write(data));
      }
      if (last) frames.push(this.#write(dataHead(id, 0, true)));
      this.#transport.uncork();
      await Promise.all(frames);
    });
  }

  forget(id: number, reset: boolean): void {
    if (!this.#streams.delete(id) || !reset || this.#closed) return;
    const body = Buffer.alloc(8);
    body.writeUInt32BE(id, 0);
    body.writeUInt32BE(5, 4);
    this.#enqueue(() => this.#write(controlFrame(frame.rstStream, 0, body))).catch(() => {
      // The connection is closing anyway.
    });
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    for (const stream of this.#streams.values()) stream.abandon();
    this.#streams.clear();
    this.#deflate.close();
    this.#inflate.close();
    // What was written before goes out first.
    void this.#sending.then(() => this.#transport.end());
  }

  /** Frames are written whole and in order. */
  #enqueue(task: () => Promise<void>): Promise<void> {
    const run = this.#sending.then(() => {
      if (this.#closed) throw new SpdyError('the connection is closed');
      return task();
    });
    this.#sending = run.catch(() => {});
    return run;
  }

  #write(bytes: Buffer): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#transport.write(bytes, (error) => (error === null || error === undefined ? resolve() : reject(error)));
    });
  }

  /** Handles all whole frames; returns what is left. */
  async #frames(bytes: Buffer): Promise<Buffer> {
    let at = 0;
    while (bytes.length - at >= headSize) {
      const length = bytes.readUIntBE(at + 5, 3);
      if (length > largestFrame) throw new SpdyError(`a frame of ${length} bytes is too large`);
      const end = at + headSize + length;
      if (bytes.length < end) break;
      const first = bytes.readUInt32BE(at);
      const flags = bytes.readUInt8(at + 4);
      const body = bytes.subarray(at + headSize, end);
      if ((first & 0x80000000) === 0) await this.#data(first, flags, body);
      else await this.#control(first, flags, body);
      at = end;
    }
    return Buffer.from(bytes.subarray(at));
  }

  async #data(id: number, flags: number, body: Buffer): Promise<void> {
    const stream = this.#streams.get(id);
    if (stream === undefined) return;
    // A copy: the frame shares its memory with a whole read.
    if (body.length > 0) await stream.accept(Buffer.from(body));
    if ((flags & finFlag) !== 0) stream.finish();
  }

  async #control(first: number, flags: number, body: Buffer): Promise<void> {
    if (((first >>> 16) & 0x7fff) !== version) throw new SpdyError('the peer does not speak SPDY/3');
    switch (first & 0xffff) {
      case frame.synStream:
        return this.#opened(flags, body);
      case frame.synReply:
      case frame.headers:
        // The dictionary of compression must see every block.
        await this.#decompress(body.subarray(4));
        return;
      case frame.rstStream:
        return this.#reset(body.readUInt32BE(0) & 0x7fffffff);
      case frame.ping:
        return this.#ping(body);
      case frame.goAway:
        return;
      default:
        return;
    }
  }

  async #opened(flags: number, body: Buffer): Promise<void> {
    const id = body.readUInt32BE(0) & 0x7fffffff;
    const headers = await this.#decompress(body.subarray(10));
    if (this.#streams.size >= mostStreams) throw new SpdyError(`more than ${mostStreams} streams on one connection`);
    const stream = new SpdyStream(this, id, headers);
    this.#streams.set(id, stream);
    await this.#enqueue(async () => {
      const reply = Buffer.alloc(4);
      reply.writeUInt32BE(id, 0);
      const block = await this.#compress({});
      return this.#write(controlFrame(frame.synReply, 0, Buffer.concat([reply, block])));
    });
    this.#options.onStream(stream);
    if ((flags & finFlag) !== 0) stream.finish();
  }

  #reset(id: number): void {
    const stream = this.#streams.get(id);
    this.#streams.delete(id);
    stream?.abandon();
  }

  /** Ours are answered by the peer, the peer's by us: told apart by oddness. */
  async #ping(body: Buffer): Promise<void> {
    const fromPeer = (body.readUInt32BE(0) % 2 === 1) === (this.#options.role === 'server');
    if (fromPeer) await this.#enqueue(() => this.#write(controlFrame(frame.ping, 0, Buffer.from(body))));
  }

  async #compress(headers: SpdyHeaders): Promise<Buffer> {
    return through(this.#deflate, encodeHeaders(headers));
  }

  async #decompress(block: Buffer): Promise<SpdyHeaders> {
    return decodeHeaders(await through(this.#inflate, block));
  }
}

/** Feeds one block; with a sync flush all of its output is there once the write is done. */
function through(codec: Deflate | Inflate, block: Buffer): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const fail = (error: Error): void => reject(new SpdyError(`bad header block: ${error.message}`));
    codec.once('error', fail);
    codec.write(block, () => {
      codec.off('error', fail);
      const parts: Buffer[] = [];
      for (let part = codec.read() as Buffer | null; part !== null; part = codec.read() as Buffer | null)
        parts.push(part);
      resolve(Buffer.concat(parts));
    });
  });
}

function controlFrame(type: number, flags: number, body: Buffer): Buffer {
  const head = Buffer.alloc(headSize);
  head.writeUInt32BE(((0x8000 | version) * 0x10000 + type) >>> 0, 0);
  head.writeUInt32BE(((flags << 24) | body.length) >>> 0, 4);
  return Buffer.concat([head, body]);
}

function dataHead(id: number, length: number, last: boolean): Buffer {
  const head = Buffer.alloc(headSize);
  head.writeUInt32BE(id, 0);
  head.writeUInt32BE((((last ? finFlag : 0) << 24) | length) >>> 0, 4);
  return head;
}

function encodeHeaders(headers: SpdyHeaders): Buffer {
  const parts: Buffer[] = [number(Object.keys(headers).length)];
  for (const [name, value] of Object.entries(headers)) {
    for (const text of [name.toLowerCase(), value]) {
      const bytes = Buffer.from(text);
      parts.push(number(bytes.length), bytes);
    }
  }
  return Buffer.concat(parts);
}

function decodeHeaders(block: Buffer): SpdyHeaders {
  const headers: Record<string, string> = {};
  let at = 4;
  const text = (): string => {
    const length = block.readUInt32BE(at);
    const value = block.toString('utf8', at + 4, at + 4 + length);
    at += 4 + length;
    return value;
  };
  const count = block.length < 4 ? 0 : block.readUInt32BE(0);
  for (let each = 0; each < count && at < block.length; each += 1) {
    const name = text();
    headers[name] = text();
  }
  return headers;
}

function number(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}
