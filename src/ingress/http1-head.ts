/** Heads of HTTP/1.1 responses. */

export class HttpParseError extends Error {
  override readonly name = 'HttpParseError';
}

export interface ResponseHead {
  readonly status: number;
  readonly reason: string;
  /** Name, value, name, value: without those about connection and framing. */
  readonly headers: readonly string[];
  readonly length: number | undefined;
  readonly chunked: boolean;
  readonly keepAlive: boolean;
  readonly keepAliveSeconds: number | undefined;
}

const mostBytes = 64 * 1024;
const end = Buffer.from('\r\n\r\n');
const hopByHop = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'transfer-encoding',
  'te',
  'trailer',
  'upgrade',
  'proxy-authenticate',
]);

/** Collects bytes until a head is whole. */
export class HeadParser {
  #kept: Buffer | undefined;

  /** `rest`: what came behind it. Throws HttpParseError. */
  feed(chunk: Buffer): { readonly head: ResponseHead; readonly rest: Buffer } | undefined {
    const all = this.#kept === undefined ? chunk : Buffer.concat([this.#kept, chunk]);
    const at = all.indexOf(end);
    if (at < 0) {
      if (all.length > mostBytes) throw new HttpParseError('the head is larger than 64 KiB');
      this.#kept = all;
      return undefined;
    }
    return { head: parseHead(all.toString('latin1', 0, at)), rest: all.subarray(at + 4) };
  }
}

function parseHead(text: string): ResponseHead {
  const lines = text.split('\r\n');
  const status = /^HTTP\/1\.([01]) (\d{3})(?: (.*))?$/.exec(lines[0] ?? '');
  if (status === null) throw new HttpParseError('not an HTTP/1.1 answer');
  const headers: string[] = [];
  const framing: Framing = { length: undefined, chunked: false, connection: '', keepAlive: undefined };
  for (let at = 1; at < lines.length; at += 1) {
    const line = lines[at] ?? '';
    const colon = line.indexOf(':');
    if (colon <= 0 || line[colon - 1] === ' ') throw new HttpParseError('a malformed header line');
    const name = line.slice(0, colon);
    const value = line.slice(colon + 1).trim();
    if (!noteFraming(framing, name.toLowerCase(), value)) headers.push(name, value);
  }
  if (framing.chunked && framing.length !== undefined) throw new HttpParseError('both a length and chunks');
  const minor = status[1];
  const keepAlive = minor === '1' ? !framing.connection.includes('close') : framing.connection.includes('keep-alive');
  return {
    status: Number(status[2]),
    reason: status[3] ?? '',
    headers,
    length: framing.length,
    chunked: framing.chunked,
    keepAlive,
    keepAliveSeconds: framing.keepAlive,
  };
}

interface Framing {
  length: number | undefined;
  chunked: boolean;
  connection: string;
  keepAlive: number | undefined;
}

/** Whether the header is about framing: noted here, and written anew for the client. */
function noteFraming(framing: Framing, name: string, value: string): boolean {
  if (name === 'content-length') {
    if (!/^\d{1,15}$/.test(value) || framing.length !== undefined) throw new HttpParseError('a malformed length');
    framing.length = Number(value);
    return true;
  }
  if (!hopByHop.has(name)) return false;
  if (name === 'transfer-encoding') {
    if (value.toLowerCase() !== 'chunked') throw new HttpParseError(`transfer encoding ${value} is not supported`);
    framing.chunked = true;
  }
  if (name === 'connection') framing.connection += value.toLowerCase();
  if (name === 'keep-alive') {
    const seconds = /timeout=(\d+)/.exec(value)?.[1];
    if (seconds !== undefined) framing.keepAlive = Number(seconds);
  }
  return true;
}
