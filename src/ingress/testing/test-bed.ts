/** The whole ingress on loopback for each test: real sockets, real clients, backends that are servers of this process. */
import 'reflect-metadata';
import {
  createServer,
  request as httpRequest,
  type Agent,
  type IncomingMessage,
  type RequestListener,
  type Server,
} from 'node:http';
import { type AddressInfo } from 'node:net';
import { afterEach, beforeEach } from 'vitest';
import { systemClock } from '../../base/clock.ts';
import { silentLogger } from '../../base/log.ts';
import { runAll } from '../../base/service.ts';
import type { Draft } from '../../api/kind.ts';
import { Service } from '../../api/core/service.ts';
import { EndpointSlice } from '../../api/discovery/endpoint-slice.ts';
import { Ingress, type IngressSpec } from '../../api/networking/ingress.ts';
import { Informers } from '../../client/informers.ts';
import { MemoryClient } from '../../client/testing/memory-client.ts';
import { createIngressProxy } from '../ingress-proxy.ts';

export let client: MemoryClient;
export let stop: AbortController;
export let running: Promise<void>;
export let ports: { readonly http: number; readonly https: number };
export let access: string;
export const servers: Server[] = [];

/** An ingress of its own for each test of this file, stopped after it. */
export function ingressForEachTest(): void {
  beforeEach(async () => {
    client = new MemoryClient({ clock: systemClock });
    stop = new AbortController();
    access = '';
    const informers = new Informers({ client, clock: systemClock });
    ports = await new Promise((resolve) => {
      const ingress = createIngressProxy({
        client,
        informers,
        clock: systemClock,
        log: silentLogger,
        host: '127.0.0.1',
        httpPort: 0,
        httpsPort: 0,
        addresses: ['192.0.2.5'],
        writeAccess: (text) => (access += `${text}\n`),
        onReady: resolve,
      });
      running = runAll([informers, ingress], stop.signal);
    });
  });

  afterEach(async () => {
    stop.abort();
    await running;
    for (const server of servers.splice(0)) {
      server.close();
      server.closeAllConnections();
    }
  });
}

export const pause = (milliseconds = 40): Promise<void> => systemClock.sleep(milliseconds);

export async function backend(listener: RequestListener): Promise<number> {
  const server = createServer(listener);
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

/** Service `name` on port 80 with endpoints at these ports of loopback. */
export function expose(name: string, endpointPorts: readonly number[]): void {
  client.seed(Service, {
    metadata: { name, namespace: 'default' },
    spec: { clusterIP: '10.96.0.1', ports: [{ name: 'http', port: 80 }] },
  });
  for (const port of endpointPorts) {
    client.seed(EndpointSlice, sliceOf(name, port));
  }
}

export function sliceOf(name: string, port: number): Draft<EndpointSlice> {
  return {
    metadata: { name: `${name}-${port}`, namespace: 'default', labels: { 'kubernetes.io/service-name': name } },
    addressType: 'IPv4',
    ports: [{ name: 'http', port, protocol: 'TCP' }],
    endpoints: [{ addresses: ['127.0.0.1'], conditions: { ready: true } }],
  };
}

export function route(
  host: string,
  service: string,
  annotations: Record<string, string> = {},
  more: IngressSpec = {},
): void {
  client.seed(Ingress, {
    metadata: { name: host.replaceAll(/[*.]/g, 'x'), namespace: 'default', annotations },
    spec: {
      ingressClassName: 'coracle',
      rules: [
        {
          host,
          http: {
            paths: [{ path: '/', pathType: 'Prefix', backend: { service: { name: service, port: { number: 80 } } } }],
          },
        },
      ],
      ...more,
    },
  });
}

export interface Answer {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

export function get(
  host: string,
  path = '/',
  options: { method?: string; headers?: Record<string, string>; body?: Buffer; agent?: Agent } = {},
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const { method = 'GET', headers = {}, body, agent } = options;
    const call = httpRequest(
      { host: '127.0.0.1', port: ports.http, path, method, headers: { host, ...headers }, ...(agent && { agent }) },
      (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('error', reject);
        response.on('end', () =>
          resolve({
            status: response.statusCode ?? 0,
            headers: response.headers,
            body: Buffer.concat(chunks).toString(),
          }),
        );
      },
    );
    call.on('error', reject);
    call.end(body);
  });
}
