/**
 * Serves one port over UDP and TCP. Answers that follow from the cluster zone alone are kept as bytes under the
 * bytes of the query, so that the usual question costs a look-up and a send; they are dropped with the first
 * change of the zone.
 */
import { createSocket, type RemoteInfo, type Socket as Datagrams } from 'node:dgram';
import { createServer, type Server as TcpServer, type Socket } from 'node:net';
import type { Clock } from '../base/clock.ts';
import { codeOf, messageOf } from '../base/errors.ts';
import type { DnsMetrics } from './metrics.ts';
import { serverFor, type Server } from './pipeline.ts';
import { andThen, errorReply, type Answer, type Reply, type Request } from './request.ts';
import { datagramLimit, encodeError, encodeReply, FormatError, parseQuery, rcodes, types, type Query } from './wire.ts';

export interface ListenerOptions {
  readonly host: string;
  readonly port: number;
  readonly clock: Clock;
  readonly metrics: DnsMetrics;
  readonly generation: () => number;
  readonly write: (line: string) => void;
}

interface Known {
  /** Answers that differ in the order of addresses; full when there is one per address. */
  readonly variants: Uint8Array[];
  readonly wanted: number;
  readonly type: number;
  readonly rcode: number;
  turn: number;
}

const mostKnown = 10_000;
const mostVariants = 8;
const mostConnections = 1000;
const freePortTries = 20;
/** Milliseconds that a TCP connection may be idle. */
const idleTimeout = 10_000;

export class Listener {
  readonly #options: ListenerOptions;
  readonly #known = new Map<string, Known>();
  #knownGeneration = -1;
  #servers: readonly Server[] = [];
  #datagrams: Datagrams | undefined;
  #tcp: TcpServer | undefined;
  readonly #connections = new Set<Socket>();

  constructor(options: ListenerOptions) {
    this.#options = options;
  }

  get port(): number {
    return this.#datagrams?.address().port ?? this.#options.port;
  }

  /** Which servers answer from now on. */
  use(servers: readonly Server[]): void {
    this.#servers = servers;
    this.#known.clear();
  }

  /** Rejects when the address is taken, and leaves nothing open then. */
  async open(): Promise<void> {
    // Of a free port for UDP nobody knows whether it is free for TCP.
    for (let left = this.#options.port === 0 ? freePortTries : 1; ; left -= 1) {
      try {
        return await this.#openBoth();
      } catch (error) {
        this.close();
        this.#datagrams = undefined;
        if (left <= 1 || codeOf(error) !== 'EADDRINUSE') throw error;
      }
    }
  }

  async #openBoth(): Promise<void> {
    const { host, port } = this.#options;
    const socket = createSocket({ type: host.includes(':') ? 'udp6' : 'udp4', recvBufferSize: 1 << 20 });
    this.#datagrams = socket;
    await new Promise<void>((resolve, reject) => {
      socket.once('error', reject);
      socket.bind(port, host, resolve);
    });
    socket.removeAllListeners('error');
    socket.on('error', (error) => this.#options.write(`[ERROR] udp: ${messageOf(error)}`));
    socket.on('message', (message, from) => this.#datagram(message, from));
    const tcp = createServer((connection) => this.#connection(connection));
    tcp.maxConnections = mostConnections;
    this.#tcp = tcp;
    await new Promise<void>((resolve, reject) => {
      tcp.once('error', reject);
      tcp.listen(this.port, host, resolve);
    });
  }

  close(): void {
    this.#datagrams?.close();
    this.#tcp?.close();
    for (const connection of this.#connections) connection.destroy();
  }

  #datagram(message: Buffer, from: RemoteInfo): void {
    const generation = this.#options.generation();
    if (generation !== this.#knownGeneration) {
      this.#known.clear();
      this.#knownGeneration = generation;
    }
    const key = message.toString('latin1', 2);
    const known = this.#known.get(key);
    if (known !== undefined && known.variants.length >= known.wanted) return this.#sendKnown(known, message, from);
    const client = { address: from.address, port: from.port };
    this.#answer(message, client, 'udp', (bytes, query, reply, quick) => {
      this.#datagrams?.send(bytes, from.port, from.address);
      if (quick && query !== undefined && generation === this.#options.generation())
        this.#remember(key, bytes, query, reply);
    });
  }

  #sendKnown(known: Known, message: Buffer, from: RemoteInfo): void {
    known.turn = (known.turn + 1) % known.variants.length;
    const bytes = known.variants[known.turn];
    if (bytes === undefined) return;
    // Sending reads the bytes now or, when the socket is not ready, later: each answer is a copy.
    const answer = Buffer.from(bytes);
    answer[0] = message[0] ?? 0;
    answer[1] = message[1] ?? 0;
    this.#datagrams?.send(answer, from.port, from.address);
    this.#options.metrics.answered(known.type, 'udp', known.rcode, 0);
  }

  #remember(key: string, bytes: Uint8Array, query: Query, reply: Reply): void {
    if (reply.kind === 'foreign' || reply.stable !== true) return;
    const known = this.#known.get(key);
    if (known !== undefined) {
      known.variants.push(bytes);
      return;
    }
    if (this.#known.size >= mostKnown) this.#known.clear();
    const addresses = reply.answers.filter(({ data }) => data.type === 'A' || data.type === 'AAAA').length;
    const wanted = Math.min(mostVariants, Math.max(1, addresses));
    this.#known.set(key, { variants: [bytes], wanted, type: query.type, rcode: reply.rcode, turn: 0 });
  }

  #connection(connection: Socket): void {
    this.#connections.add(connection);
    const client = { address: connection.remoteAddress ?? '', port: connection.remotePort ?? 0 };
    let received: Buffer = Buffer.alloc(0);
    connection.setTimeout(idleTimeout, () => connection.destroy());
    connection.on('close', () => this.#connections.delete(connection));
    // A client that goes away in the middle is no fault of ours.
    connection.on('error', () => {});
    connection.on('data', (chunk: Buffer) => {
      received = Buffer.concat([received, chunk]);
      while (received.length >= 2 && received.length >= 2 + received.readUInt16BE(0)) {
        const end = 2 + received.readUInt16BE(0);
        this.#answer(Buffer.from(received.subarray(2, end)), client, 'tcp', (bytes) => {
          const length = Buffer.alloc(2);
          length.writeUInt16BE(bytes.length);
          if (!connection.destroyed) connection.write(Buffer.concat([length, bytes]));
        });
        received = received.subarray(end);
      }
    });
  }

  #answer(message: Buffer, client: Request['client'], transport: Request['transport'], send: Send): void {
    const start = this.#options.clock.monotonic();
    let query: Query;
    try {
      query = parseQuery(message);
    } catch (error) {
      if (error instanceof FormatError && error.id !== undefined)
        send(encodeError(error.id, error.rcode), undefined, errorReply(error.rcode), false);
      return;
    }
    const server = serverFor(this.#servers, query.name);
    const limit = transport === 'udp' ? datagramLimit(query) : 65_535;
    const request: Request = { query, name: query.name, type: query.type, client, transport };
    const finish = (reply: Reply): Reply => {
      this.#options.metrics.answered(query.type, transport, reply.rcode, this.#options.clock.monotonic() - start);
      send(encode(query, reply, limit), query, reply, server?.quick === true);
      return reply;
    };
    const failed = (error: unknown): void => {
      this.#options.write(`[ERROR] ${query.name}.: ${messageOf(error)}`);
      finish(errorReply(rcodes.SERVFAIL));
    };
    try {
      const done = andThen(resolve(request, server), finish);
      if (done instanceof Promise) done.catch(failed);
    } catch (error) {
      failed(error);
    }
  }
}

type Send = (bytes: Uint8Array, query: Query | undefined, reply: Reply, quick: boolean) => void;

function resolve(request: Request, server: Server | undefined): Answer {
  const { query } = request;
  if (query.opcode !== 0) return errorReply(rcodes.NOTIMP);
  if (server === undefined || query.class !== 1 || query.type === types.AXFR) return errorReply(rcodes.REFUSED);
  return server.resolve(request);
}

function encode(query: Query, reply: Reply, limit: number): Uint8Array {
  if (reply.kind === 'local') return encodeReply(query, reply, limit, true);
  if (reply.message.length > limit) return encodeReply(query, { ...errorReply(reply.rcode) }, limit, true, true);
  const bytes = Uint8Array.from(reply.message);
  bytes[0] = query.id >> 8;
  bytes[1] = query.id & 255;
  return bytes;
}
