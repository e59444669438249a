/** Requests by method and path; handlers answer with a value, and errors have a status. */
import type { IncomingMessage, ServerResponse } from 'node:http';

export interface Request {
  readonly url: URL;
  readonly incoming: IncomingMessage;
  /** Parts of the path that the route left open. */
  readonly parts: readonly string[];
  body(): Promise<string>;
}

export interface Answer {
  readonly status?: number;
  readonly type?: string;
  readonly body: string | Uint8Array | NodeJS.ReadableStream;
}

export type Handler = (request: Request) => Promise<Answer> | Answer;

export class HttpError extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

export const json = (value: unknown): Answer => ({ type: 'application/json', body: JSON.stringify(value) });

const maxBody = 1024 * 1024;

export class Router {
  readonly #routes: { readonly method: string; readonly pattern: RegExp; readonly handler: Handler }[] = [];

  /** In `path`, `:` stands for one part and a final `*` for all that follows. */
  on(method: string, path: string, handler: Handler): void {
    const pattern = path.replaceAll(/[.]/g, '\\.').replaceAll(':', '([^/]+)').replace(/\*$/, '(.*)');
    this.#routes.push({ method, pattern: new RegExp(`^${pattern}$`), handler });
  }

  async handle(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      const url = new URL(incoming.url ?? '/', 'http://kuard');
      // The same server also answers below /a, /b and /c, to try an ingress with paths.
      const path = url.pathname.replace(/^\/[abc](?=\/|$)/, '') || '/';
      const method = incoming.method === 'HEAD' ? 'GET' : incoming.method;
      const found = this.#routes.filter((route) => route.pattern.test(path));
      const route = found.find((each) => each.method === method);
      if (route === undefined)
        throw new HttpError(
          found.length > 0 ? 405 : 404,
          found.length > 0 ? 'Method Not Allowed' : '404 page not found',
        );
      const parts = (route.pattern.exec(path) ?? []).slice(1).map(decodeURIComponent);
      send(response, await route.handler({ url, incoming, parts, body: () => readBody(incoming) }));
    } catch (error) {
      const status = error instanceof HttpError ? error.status : 500;
      send(response, { status, type: 'text/plain; charset=utf-8', body: `${(error as Error).message}\n` });
    }
  }
}

function send(response: ServerResponse, { status = 200, type = 'text/plain; charset=utf-8', body }: Answer): void {
  response.writeHead(status, { 'content-type': type, 'cache-control': 'no-store' });
  if (typeof body === 'string' || body instanceof Uint8Array) response.end(body);
  else body.once('error', () => response.destroy()).pipe(response);
}

async function readBody(incoming: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of incoming) {
    length += (chunk as Buffer).length;
    if (length > maxBody) throw new HttpError(413, 'request body too large');
    chunks.push(chunk as Buffer);
  }
  return Buffer.concat(chunks).toString('utf8');
}
