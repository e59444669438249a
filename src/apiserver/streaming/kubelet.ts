/**
 * Requests handed on to a kubelet's HTTPS API. Ordinary ones are piped; upgrades (WebSocket and SPDY) are
 * passed through byte by byte, since the kubelet speaks these protocols itself.
 */
import { request as httpsRequest, type RequestOptions } from 'node:https';
import type { IncomingMessage, OutgoingHttpHeaders } from 'node:http';
import type { Duplex } from 'node:stream';
import { codeOf, messageOf } from '../../base/errors.ts';
import { internalError, serviceUnavailable, StatusError } from '../errors.ts';
import type { Exchange } from '../http/exchange.ts';
import type { NodeConnector } from '../server-types.ts';
import type { NodeAddress } from './node-address.ts';

/** Pseudo-headers, and by which a client or a front proxy says who asks: whoever comes next might believe them. */
const notForOthers = [':', 'impersonate-', 'x-remote-'];

/** Belong to one connection, not to the message; credentials are the server's own. */
const hopByHop: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'host',
  'authorization',
  'http2-settings',
]);

export function forwardedHeaders(headers: NodeJS.Dict<string | string[]>, upgrade: boolean): OutgoingHttpHeaders {
  const result: OutgoingHttpHeaders = {};
  for (const [name, value] of Object.entries(headers)) {
    if (hopByHop.has(name) || notForOthers.some((prefix) => name.startsWith(prefix))) continue;
    result[name] = value;
  }
  if (upgrade) {
    result['connection'] = 'Upgrade';
    result['upgrade'] = String(headers['upgrade'] ?? '');
  }
  return result;
}

export function connection(connector: NodeConnector | undefined, address: NodeAddress): RequestOptions {
  if (connector === undefined)
    throw serviceUnavailable('this server has no credentials for nodes, so it cannot reach them');
  const { key, cert, ca } = connector.material();
  // Kubelets' certificates name the node.
  return { host: address.host, port: address.port, key, cert, ca, servername: address.node, timeout: 0 };
}

function unreachable(address: NodeAddress, error: unknown): StatusError {
  return internalError(
    `error dialing backend: ${address.node} (${address.host}:${address.port}) ${codeOf(error) ?? ''} ${messageOf(error)}`.replace(
      '  ',
      ' ',
    ),
  );
}

/** Pipes the request to the kubelet and its answer back. Throws a StatusError when it can't be reached. */
export function pipeRequest(
  exchange: Exchange,
  connector: NodeConnector | undefined,
  address: NodeAddress,
  path: string,
): Promise<void> {
  const options: RequestOptions = {
    ...connection(connector, address),
    method: exchange.method,
    path,
    headers: forwardedHeaders(exchange.headers, false),
    agent: false,
  };
  return new Promise((resolve, reject) => {
    const outgoing = httpsRequest(options);
    exchange.onClose(() => {
      outgoing.destroy();
      resolve();
    });
    outgoing.on('error', (error) => {
      if (exchange.started) exchange.destroy();
      reject(unreachable(address, error));
    });
    outgoing.on('response', (answer) => void relay(exchange, answer).then(resolve, reject));
    exchange.body.pipe(outgoing);
  });
}

async function relay(exchange: Exchange, answer: IncomingMessage): Promise<void> {
  const { statusCode: status = 502 } = answer;
  if (status >= 400) {
    const body = await collect(answer, 64 * 1024);
    throw refusalOf(status, body);
  }
  const headers: Record<string, string | readonly string[]> = {};
  for (const [name, value] of Object.entries(answer.headers)) {
    if (value !== undefined && !hopByHop.has(name)) headers[name] = value;
  }
  const out = exchange.open(status, headers);
  await new Promise<void>((resolve) => {
    answer.on('error', () => exchange.destroy());
    out.writable.on('close', resolve);
    answer.pipe(out.writable);
  });
}

async function collect(answer: IncomingMessage, limit: number): Promise<string> {
  let text = '';
  for await (const chunk of answer) {
    text += String(chunk);
    if (text.length > limit) break;
  }
  return text;
}

/** The kubelet's own words, as a Status of the API server's. */
function refusalOf(status: number, body: string): StatusError {
  const message = body.trim();
  if (status === 400) return new StatusError(400, 'BadRequest', message);
  if (status === 404)
    return new StatusError(
      404,
      'NotFound',
      message === '' ? 'the server could not find the requested resource' : message,
    );
  return new StatusError(status, status === 500 ? 'InternalError' : '', message);
}

/** Connects the client's socket with the kubelet's, after both have agreed to the upgrade. */
export function tunnel(
  message: IncomingMessage,
  client: Duplex,
  head: Buffer,
  connector: NodeConnector | undefined,
  address: NodeAddress,
  path: string,
): Promise<void> {
  const options: RequestOptions = {
    ...connection(connector, address),
    method: message.method,
    path,
    headers: forwardedHeaders(message.headers, true),
    agent: false,
  };
  return new Promise((resolve, reject) => {
    const outgoing = httpsRequest(options);
    client.once('close', () => {
      outgoing.destroy();
      resolve();
    });
    outgoing.on('error', (error) => reject(unreachable(address, error)));
    outgoing.on('response', (answer) => {
      collect(answer, 64 * 1024).then((body) => reject(refusalOf(answer.statusCode ?? 502, body)), reject);
    });
    outgoing.on('upgrade', (answer, kubelet, first) => {
      client.write(headOf(answer));
      if (first.length > 0) client.write(first);
      if (head.length > 0) kubelet.write(head);
      join(client, kubelet);
    });
    outgoing.end();
  });
}

function headOf(answer: IncomingMessage): string {
  const lines = [`HTTP/1.1 ${answer.statusCode} ${answer.statusMessage}`];
  for (let at = 0; at < answer.rawHeaders.length; at += 2)
    lines.push(`${answer.rawHeaders[at]}: ${answer.rawHeaders[at + 1]}`);
  return `${lines.join('\r\n')}\r\n\r\n`;
}

/** Both ways; when one side ends or breaks, so does the other. */
export function join(one: Duplex, other: Duplex): void {
  one.on('error', () => other.destroy());
  other.on('error', () => one.destroy());
  one.on('close', () => other.destroy());
  other.on('close', () => one.destroy());
  one.pipe(other);
  other.pipe(one);
}
