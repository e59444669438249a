/** The head of a request on its way to a backend. */
import type { IncomingMessage } from 'node:http';
import type { Http2ServerRequest } from 'node:http2';

export type ProxyRequest = IncomingMessage | Http2ServerRequest;

const dropped = new Set(['connection', 'keep-alive', 'proxy-connection', 'transfer-encoding', 'te', 'trailer', 'upgrade', 'host',
  'content-length', 'http2-settings', 'expect', 'x-real-ip', 'x-forwarded-for', 'x-forwarded-host', 'x-forwarded-port',
  'x-forwarded-proto', 'x-forwarded-scheme', 'x-scheme', 'x-request-id', 'x-forwarded-prefix', 'forwarded']); // prettier-ignore

export interface Forwarding {
  readonly method: string;
  /** Path and query for the backend. */
  readonly target: string;
  readonly host: string;
  readonly secure: boolean;
  readonly clientAddress: string;
  readonly port: number;
  readonly requestId: string;
  readonly prefix: string | undefined;
  /** The body's framing: its length, or chunks. */
  readonly body: { readonly length: string } | 'chunked' | 'none';
  readonly upgrade?: string;
}

/** Host without port, as the client named it; '' when it did not. */
export function hostOf(request: ProxyRequest): string {
  const host = authorityOf(request);
  const end = host.startsWith('[') ? host.indexOf(']') + 1 : host.indexOf(':');
  return end <= 0 ? host : host.slice(0, end);
}

export function authorityOf(request: ProxyRequest): string {
  const authority = request.headers[':authority'] ?? request.headers.host ?? '';
  return typeof authority === 'string' ? authority : '';
}

export function bodyOf(request: ProxyRequest): Forwarding['body'] {
  const length = request.headers['content-length'];
  if (length !== undefined) return length === '0' && request.method === 'GET' ? 'none' : { length };
  if ('stream' in request) return request.stream.endAfterHeaders ? 'none' : 'chunked';
  return request.headers['transfer-encoding'] === undefined ? 'none' : 'chunked';
}

export function headText(request: ProxyRequest, forwarding: Forwarding): string {
  const { method, target, host, body, upgrade } = forwarding;
  let text = `${method} ${target} HTTP/1.1\r\nHost: ${host}\r\n`;
  const { rawHeaders } = request;
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = rawHeaders[at] ?? '';
    if (name.startsWith(':') || dropped.has(name.toLowerCase())) continue;
    text += `${name}: ${rawHeaders[at + 1]}\r\n`;
  }
  text += forwardedHeaders(request, forwarding);
  if (body === 'chunked') text += 'Transfer-Encoding: chunked\r\n';
  else if (body !== 'none') text += `Content-Length: ${body.length}\r\n`;
  if (upgrade !== undefined) text += `Connection: Upgrade\r\nUpgrade: ${upgrade}\r\n`;
  return `${text}\r\n`;
}

/** What clients sent under these names is not believed: this is the edge. */
function forwardedHeaders(request: ProxyRequest, forwarding: Forwarding): string {
  const { clientAddress, secure, port, requestId, prefix } = forwarding;
  const scheme = secure ? 'https' : 'http';
  const authority = authorityOf(request);
  const more = prefix === undefined ? '' : `X-Forwarded-Prefix: ${prefix}\r\n`;
  return (
    `X-Request-ID: ${requestId}\r\nX-Real-IP: ${clientAddress}\r\nX-Forwarded-For: ${clientAddress}\r\n` +
    `X-Forwarded-Host: ${authority}\r\nX-Forwarded-Port: ${port}\r\nX-Forwarded-Proto: ${scheme}\r\n` +
    `X-Forwarded-Scheme: ${scheme}\r\nX-Scheme: ${scheme}\r\n${more}`
  );
}
