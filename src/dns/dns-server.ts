/**
 * The cluster's DNS server: the pods of Deployment coredns run it. It follows Services, EndpointSlices and
 * Namespaces through informers, and its configuration through ConfigMap kube-system/coredns (key Corefile): a
 * change is taken at once, and one with a mistake is told in the log while the last good one stays.
 */
import { readFileSync } from 'node:fs';
import { createServer, type Server as HttpServer } from 'node:http';
import type { Clock } from '../base/clock.ts';
import { messageOf } from '../base/errors.ts';
import type { Logger } from '../base/log.ts';
import { systemRandom, type Random } from '../base/random.ts';
import { aborted, type Service as LongLived } from '../base/service.ts';
import { ConfigMap } from '../api/core/config-map.ts';
import { Namespace } from '../api/core/namespace.ts';
import { Pod } from '../api/core/pod.ts';
import { Service } from '../api/core/service.ts';
import { EndpointSlice } from '../api/discovery/endpoint-slice.ts';
import type { Client } from '../client/client.ts';
import { Informer } from '../client/informer.ts';
import type { Informers } from '../client/informers.ts';
import {
  addressesOfSlice,
  podAddress,
  serviceAddresses,
  serviceOfSlice,
  zoneIndices,
  type ZoneSources,
} from './cluster-zone.ts';
import { createExchange } from './exchange.ts';
import { Listener } from './listener.ts';
import { DnsMetrics } from './metrics.ts';
import { buildPipeline, type Pipeline, type PipelineContext } from './pipeline.ts';

export interface DnsServerOptions {
  readonly client: Client;
  /** Shared with others of the process, and run by it. */
  readonly informers: Informers;
  readonly clock: Clock;
  readonly log: Logger;
  readonly random?: Random;
  /** Address to listen on: the pod's. */
  readonly host: string;
  /** Instead of the ports that the Corefile names; 0 picks one. For tests. */
  readonly port?: number;
  /** Without a ConfigMap; clusterDomain's default is cluster.local. */
  readonly corefile?: string;
  readonly configMap?: { readonly namespace: string; readonly name: string };
  /** Lines that `kubectl logs` shows; the logger when absent. */
  readonly write?: (line: string) => void;
  /** Told when it answers, with the port. */
  readonly onReady?: (port: number) => void;
  readonly readFile?: (path: string) => string;
}

/** Milliseconds to wait for the ConfigMap. */
const configurationWait = 5000;

/** What ConfigMap kube-system/coredns holds at first, and what counts while there is none. */
export function defaultCorefile(clusterDomain = 'cluster.local'): string {
  return `.:53 {
    errors
    health {
       lameduck 5s
    }
    ready
    kubernetes ${clusterDomain} in-addr.arpa ip6.arpa {
       pods insecure
       fallthrough in-addr.arpa ip6.arpa
       ttl 30
    }
    prometheus :9153
    forward . /etc/resolv.conf {
       max_concurrent 1000
    }
    cache 30
    loop
    reload
    loadbalance
}
`;
}

export function createDnsServer(options: DnsServerOptions): LongLived {
  return { name: 'dns', run: (signal) => new DnsServer(options).run(signal) };
}

class DnsServer {
  readonly #options: DnsServerOptions;
  readonly #metrics = new DnsMetrics();
  readonly #listeners = new Map<number, Listener>();
  readonly #https: HttpServer[] = [];
  readonly #write: (line: string) => void;
  #generation = 0;
  #pipeline: Pipeline | undefined;
  #pods: Informer<Pod> | undefined;
  #text = '';

  constructor(options: DnsServerOptions) {
    this.#options = options;
    const log = options.log.named('dns');
    this.#write = options.write ?? ((line) => log.info(line));
  }

  async run(signal: AbortSignal): Promise<void> {
    const { informers } = this.#options;
    const own = new AbortController();
    const stop = AbortSignal.any([signal, own.signal]);
    const running: Promise<void>[] = [];
    const bump = (): void => {
      this.#generation += 1;
    };
    const [services, slices, namespaces] = [
      informers.of(Service),
      informers.of(EndpointSlice),
      informers.of(Namespace),
    ];
    services.addIndex(zoneIndices.serviceByIp, serviceAddresses);
    slices.addIndex(zoneIndices.sliceByService, serviceOfSlice);
    slices.addIndex(zoneIndices.sliceByIp, addressesOfSlice);
    const changes = { added: bump, updated: bump, deleted: bump };
    const following = [services.subscribe(changes), slices.subscribe(changes), namespaces.subscribe(changes)];
    const sources: ZoneSources = {
      services,
      slices,
      pods: { by: (index, value) => this.#verifiedPods(stop, running).by(index, value) },
      hasNamespace: (name) => namespaces.get({ name }) !== undefined,
    };
    try {
      await Promise.all([services, slices, namespaces].map((informer) => informer.whenSynced(stop)));
      await this.#configure(sources, stop, running);
      await aborted(stop);
    } catch (error) {
      if (!stop.aborted) throw error;
    } finally {
      own.abort();
      for (const unsubscribe of following) unsubscribe();
      for (const listener of this.#listeners.values()) listener.close();
      for (const server of this.#https) {
        server.close();
        server.closeAllConnections();
      }
      await Promise.all(running);
    }
  }

  /** Pods are followed only when the Corefile says `pods verified`; until they are known, none is. */
  #verifiedPods(stop: AbortSignal, running: Promise<void>[]): Informer<Pod> {
    if (this.#pods !== undefined) return this.#pods;
    const { client, clock, log } = this.#options;
    const pods = new Informer({
      client,
      kind: Pod,
      clock,
      logger: log,
      indices: { [zoneIndices.podByIp]: podAddress },
    });
    const bump = (): void => {
      this.#generation += 1;
    };
    pods.subscribe({ added: bump, updated: bump, deleted: bump });
    running.push(pods.run(stop));
    this.#pods = pods;
    return pods;
  }

  async #configure(sources: ZoneSources, stop: AbortSignal, running: Promise<void>[]): Promise<void> {
    const { client, clock, configMap, log, corefile = defaultCorefile() } = this.#options;
    const context = this.#context(sources);
    let text = corefile;
    let loading = Promise.resolve();
    if (configMap !== undefined) {
      const { namespace, name } = configMap;
      const selector = `metadata.name=${name}`;
      const maps = new Informer({ client, kind: ConfigMap, clock, namespace, fieldSelector: selector, logger: log });
      const take = (map: ConfigMap | undefined): void => {
        text = map?.data?.['Corefile'] ?? corefile;
        if (this.#pipeline !== undefined) loading = loading.then(() => this.#load(text, context));
      };
      maps.subscribe({ added: take, updated: take, deleted: () => take(undefined) });
      running.push(maps.run(stop));
      // Who may not see it, or cannot, serves with what is there; it counts when it comes.
      await Promise.race([maps.whenSynced(stop), clock.sleep(configurationWait, stop)]);
    }
    await this.#load(text, context);
    if (this.#pipeline === undefined && text !== corefile) await this.#load(corefile, context);
    if (this.#pipeline === undefined) throw new Error(`the Corefile cannot be used: ${this.#text}`);
    this.#options.onReady?.([...this.#listeners.values()][0]?.port ?? 0);
  }

  #context(sources: ZoneSources): PipelineContext {
    const { clock, random = systemRandom, readFile = (path: string) => readFileSync(path, 'utf8') } = this.#options;
    return {
      clock,
      random,
      sources,
      generation: () => this.#generation,
      exchange: createExchange(clock),
      readFile,
      metrics: this.#metrics,
      write: this.#write,
    };
  }

  async #load(text: string, context: PipelineContext): Promise<void> {
    if (text === this.#text && this.#pipeline !== undefined) return;
    try {
      const pipeline = buildPipeline(text, context);
      const first = this.#pipeline === undefined;
      await this.#listen(pipeline);
      this.#pipeline = pipeline;
      this.#text = text;
      if (first) this.#serveHttp(pipeline);
      this.#write(
        first ? '[INFO] the configuration is loaded' : '[INFO] plugin/reload: the configuration is loaded anew',
      );
    } catch (error) {
      this.#write(`[ERROR] plugin/reload: Corefile changed but reload failed: ${messageOf(error)}`);
    }
  }

  /** New ports first, so that a port in use leaves everything as it was. */
  async #listen(pipeline: Pipeline): Promise<void> {
    const { clock, host, port: instead } = this.#options;
    const ports = new Set(pipeline.servers.map(({ port }) => instead ?? port));
    for (const port of ports) {
      if (this.#listeners.has(port)) continue;
      const generation = (): number => this.#generation;
      const listener = new Listener({ host, port, clock, metrics: this.#metrics, generation, write: this.#write });
      await listener.open();
      this.#listeners.set(port, listener);
    }
    for (const [port, listener] of this.#listeners) {
      if (ports.has(port)) listener.use(pipeline.servers.filter((server) => (instead ?? server.port) === port));
      else {
        listener.close();
        this.#listeners.delete(port);
      }
    }
  }

  #serveHttp({ health, ready, metrics }: Pipeline): void {
    // With a port of its own it is a test, or a second server on one address.
    if (this.#options.port !== undefined) return;
    const plain = (body: () => string) => (): { type: string; body: string } => ({
      type: 'text/plain; version=0.0.4',
      body: body(),
    });
    this.#http(
      health,
      '/health',
      plain(() => 'OK'),
    );
    this.#http(
      ready,
      '/ready',
      plain(() => 'OK'),
    );
    this.#http(
      metrics,
      '/metrics',
      plain(() => this.#metrics.text()),
    );
  }

  #http(port: number | undefined, path: string, answer: () => { readonly type: string; readonly body: string }): void {
    if (port === undefined) return;
    const server = createServer((request, response) => {
      request.resume();
      if (request.url?.split('?')[0] !== path) {
        response.writeHead(404).end();
        return;
      }
      const { type, body } = answer();
      response.writeHead(200, { 'Content-Type': type }).end(body);
    });
    server.on('error', (error) => this.#write(`[ERROR] cannot serve ${path}: ${messageOf(error)}`));
    server.listen(port, this.#options.host);
    server.unref();
    this.#https.push(server);
  }
}
