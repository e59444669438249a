/**
 * A WebSocket as an exchange: what is refused gets an ordinary HTTP answer. A watch is a message for each event, as text
 * or, in protobuf, as bytes; a log is messages of bytes, or of base64 when the client asks for that subprotocol. What
 * the client sends is ignored.
 */
import { STATUS_CODES, type IncomingHttpHeaders, type IncomingMessage } from 'node:http';
import { Readable, Writable, type Duplex } from 'node:stream';
import type { TLSSocket } from 'node:tls';
import { WebSocketServer, type WebSocket } from 'ws';
import { named, outletOf, type Exchange, type Headers, type Outlet } from './exchange.ts';

/** Nothing of any length is expected from a client that watches. */
const longestMessage = 64 * 1024;

/** A connection that its client wants for another protocol, with the first bytes of it. */
export interface UpgradeRequest {
  readonly message: IncomingMessage;
  readonly socket: Duplex;
  readonly head: Buffer;
}

export class WebSocketExchange implements Exchange {
  readonly method = 'GET';
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly socket: TLSSocket;
  readonly body = Readable.from([]);
  auditId?: string;
  readonly #asked: UpgradeRequest;
  #status = 0;

  constructor(asked: UpgradeRequest) {
    const { message } = asked;
    this.url = message.url ?? '/';
    this.headers = message.headers;
    this.socket = message.socket as TLSSocket;
    this.#asked = asked;
  }

  get started(): boolean {
    return this.#status !== 0;
  }

  get status(): number {
    return this.#status;
  }

  send(status: number, headers: Headers, body: Uint8Array | string): void {
    const { socket } = this.#asked;
    if (this.started) return;
    if (!socket.writable) return void socket.destroy();
    this.#status = status;
    const all = { ...headers, ...named(this.auditId), 'content-length': Buffer.byteLength(body), connection: 'close' };
    const lines = Object.entries(all).flatMap(([name, value]) => [value].flat().map((each) => `${name}: ${each}`));
    const first = `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}`;
    // Together: some clients read a refusal but once.
    socket.cork();
    socket.write(`${[first, ...lines].join('\r\n')}\r\n\r\n`);
    socket.end(body);
  }

  /** The headers go with the handshake, but for the content's type: messages have none. */
  open(_status: number, headers: Headers): Outlet {
    this.#status = 101;
    const server = new WebSocketServer({ noServer: true, maxPayload: longestMessage, perMessageDeflate: false });
    const messages = messagesOf(String(headers['content-type']), this.headers['sec-websocket-protocol']);
    const outlet = new Writable({ final: (done) => done() });
    const { 'content-type': _type, 'cache-control': _control, ...others } = headers;
    server.on('headers', (lines) => {
      for (const [name, value] of Object.entries({ ...others, ...named(this.auditId) }))
        for (const each of [value].flat()) lines.push(`${name}: ${each}`);
    });
    const { message, socket: connection, head } = this.#asked;
    server.handleUpgrade(message, connection, head, (socket) => {
      connect(outlet, socket, messages);
    });
    return outletOf(outlet);
  }

  onClose(listener: () => void): void {
    this.#asked.socket.once('close', listener);
  }

  destroy(): void {
    this.#asked.socket.destroy();
  }
}

/** What is written at once, as messages. */
type Messages = (chunk: Buffer) => readonly (string | Buffer)[];

function messagesOf(contentType: string, protocols = ''): Messages {
  if (contentType.startsWith('application/json')) return textEvents;
  if (contentType.startsWith('application/vnd.kubernetes.protobuf')) return binaryEvents;
  const [first = ''] = protocols.split(',');
  return first.trim() === 'base64.binary.k8s.io' ? (chunk) => [chunk.toString('base64')] : (chunk) => [chunk];
}

function connect(outlet: Writable, socket: WebSocket, messagesIn: Messages): void {
  outlet._write = (chunk: Buffer, _encoding, done) => {
    const messages = messagesIn(chunk);
    const last = messages.at(-1);
    if (last === undefined) return done();
    for (const message of messages.slice(0, -1)) socket.send(message);
    socket.send(last, (error) => done(error));
  };
  outlet._final = (done) => {
    socket.close(1000);
    done();
  };
  outlet.on('error', () => socket.terminate());
  socket.on('error', () => socket.terminate());
  socket.on('close', () => outlet.destroy());
}

/** Writers hand over whole events: lines. */
function textEvents(chunk: Buffer): readonly string[] {
  return chunk
    .toString()
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => `${line}\n`);
}

/** Each with its length before it, which a message does not need. */
function binaryEvents(chunk: Buffer): readonly Buffer[] {
  const events: Buffer[] = [];
  for (let at = 0; at < chunk.length;) {
    const end = at + 4 + chunk.readUInt32BE(at);
    events.push(chunk.subarray(at + 4, end));
    at = end;
  }
  return events;
}
