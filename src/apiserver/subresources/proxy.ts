/** `/proxy` of pods, services and nodes: a request handed on to what the object stands for. */
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest, type RequestOptions } from 'node:https';
import type { Duplex } from 'node:stream';
import { messageOf } from '../../base/errors.ts';
import { Pod } from '../../api/core/pod.ts';
import type { Service } from '../../api/core/service.ts';
import { EndpointSlice } from '../../api/discovery/endpoint-slice.ts';
import { badRequest, serviceUnavailable, StatusError } from '../errors.ts';
import type { Exchange, Headers } from '../http/exchange.ts';
import { readOne } from '../registry/read.ts';
import { keyOf, prefixOf } from '../registry/resources.ts';
import type { Call, ServerState, SubresourceHandler, UpgradeCall } from '../server-types.ts';
import { connection, forwardedHeaders, join } from '../streaming/kubelet.ts';
import { proxyOptions, type ConnectOptions } from './connect.ts';
import { addressOf, nodeOf } from '../streaming/node-address.ts';
import { checkProxyable, isProxyable } from './proxy-address.ts';
import { proxiedAnswer, type Proxied } from './proxy-links.ts';

interface Destination {
  readonly options: RequestOptions;
  readonly secure: boolean;
}

/** A request to it, seen from the client under `prefix`. */
interface Errand extends Destination {
  readonly prefix: string;
}

type Place = Pick<Call, 'server' | 'target' | 'info' | 'request'>;

/** `https:name:port`, `name:port` or `name`. */
function partsOf(name: string): { readonly scheme: string; readonly name: string; readonly port: string } {
  const parts = name.split(':');
  if (parts.length === 3)
    return { scheme: parts[0] === '' ? 'http' : (parts[0] ?? 'http'), name: parts[1] ?? '', port: parts[2] ?? '' };
  return { scheme: 'http', name: parts[0] ?? '', port: parts[1] ?? '' };
}

const verbs = ['get', 'create', 'update', 'patch', 'delete'];

function proxyHandler(connect: ConnectOptions, locate: (place: Place) => Destination): SubresourceHandler {
  return {
    verbs,
    connect,
    async handle(call) {
      const { request, exchange } = call;
      // Relative links of a page only work below a slash.
      if (request.rest === '' && (exchange.method === 'GET' || exchange.method === 'HEAD')) {
        const location = `${encodeURI(call.info.path)}/${call.info.rawQuery === '' ? '' : `?${call.info.rawQuery}`}`;
        exchange.send(301, { location }, '');
        return { type: 'done' };
      }
      await forward(exchange, errandOf(call, locate));
      return { type: 'done' };
    },
    upgrade: (call) => forwardUpgrade(call, errandOf(call, locate)),
  };
}

function errandOf(place: Place, locate: (place: Place) => Destination): Errand {
  const { options, secure } = locate(place);
  const { rest } = place.request;
  const path = encodeURI(rest === '' ? '/' : rest);
  const { rawQuery } = place.info;
  const prefix = rest === '' ? place.info.path : place.info.path.slice(0, -rest.length);
  return {
    secure,
    prefix,
    options: { ...options, path: rawQuery === '' ? path : `${path}?${rawQuery}`, agent: false },
  };
}

export const nodeProxyHandler = proxyHandler(proxyOptions('NodeProxyOptions'), ({ server, target }) => {
  const { scheme, name, port } = partsOf(target.name);
  const address = addressOf(nodeOf(server, name));
  if (port === '' || Number(port) === address.port) {
    return { options: connection(server.dependencies.nodes, address), secure: true };
  }
  // Whoever listens there is no kubelet: what the server shows to kubelets is not for it.
  checkProxyable(address.host);
  return plain(scheme, address.host, Number(port));
});

export const podProxyHandler = proxyHandler(proxyOptions('PodProxyOptions'), ({ server, target }) => {
  const { scheme, name, port } = partsOf(target.name);
  const pod = readOne(server.registry.store, target.resource, target.namespace, name).value as Pod;
  const { podIP = '' } = pod.status ?? {};
  if (podIP === '') throw badRequest(`address not allowed: pod ${name} has no address yet`);
  checkProxyable(podIP);
  const first = pod.spec?.containers.flatMap(({ ports = [] }) => ports)[0]?.containerPort ?? 80;
  return plain(scheme, podIP, port === '' ? first : Number(port));
});

export const serviceProxyHandler = proxyHandler(proxyOptions('ServiceProxyOptions'), ({ server, target }) => {
  const { scheme, name, port } = partsOf(target.name);
  const service = readOne(server.registry.store, target.resource, target.namespace, name).value as Service;
  const ports = service.spec?.ports ?? [];
  const wanted = port === '' ? ports[0] : ports.find((each) => each.name === port || String(each.port) === port);
  if (wanted === undefined)
    throw serviceUnavailable(`no service port ${JSON.stringify(port)} found for service ${JSON.stringify(name)}`);
  const endpoint = endpointOf(server, target.namespace, name, wanted.name ?? '');
  if (endpoint === undefined) throw serviceUnavailable(`no endpoints available for service ${JSON.stringify(name)}`);
  return plain(scheme, endpoint.host, endpoint.port);
});

function plain(scheme: string, host: string, port: number): Destination {
  if (!Number.isInteger(port) || port < 1 || port > 65_535) throw badRequest(`invalid port ${port}`);
  // As upstream: what pods and services show for a certificate is not checked.
  return { secure: scheme === 'https', options: { host, port, rejectUnauthorized: false } };
}

interface Endpoint {
  readonly host: string;
  readonly port: number;
}

/** One of the ready endpoints, by lot. */
function endpointOf(server: ServerState, namespace: string, service: string, portName: string): Endpoint | undefined {
  const { entries } = server.registry.store.range(prefixOf(server.resources.of(EndpointSlice), namespace));
  const found = entries
    .map(({ value }) => value as EndpointSlice)
    .filter(({ metadata }) => metadata.labels?.['kubernetes.io/service-name'] === service)
    .flatMap((slice) => readyEndpoints(slice, portName, (endpoint) => isOfPod(server, namespace, endpoint)));
  return found[Math.floor(server.random.next() * found.length)];
}

/** What anybody may write into a slice must not lead anywhere: a pod of the namespace has the address. */
function isOfPod({ registry, resources }: ServerState, namespace: string, endpoint: SliceEndpoint): boolean {
  const { targetRef, addresses } = endpoint;
  const [address = ''] = addresses;
  if (targetRef?.kind !== 'Pod' || targetRef.namespace !== namespace || !isProxyable(address)) return false;
  const entry = registry.store.get(keyOf(resources.of(Pod), namespace, targetRef.name ?? ''));
  const { podIP, podIPs = [] } = (entry?.value as Pod | undefined)?.status ?? {};
  return [podIP, ...podIPs.map(({ ip }) => ip)].includes(address);
}

type SliceEndpoint = EndpointSlice['endpoints'][number];

function readyEndpoints(
  { ports = [], endpoints }: EndpointSlice,
  portName: string,
  isReal: (endpoint: SliceEndpoint) => boolean,
): readonly Endpoint[] {
  const port = ports.find(({ name = '' }) => name === portName)?.port;
  if (port === undefined) return [];
  const ready = endpoints.filter((each) => each.conditions?.ready !== false && isReal(each));
  return ready.flatMap(({ addresses: [host] }) => (host === undefined ? [] : [{ host, port }]));
}

/** What servers behind a proxy are told of how they are seen. */
function forwardedBy({ headers }: Exchange, { prefix, options }: Errand): Record<string, string> {
  const path = (options.path ?? '/').split('?', 1)[0] ?? '';
  const { host = headers[':authority'] ?? '' } = headers;
  return { 'x-forwarded-uri': `${prefix}${path}`, 'x-forwarded-host': String(host), 'x-forwarded-proto': 'https' };
}

function forward(exchange: Exchange, errand: Errand): Promise<void> {
  const { options, secure, prefix } = errand;
  const forwarded = forwardedBy(exchange, errand);
  const proxied = { host: `${options.host}:${options.port}`, frontHost: forwarded['x-forwarded-host'] ?? '', prefix };
  return new Promise((resolve, reject) => {
    const request = secure ? httpsRequest : httpRequest;
    const outgoing = request({
      ...options,
      method: exchange.method,
      headers: { ...forwardedHeaders(exchange.headers, false), ...forwarded },
    });
    exchange.onClose(() => {
      outgoing.destroy();
      resolve();
    });
    outgoing.on('error', (error) => (exchange.started ? resolve(exchange.destroy()) : reject(unreachable(error))));
    outgoing.on('response', (answer) => {
      answer.on('error', () => exchange.destroy());
      void relay(exchange, answer, proxied);
    });
    exchange.body.pipe(outgoing);
  });
}

async function relay(exchange: Exchange, answer: IncomingMessage, proxied: Proxied): Promise<void> {
  const { headers, body } = await proxiedAnswer(answer, forwardedHeaders(answer.headers, false), proxied);
  const out = exchange.open(answer.statusCode ?? 502, headers as Headers);
  body.on('error', () => exchange.destroy());
  body.pipe(out.writable);
}

function unreachable(error: unknown): StatusError {
  return new StatusError(503, 'ServiceUnavailable', `error trying to reach service: ${messageOf(error)}`);
}

function forwardUpgrade({ message, socket, head }: UpgradeCall, { options, secure }: Errand): Promise<void> {
  return new Promise((resolve, reject) => {
    const request = secure ? httpsRequest : httpRequest;
    const outgoing = request({ ...options, method: message.method, headers: forwardedHeaders(message.headers, true) });
    socket.once('close', () => {
      outgoing.destroy();
      resolve();
    });
    outgoing.on('error', (error) => reject(unreachable(error)));
    outgoing.on('response', (answer) =>
      reject(new StatusError(answer.statusCode ?? 502, '', 'the upgrade was refused')),
    );
    outgoing.on('upgrade', (answer, other, first) => connect(socket, head, answer, other, first));
    outgoing.end();
  });
}

function connect(client: Duplex, head: Buffer, answer: IncomingMessage, other: Duplex, first: Buffer): void {
  const lines = [`HTTP/1.1 ${answer.statusCode} ${answer.statusMessage}`];
  for (let at = 0; at < answer.rawHeaders.length; at += 2)
    lines.push(`${answer.rawHeaders[at]}: ${answer.rawHeaders[at + 1]}`);
  client.write(`${lines.join('\r\n')}\r\n\r\n`);
  if (first.length > 0) client.write(first);
  if (head.length > 0) other.write(head);
  join(client, other);
}
