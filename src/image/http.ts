/** Plain HTTP requests with what a registry needs: streamed bodies, redirects, and a bound on silence. */
import http, { type IncomingHttpHeaders, type IncomingMessage } from 'node:http';
import https from 'node:https';
import type { Clock } from '../base/clock.ts';

export interface HttpOptions {
  readonly clock: Clock;
  /** Milliseconds until the answer's headers must be here. */
  readonly answerTimeout: number;
  /** Milliseconds that a body may pause, and in which at least `leastProgress` bytes of it must come. */
  readonly idleTimeout: number;
  /** PEM of further authorities, by host (with port if the name has one). */
  readonly authorities?: Readonly<Record<string, string>>;
  /** Hosts besides loopback that may be spoken to without TLS. */
  readonly insecureHosts?: readonly string[];
}

export interface HttpRequest {
  readonly method?: 'GET' | 'HEAD' | 'POST';
  readonly url: URL;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly signal: AbortSignal;
}

export interface HttpAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  /** Must be read or destroyed. Fails with HttpError when it pauses too long or ends early. */
  readonly body: AsyncIterable<Buffer>;
  readonly url: URL;
  discard(): void;
}

/** No answer was had, or none that is of use: the network, the name, TLS, time, or size. */
export class HttpError extends Error {
  override readonly name = 'HttpError';
  /** Whether asking again may help. */
  readonly passing: boolean;

  constructor(message: string, passing = true) {
    super(message);
    this.passing = passing;
  }
}

const maxRedirects = 10;
/** Bytes within `idleTimeout`: whoever trickles would hold one of the few places for pulls for ever. */
const leastProgress = 64 * 1024;

export class HttpClient {
  readonly #options: HttpOptions;
  readonly #agents = {
    http: new http.Agent({ keepAlive: true, maxSockets: 8, timeout: 30_000 }),
    https: new https.Agent({ keepAlive: true, maxSockets: 8, timeout: 30_000 }),
  };

  constructor(options: HttpOptions) {
    this.#options = options;
  }

  /** `http` for loopback and hosts named insecure, `https` for all others. */
  schemeOf(host: string): 'http' | 'https' {
    const name = host.replace(/:\d+$/, '');
    const loopback = name === 'localhost' || name === '[::1]' || /^127\.\d+\.\d+\.\d+$/.test(name);
    return loopback || this.#options.insecureHosts?.includes(host) === true ? 'http' : 'https';
  }

  /** Follows redirects; credentials go to the first host only. */
  async request(request: HttpRequest): Promise<HttpAnswer> {
    let current = request;
    for (let hop = 0; hop <= maxRedirects; hop += 1) {
      const answer = await this.#once(current);
      const location = answer.headers.location;
      if (answer.status < 300 || answer.status > 399 || answer.status === 304 || location === undefined) return answer;
      answer.discard();
      current = redirected(current, location);
    }
    throw new HttpError(`${request.url.href}: stopped after ${maxRedirects} redirects`, false);
  }

  /** Closes idle connections. */
  close(): void {
    this.#agents.http.destroy();
    this.#agents.https.destroy();
  }

  #once(request: HttpRequest): Promise<HttpAnswer> {
    const { url, signal, method = 'GET' } = request;
    const secure = url.protocol === 'https:';
    const what = `${method[0]}${method.slice(1).toLowerCase()} "${url.href}"`;
    return new Promise((resolve, reject) => {
      const ca = this.#options.authorities?.[url.host];
      const outgoing = (secure ? https : http).request(url, {
        method,
        signal,
        agent: secure ? this.#agents.https : this.#agents.http,
        headers: { 'user-agent': 'coracle', ...request.headers },
        ...(ca === undefined ? {} : { ca }),
      });
      const timer = this.#options.clock.after(this.#options.answerTimeout, () => {
        outgoing.destroy(
          new HttpError(`${what}: no answer within ${this.#options.answerTimeout / 1000} s: i/o timeout`),
        );
      });
      outgoing.on('error', (error) => {
        timer.cancel();
        reject(signal.aborted || error instanceof HttpError ? error : networkError(what, error, url));
      });
      outgoing.on('response', (incoming) => {
        timer.cancel();
        resolve({
          status: incoming.statusCode ?? 0,
          headers: incoming.headers,
          body: this.#body(incoming, what),
          url,
          discard: () => void incoming.destroy(),
        });
      });
      outgoing.end(request.body);
    });
  }

  async *#body(incoming: IncomingMessage, what: string): AsyncGenerator<Buffer> {
    const { clock, idleTimeout } = this.#options;
    let received = 0;
    // Time in which the reader was busy with a chunk is none of the sender's.
    let reading = true;
    const watch = (): void => {
      if (!reading || received >= leastProgress) {
        received = 0;
        timer = clock.after(idleTimeout, watch);
        return;
      }
      const how = received === 0 ? 'nothing' : `only ${received} bytes`;
      incoming.destroy(new HttpError(`${what}: ${how} received for ${idleTimeout / 1000} s`));
    };
    let timer = clock.after(idleTimeout, watch);
    try {
      for await (const chunk of incoming) {
        received += (chunk as Buffer).length;
        reading = false;
        yield chunk as Buffer;
        reading = true;
      }
    } catch (error) {
      throw error instanceof HttpError ? error : new HttpError(`${what}: ${(error as Error).message}: unexpected EOF`);
    } finally {
      timer.cancel();
    }
  }
}

/** The whole body; throws HttpError beyond `limit` bytes. */
export async function readBody(answer: HttpAnswer, limit: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of answer.body) {
    length += chunk.length;
    if (length > limit) throw new HttpError(`${answer.url.href}: answer is larger than ${limit} bytes`, false);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function redirected(request: HttpRequest, location: string): HttpRequest {
  const url = URL.parse(location, request.url.href);
  if (url === null || (url.protocol !== 'http:' && url.protocol !== 'https:')) {
    throw new HttpError(
      `redirect from ${request.url.href} to ${JSON.stringify(location.slice(0, 200))} refused`,
      false,
    );
  }
  if (request.url.protocol === 'https:' && url.protocol === 'http:') {
    throw new HttpError(`redirect from ${request.url.href} to ${url.href} refused: it would leave TLS`, false);
  }
  if (url.host === request.url.host) return { ...request, url };
  const { authorization: _authorization, ...headers } = request.headers ?? {};
  return { ...request, url, headers };
}

/** Node's errors in the words that users of registries know. */
function networkError(what: string, error: Error, url: URL): HttpError {
  const { code, message } = error as NodeJS.ErrnoException;
  const lookup = `${what}: dial tcp: lookup ${url.hostname}`;
  if (code === 'ENOTFOUND') return new HttpError(`${lookup}: no such host`, false);
  if (code === 'EAI_AGAIN') return new HttpError(`${lookup}: Temporary failure in name resolution`);
  if (code === 'ECONNREFUSED')
    return new HttpError(`${what}: dial tcp ${url.host}: connect: connection refused`, false);
  const words = message === '' ? (code ?? 'failed') : message;
  return new HttpError(`${what}: ${words}`, !words.includes('certificate'));
}
