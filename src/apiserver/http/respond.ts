/** Writes answers: objects, lists, Statuses. Large ones are compressed and written in turns. */
import { createGzip, gzip, constants } from 'node:zlib';
import { InvariantError, messageOf } from '../../base/errors.ts';
import type { Logger } from '../../base/log.ts';
import { internalError, StatusError, type Status } from '../errors.ts';
import { outletOf, type Exchange, type Headers } from './exchange.ts';
import { batches, pump, recycle, turn } from './pump.ts';
import { wantsIndentation } from './readable.ts';

/** Upstream compresses what is larger than this, at the fastest level. */
const compressFrom = 128 * 1024;
const level = constants.Z_BEST_SPEED;

const commonHeaders: Headers = { 'cache-control': 'no-cache, private' };

/** Characters of all warnings together, from which on each is cut to the second number of them, as upstream does. */
const mostWarned = 4096;
const mostWarnedEach = 256;

/** `Warning: 299 - "text"`, one header per text; cut short, and the last left out, when they are too long together. */
export function warningHeaders(warnings: readonly string[]): Headers {
  if (warnings.length === 0) return {};
  const texts = [...new Set(warnings)];
  const isLong = texts.reduce((sum, { length }) => sum + length, 0) > mostWarned;
  return { warning: (isLong ? cut(texts) : texts).map((text) => `299 - "${headerText(text)}"`) };
}

function cut(texts: readonly string[]): string[] {
  const kept: string[] = [];
  let written = 0;
  for (const text of texts) {
    if (written >= mostWarned) break;
    const short = text.slice(0, mostWarnedEach);
    written += short.length;
    kept.push(short);
  }
  return kept;
}

/** Headers hold ASCII: what clients put into field names and the like must not break an answer. */
function headerText(text: string): string {
  return text
    .replaceAll(/[\\"]/g, '\\$&')
    .replaceAll(/\s+/g, ' ')
    .replaceAll(/[^\u0020-\u007e]/g, '?');
}

function acceptsGzip(exchange: Exchange): boolean {
  const header = exchange.headers['accept-encoding'];
  return typeof header === 'string' && /(?:^|[,\s])gzip(?:$|[,;\s])/.test(header);
}

/** A single piece at once. */
export function sendBytes(exchange: Exchange, status: number, headers: Headers, body: Uint8Array): void {
  const all = { ...commonHeaders, ...headers };
  if (body.length < compressFrom || !acceptsGzip(exchange)) return exchange.send(status, all, body);
  gzip(body, { level }, (error, compressed) => {
    if (error === null)
      exchange.send(status, { ...all, 'content-encoding': 'gzip', vary: 'Accept-Encoding' }, compressed);
    else exchange.send(status, all, body);
  });
}

/** Pieces of unknown number: small answers go out whole, large ones as a stream, compressed if the client likes. */
export async function sendPieces(
  exchange: Exchange,
  headers: Headers,
  pieces: Iterable<string | Uint8Array>,
): Promise<void> {
  const rest = batches(pieces);
  const begun: Uint8Array[] = [];
  while (begun.length < 2) {
    const { done, value } = rest.next();
    if (done === true) return sendBytes(exchange, 200, headers, wholeOf(begun));
    if (value.length === 0) await turn();
    else begun.push(value);
  }
  const all = (function* () {
    yield* begun;
    yield* rest;
  })();
  const compress = acceptsGzip(exchange);
  const encoding = compress ? { 'content-encoding': 'gzip', vary: 'Accept-Encoding' } : {};
  const out = exchange.open(200, { ...commonHeaders, ...headers, ...encoding });
  if (!compress) {
    await pump(all, out);
    return out.end();
  }
  const packer = createGzip({ level, chunkSize: 64 * 1024 });
  packer.pipe(out.writable);
  exchange.onClose(() => packer.destroy());
  const inlet = outletOf(packer);
  await pump(all, inlet);
  inlet.end();
}

/** An answer of one batch, without the room that it did not need. */
function wholeOf([batch]: readonly Uint8Array[]): Uint8Array {
  if (batch === undefined) return new Uint8Array();
  const whole = Buffer.from(batch);
  recycle(batch);
  return whole;
}

export function sendJson(exchange: Exchange, status: number, value: unknown, headers: Headers = {}): void {
  const json = wantsIndentation(exchange) ? JSON.stringify(value, null, 2) : `${JSON.stringify(value)}\n`;
  sendBytes(exchange, status, { 'content-type': 'application/json', ...headers }, Buffer.from(json));
}

export function sendText(exchange: Exchange, status: number, text: string, headers: Headers = {}): void {
  const type = { 'content-type': 'text/plain; charset=utf-8', 'x-content-type-options': 'nosniff' };
  exchange.send(status, { ...commonHeaders, ...type, ...headers }, text);
}

/** Whatever was thrown, as a Status. What is no StatusError is a fault of ours: logged, and told without details. */
export function statusOf(error: unknown, log: Logger, what: string): Status & { readonly code: number } {
  if (error instanceof StatusError) return { ...error.status, code: error.code };
  log.error('a request failed unexpectedly', { request: what, error: error instanceof Error ? error.stack : error });
  const hidden =
    error instanceof InvariantError ? 'an invariant of the server is broken; its log says which' : messageOf(error);
  return { ...internalError(hidden).status, code: 500 };
}

/** Headers that go with a Status. */
export function statusHeaders(status: Status): Headers {
  const seconds = status.details?.retryAfterSeconds;
  return seconds === undefined ? {} : { 'retry-after': String(seconds) };
}
