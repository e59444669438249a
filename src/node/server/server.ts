/**
 * The node's own HTTPS server, under the kubelet's paths: logs, exec, attach, port-forward, pods, statistics.
 * The API server calls it for users; monitoring calls it directly.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Clock } from '../../base/clock.ts';
import { messageOf } from '../../base/errors.ts';
import { largestHeaders } from '../../base/http-limits.ts';
import type { Logger } from '../../base/log.ts';
import { aborted, type Service } from '../../base/service.ts';
import { strongTls } from '../../base/tls.ts';
import type { NodeAgent } from '../agent.ts';
import { attributesOf, type KubeletAuth } from './auth.ts';
import { cutWhenIdle } from './idle.ts';
import { healthMetrics, healthz } from './health.ts';
import { HttpError, type KubeletRequest, type KubeletResponse } from './http.ts';
import { containerLogs } from './logs-route.ts';
import { statsSummary } from './summary.ts';
import { metrics, metricsCadvisor, metricsProbes, metricsResource } from './metrics-routes.ts';
import { nodeLogs } from './node-logs.ts';
import { checkpoint, configz, debug, podList, run, runningPods } from './routes.ts';
import { upgradeRoute } from './upgrade.ts';

export interface KubeletServerOptions {
  readonly agent: NodeAgent;
  readonly auth: KubeletAuth;
  readonly clock: Clock;
  readonly log: Logger;
  /** PEM. `clientAuthority` signs the certificates of clients. */
  readonly tls: { readonly certificate: string; readonly key: string; readonly clientAuthority: string };
  readonly address: string;
  /** 0 takes a free one. */
  readonly port: number;
}

export interface KubeletServer extends Service {
  /** New connections use this from now on. */
  rotate(tls: KubeletServerOptions['tls']): void;
  /** Resolves with the port once it listens; rejects when it cannot. */
  listen(): Promise<number>;
}

type Handler = (request: KubeletRequest, response: KubeletResponse) => Promise<void>;

const metricsRoutes: Readonly<Record<string, Handler>> = {
  '': metrics,
  resource: metricsResource,
  cadvisor: metricsCadvisor,
  probes: metricsProbes,
  slis: healthMetrics,
};

/** Paths that change nothing know GET alone. */
function readOnly(handler: Handler): Handler {
  return (request, response) => {
    if (request.incoming.method !== 'GET') throw new HttpError(405, 'Method Not Allowed');
    return handler(request, response);
  };
}

function upgradeRequired(): never {
  throw new HttpError(400, 'Upgrade request required');
}

/** By a path's first part. /statusz and /flagz are behind feature gates that are off, as upstream by default. */
const routes: Readonly<Record<string, Handler>> = {
  healthz,
  pods: readOnly(podList),
  runningpods: readOnly(runningPods),
  configz,
  debug,
  containerLogs: readOnly(containerLogs),
  logs: readOnly((request, response) => nodeLogs('/var/log', request, response)),
  run,
  checkpoint,
  exec: upgradeRequired,
  attach: upgradeRequired,
  portForward: upgradeRequired,
  stats: readOnly(statsSummary),
  metrics: (request, response) => {
    const [, kind = '', ...more] = request.parts;
    const handler = more.length > 0 ? undefined : metricsRoutes[kind];
    if (handler === undefined) throw new HttpError(404, '404 page not found');
    return handler(request, response);
  },
};

export function createKubeletServer(options: KubeletServerOptions): KubeletServer {
  const { certificate, key, clientAuthority } = options.tls;
  const server = createServer({
    cert: certificate,
    key,
    ca: clientAuthority,
    requestCert: true,
    // Tokens are another way in: the handler decides, with 401 rather than a broken handshake.
    rejectUnauthorized: false,
    ALPNProtocols: ['http/1.1'],
    maxHeaderSize: largestHeaders,
    ...strongTls,
  });
  server.timeout = 0;
  server.on('request', (incoming, outgoing) => void answer(options, incoming, outgoing));
  server.on('upgrade', (incoming, socket, head) => void upgrade(options, incoming, socket, head));
  server.on('tlsClientError', (error) => options.log.debug('a client broke off', { error: messageOf(error) }));
  let listening: Promise<number> | undefined;
  const listen = (): Promise<number> => (listening ??= startListening(server, options));
  return {
    name: 'kubelet server',
    listen,
    rotate: (tls) =>
      server.setSecureContext({ cert: tls.certificate, key: tls.key, ca: tls.clientAuthority, ...strongTls }),
    async run(signal) {
      await listen();
      await aborted(signal);
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

function startListening(server: Server, { port, address }: KubeletServerOptions): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, address, () => {
      server.off('error', reject);
      resolve((server.address() as AddressInfo).port);
    });
  });
}

async function answer(
  options: KubeletServerOptions,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
): Promise<void> {
  const response = responder(outgoing);
  try {
    const request = await admitted(options, incoming);
    const handler = routes[request.parts[0] ?? ''];
    if (handler === undefined) throw new HttpError(404, '404 page not found');
    await handler(request, response);
  } catch (error) {
    const known = error instanceof HttpError;
    if (!known) options.log.warn('a request failed', { path: incoming.url, error: messageOf(error) });
    if (outgoing.headersSent) return void outgoing.destroy();
    await response.text(known ? error.code : 500, messageOf(error));
  }
}

async function upgrade(
  options: KubeletServerOptions,
  incoming: IncomingMessage,
  socket: Duplex,
  head: Buffer,
): Promise<void> {
  socket.on('error', () => socket.destroy());
  // Whoever is gone without a word would hold its command and its connection for ever.
  cutWhenIdle(incoming.socket, options.clock, options.agent.options.config.streamingConnectionIdleTimeout * 1000);
  try {
    await upgradeRoute(await admitted(options, incoming), socket, head);
  } catch (error) {
    const code = error instanceof HttpError ? error.code : 500;
    if (code === 500) options.log.warn('an upgrade failed', { path: incoming.url, error: messageOf(error) });
    refuse(socket, code, messageOf(error));
  }
}

function refuse(socket: Duplex, code: number, message: string): void {
  if (!socket.writable) return;
  const body = Buffer.from(message);
  socket.end(
    `HTTP/1.1 ${code} ${reasons[code] ?? 'Error'}\r\nContent-Type: text/plain; charset=utf-8\r\n` +
      `Content-Length: ${body.length}\r\nConnection: close\r\n\r\n${message}`,
  );
}

const reasons: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  500: 'Internal Server Error',
};

async function admitted(options: KubeletServerOptions, incoming: IncomingMessage): Promise<KubeletRequest> {
  const url = new URL(incoming.url ?? '/', 'https://node');
  const verdict = await options.auth.check(incoming, attributesOf(incoming.method ?? 'GET', url.pathname));
  if (verdict.code !== 200) throw new HttpError(verdict.code, verdict.message);
  const gone = new AbortController();
  incoming.socket.once('close', () => gone.abort(new Error('the client has gone')));
  return {
    agent: options.agent,
    clock: options.clock,
    log: options.log,
    incoming,
    url,
    parts: partsOf(url.pathname),
    signal: gone.signal,
  };
}

function partsOf(path: string): readonly string[] {
  try {
    return path
      .split('/')
      .filter((part) => part !== '')
      .map(decodeURIComponent);
  } catch {
    throw new HttpError(400, `invalid URL escape in ${JSON.stringify(path.slice(0, 200))}`);
  }
}

function responder(outgoing: ServerResponse): KubeletResponse {
  return {
    text(code, body) {
      outgoing.writeHead(code, { 'content-type': 'text/plain; charset=utf-8' });
      outgoing.end(body);
      return Promise.resolve();
    },
    json(value) {
      outgoing.writeHead(200, { 'content-type': 'application/json' });
      outgoing.end(JSON.stringify(value));
      return Promise.resolve();
    },
    stream(type) {
      outgoing.writeHead(200, { 'content-type': type });
      outgoing.flushHeaders();
      return outgoing;
    },
  };
}
