/**
 * Pages that are seen through a proxy: what leads to the root of their server must lead through the proxy again.
 * Pages say so in HTML and in the Location of a redirection; relative links need nothing.
 */
import type { IncomingMessage, OutgoingHttpHeaders } from 'node:http';
import type { Readable } from 'node:stream';
import { createGunzip, createInflate } from 'node:zlib';

/** Where a page comes from, and the path under which the client sees the root of its server. */
export interface Proxied {
  /** Of the server behind the proxy, as `host:port`. */
  readonly host: string;
  /** Of the proxy, as the client names it. */
  readonly frontHost: string;
  /** Without a slash at the end. */
  readonly prefix: string;
}

/** The link as it must be for the client. */
export function proxiedLink(link: string, { host, frontHost, prefix }: Proxied): string {
  const origin = /^(?:https?:)?\/\/([^/?#]*)/i.exec(link);
  if (origin === null) return isBelow(link, prefix) ? link : `${prefix}${link}`;
  const path = link.slice(origin[0].length);
  if (origin[1] !== host && origin[1] !== frontHost) return link;
  const rooted = path.startsWith('/') ? path : `/${path}`;
  return isBelow(rooted, prefix) ? link : `${prefix}${rooted}`;
}

/** Links that are relative, or lead through the proxy already. */
function isBelow(link: string, prefix: string): boolean {
  return !link.startsWith('/') || link === prefix || link.startsWith(`${prefix}/`);
}

/** Attributes that hold links, by element. */
const links: Readonly<Record<string, readonly string[]>> = {
  a: ['href'],
  applet: ['codebase'],
  area: ['href'],
  audio: ['src'],
  base: ['href'],
  blockquote: ['cite'],
  body: ['background'],
  button: ['formaction'],
  command: ['icon'],
  del: ['cite'],
  embed: ['src'],
  form: ['action'],
  frame: ['longdesc', 'src'],
  head: ['profile'],
  html: ['manifest'],
  iframe: ['longdesc', 'src'],
  img: ['longdesc', 'src', 'usemap'],
  input: ['src', 'usemap', 'formaction'],
  ins: ['cite'],
  link: ['href'],
  object: ['classid', 'codebase', 'data', 'usemap'],
  q: ['cite'],
  script: ['src'],
  source: ['src'],
  video: ['poster', 'src'],
};

/** What of the answer goes on to the client: its headers, and a stream of its body. */
export interface ProxiedAnswer {
  readonly headers: OutgoingHttpHeaders;
  readonly body: Readable;
}

/** `headers`: those of the answer that may go on. */
export async function proxiedAnswer(
  answer: IncomingMessage,
  headers: OutgoingHttpHeaders,
  proxied: Proxied,
): Promise<ProxiedAnswer> {
  const { location } = answer.headers;
  if (location !== undefined) {
    return { headers: { ...headers, location: proxiedLink(location, proxied) }, body: answer };
  }
  const decoded = isPage(answer) ? decodedBody(answer) : undefined;
  if (decoded === undefined) return { headers, body: answer };
  const { 'content-length': _length, 'content-encoding': _encoding, ...others } = headers;
  return { headers: others, body: decoded.setEncoding('utf8').pipe(await linkRewriter(proxied)) };
}

function isPage(answer: IncomingMessage): boolean {
  return (answer.headers['content-type'] ?? '').split(';', 1)[0]?.trim().toLowerCase() === 'text/html';
}

/** Undefined when it is written in a way that is not known here. */
function decodedBody(answer: IncomingMessage): Readable | undefined {
  const encoding = answer.headers['content-encoding'] ?? '';
  if (encoding === '' || encoding === 'identity') return answer;
  if (encoding === 'gzip') return answer.pipe(createGunzip());
  return encoding === 'deflate' ? answer.pipe(createInflate()) : undefined;
}

async function linkRewriter(proxied: Proxied) {
  const { RewritingStream } = await import('parse5-html-rewriting-stream');
  const rewriter = new RewritingStream();
  rewriter.on('startTag', (tag, raw) => {
    let changed = false;
    for (const attribute of tag.attrs) {
      if (links[tag.tagName]?.includes(attribute.name) !== true) continue;
      const link = proxiedLink(attribute.value, proxied);
      changed ||= link !== attribute.value;
      attribute.value = link;
    }
    if (changed) rewriter.emitStartTag(tag);
    else rewriter.emitRaw(raw);
  });
  return rewriter;
}
