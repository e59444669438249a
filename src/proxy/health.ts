/** The proxy's HTTP ports: its own health and metrics, and one port per Service with healthCheckNodePort. */
import { createServer, type RequestListener, type Server } from 'node:http';
import { timestamp, type Clock } from '../base/clock.ts';
import { messageOf } from '../base/errors.ts';
import type { Logger } from '../base/log.ts';
import type { ServiceHealth } from './proxy-state.ts';

/**
 * Starts and stops servers so that there is one per Service that asks for it. A port that somebody else has is tried
 * again at each `sync`, and `failed` is told once.
 */
export class HealthPorts {
  readonly #log: Logger;
  readonly #failed: (health: ServiceHealth, message: string) => void;
  /** Ports that are known to be taken. */
  readonly #told = new Set<number>();
  readonly #servers = new Map<number, Server>();
  #current = new Map<number, ServiceHealth>();

  constructor(log: Logger, failed: (health: ServiceHealth, message: string) => void) {
    this.#log = log;
    this.#failed = failed;
  }

  sync(wanted: readonly ServiceHealth[]): void {
    this.#current = new Map(wanted.map((health) => [health.port, health]));
    for (const [port, server] of this.#servers) {
      if (this.#current.has(port)) continue;
      this.#servers.delete(port);
      server.close();
      server.closeAllConnections();
    }
    for (const port of this.#told) if (!this.#current.has(port)) this.#told.delete(port);
    for (const port of this.#current.keys()) if (!this.#servers.has(port)) this.#open(port);
  }

  close(): void {
    this.sync([]);
  }

  #open(port: number): void {
    const server = createServer((request, response) => {
      const health = this.#current.get(port);
      request.resume();
      if (health === undefined) {
        response.writeHead(503).end();
        return;
      }
      const { namespace, name, localEndpoints } = health;
      const body = { service: { namespace, name }, localEndpoints, serviceProxyHealthy: true };
      response.writeHead(localEndpoints > 0 ? 200 : 503, {
        'Content-Type': 'application/json',
        'X-Content-Type-Options': 'nosniff',
        'X-Load-Balancing-Endpoint-Weight': String(localEndpoints),
      });
      response.end(`${JSON.stringify(body)}\n`);
    });
    server.on('error', (error) => {
      this.#servers.delete(port);
      const health = this.#current.get(port);
      if (health === undefined || this.#told.has(port)) return;
      this.#told.add(port);
      this.#log.warn(`cannot serve the health-check node port ${port}`, { error: messageOf(error) });
      this.#failed(health, messageOf(error));
    });
    server.on('listening', () => this.#told.delete(port));
    server.listen(port);
    server.unref();
    this.#servers.set(port, server);
  }
}

/** Counters of the sync loop. */
export interface SyncCounters {
  readonly syncs: number;
  readonly failed: number;
  readonly heals: number;
  readonly seconds: number;
  /** Milliseconds since the epoch of the last sync that worked; 0 before. */
  readonly lastSync: number;
}

function metricsText(counters: SyncCounters): string {
  const lines: readonly (readonly [string, string, number])[] = [
    ['kubeproxy_sync_proxy_rules_total', 'counter', counters.syncs],
    ['kubeproxy_sync_proxy_rules_failures_total', 'counter', counters.failed],
    ['kubeproxy_sync_proxy_rules_heals_total', 'counter', counters.heals],
    ['kubeproxy_sync_proxy_rules_duration_seconds_sum', 'counter', counters.seconds],
    ['kubeproxy_sync_proxy_rules_last_timestamp_seconds', 'gauge', counters.lastSync / 1000],
  ];
  return lines.map(([name, type, value]) => `# TYPE ${name} ${type}\n${name} ${value}\n`).join('');
}

/** Answers /healthz and /livez (503 until the first sync, or when the last one is too old) and /metrics. */
export function proxyEndpoints(clock: Clock, counters: SyncCounters, healthy: () => boolean): RequestListener {
  return (request, response) => {
    request.resume();
    const path = (request.url ?? '').split('?')[0];
    if (path === '/metrics') {
      response.writeHead(200, { 'Content-Type': 'text/plain; version=0.0.4' }).end(metricsText(counters));
    } else if (path === '/healthz' || path === '/livez') {
      const body = {
        lastUpdated: timestamp(counters.lastSync),
        currentTime: timestamp(clock.now()),
        nodeEligible: true,
      };
      response.writeHead(healthy() ? 200 : 503, { 'Content-Type': 'application/json' }).end(JSON.stringify(body));
    } else {
      response.writeHead(404, { 'Content-Type': 'text/plain' }).end('404 page not found\n');
    }
  };
}
