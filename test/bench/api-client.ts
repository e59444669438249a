/** The client of the API's figures: HTTPS with connections kept alive, and little work of its own. */
import { connect, type ClientHttp2Session } from 'node:http2';
import { Agent, request } from 'node:https';
import type { IncomingMessage } from 'node:http';
import { systemClock } from '../../src/base/clock.ts';
import type { ServerReady } from './api-server.ts';

export class Client {
  readonly #agent: Agent;
  readonly #port: number;

  constructor(ready: ServerReady, sockets: number) {
    const { ca, key, cert } = ready;
    this.#agent = new Agent({ keepAlive: true, maxSockets: sockets, ca, key, cert });
    this.#port = ready.port;
  }

  /** The size of the answer. */
  call(method: string, path: string, body?: string, headers: Record<string, string> = {}): Promise<number> {
    return new Promise((resolve, reject) => {
      const type =
        body === undefined ? {} : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) };
      const options = { ...this.#place(path), method, headers: { ...type, ...headers } };
      const outgoing = request(options, (answer) => {
        let size = 0;
        answer.on('data', (chunk: Buffer) => (size += chunk.length));
        answer.on('end', () => {
          if ((answer.statusCode ?? 500) < 300) resolve(size);
          else reject(new Error(`${method} ${path}: ${answer.statusCode}`));
        });
      });
      outgoing.on('error', reject);
      outgoing.end(body);
    });
  }

  /** Calls `onData` for what comes of a watch, until the result is called. */
  watch(path: string, onData: (chunk: Buffer) => void): Promise<() => void> {
    return new Promise((resolve, reject) => {
      const outgoing = request(this.#place(path), (answer: IncomingMessage) => {
        answer.on('data', onData);
        answer.on('error', () => {});
        resolve(() => outgoing.destroy());
      });
      outgoing.on('error', reject);
      outgoing.end();
    });
  }

  close(): void {
    this.#agent.destroy();
  }

  #place(path: string): { readonly host: string; readonly port: number; readonly agent: Agent; readonly path: string } {
    return { host: '127.0.0.1', port: this.#port, agent: this.#agent, path };
  }
}

/** One connection with a stream per request, as clients written in Go have it. */
export class Http2Client {
  readonly #session: ClientHttp2Session;

  constructor({ port, ca, key, cert }: ServerReady) {
    this.#session = connect(`https://127.0.0.1:${port}`, { ca, key, cert });
  }

  /** The size of the answer. */
  call(method: string, path: string, body?: string): Promise<number> {
    return new Promise((resolve, reject) => {
      const type = body === undefined ? {} : { 'content-type': 'application/json' };
      const stream = this.#session.request({ ':method': method, ':path': path, ...type }, { endStream: !body });
      let status = 0;
      let size = 0;
      stream.on('response', (headers) => (status = headers[':status'] ?? 0));
      stream.on('data', (chunk: Buffer) => (size += chunk.length));
      stream.on('end', () => (status < 300 ? resolve(size) : reject(new Error(`${method} ${path}: ${status}`))));
      stream.on('error', reject);
      if (body !== undefined) stream.end(body);
    });
  }

  close(): void {
    this.#session.destroy();
  }
}

/** Makes `count` calls, `parallel` of them at a time; resolves with how many there were per second. */
export async function rate(
  count: number,
  parallel: number,
  call: (index: number) => Promise<unknown>,
): Promise<number> {
  let next = 0;
  const begun = systemClock.monotonic();
  const worker = async (): Promise<void> => {
    for (let index = next++; index < count; index = next++) await call(index);
  };
  await Promise.all(Array.from({ length: parallel }, worker));
  return (count / (systemClock.monotonic() - begun)) * 1000;
}

/** The median of some calls, in milliseconds. */
export async function median(times: number, call: () => Promise<unknown>): Promise<number> {
  const taken: number[] = [];
  for (let turn = 0; turn < times; turn += 1) taken.push(await timed(call));
  return quantile(taken, 0.5);
}

export async function timed(call: () => Promise<unknown>): Promise<number> {
  const begun = systemClock.monotonic();
  await call();
  return systemClock.monotonic() - begun;
}

export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((one, other) => one - other);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? NaN;
}
