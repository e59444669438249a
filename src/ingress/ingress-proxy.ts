/**
 * The built-in ingress controller (class `coracle`): follows Ingresses, their classes, Services, endpoints and
 * Secrets; serves http and https; writes status addresses and tells in events what is wrong with an Ingress.
 */
import { createServer, type Server } from 'node:http';
import type { Clock, Timer } from '../base/clock.ts';
import { messageOf } from '../base/errors.ts';
import type { Logger } from '../base/log.ts';
import { systemRandom, type Random } from '../base/random.ts';
import { aborted, type Service as LongLived } from '../base/service.ts';
import { Secret } from '../api/core/secret.ts';
import { Service } from '../api/core/service.ts';
import { EndpointSlice } from '../api/discovery/endpoint-slice.ts';
import { Ingress } from '../api/networking/ingress.ts';
import { IngressClass } from '../api/networking/ingress-class.ts';
import { keyOf } from '../client/cache.ts';
import { isConflict, isNotFound, type Client } from '../client/client.ts';
import { EventRecorder } from '../client/event-recorder.ts';
import { Informer } from '../client/informer.ts';
import type { Informers } from '../client/informers.ts';
import { AccessLog } from './access-log.ts';
import { Backends, sliceIndex } from './backends.ts';
import { Certificates, type KeyPair } from './certificates.ts';
import { isOurs } from './classes.ts';
import { Gateway } from './gateway.ts';
import { buildRoutes, type Problem, type RouteTable } from './routing.ts';

export interface IngressProxyOptions {
  readonly client: Client;
  /** Run by the caller. */
  readonly informers: Informers;
  readonly clock: Clock;
  readonly log: Logger;
  readonly random?: Random;
  readonly host: string;
  /** 0 picks one. */
  readonly httpPort: number;
  readonly httpsPort: number;
  /** /healthz and /metrics; nowhere when absent. */
  readonly statusPort?: number;
  /** What `kubectl get ingress` shows: addresses or host names. */
  readonly addresses: readonly string[];
  /** For hosts without a certificate of their own. Without it their handshakes fail. */
  readonly defaultCertificate?: KeyPair;
  /** Takes lines of the access log; nobody when absent. */
  readonly writeAccess?: (text: string) => void;
  readonly onReady?: (ports: { readonly http: number; readonly https: number }) => void;
}

/** Changes that come together are taken together, in milliseconds. */
const rebuildDelay = 10;

export interface IngressService extends LongLived {
  /** The certificate for hosts without one of their own, from now on. */
  rotate(certificate: KeyPair): void;
}

export function createIngressProxy(options: IngressProxyOptions): IngressService {
  const proxy = new IngressProxy(options);
  return { name: 'ingress', run: (signal) => proxy.run(signal), rotate: (certificate) => proxy.rotate(certificate) };
}

class IngressProxy {
  readonly #options: IngressProxyOptions;
  readonly #log: Logger;
  readonly #ingresses: Informer<Ingress>;
  readonly #classes: Informer<IngressClass>;
  readonly #secrets: Informer<Secret>;
  readonly #services: Informer<Service>;
  readonly #slices: Informer<EndpointSlice>;
  readonly #certificates: Certificates;
  readonly #backends: Backends;
  readonly #access: AccessLog;
  readonly #gateway: Gateway;
  readonly #events: EventRecorder;
  /** Problems that were told, by Ingress. */
  readonly #told = new Map<string, ReadonlySet<string>>();
  #rebuilding: Timer | undefined;

  constructor(options: IngressProxyOptions) {
    const { client, informers, clock, random = systemRandom, defaultCertificate, host, httpPort, httpsPort } = options;
    this.#options = options;
    this.#log = options.log.named('ingress');
    this.#ingresses = informers.of(Ingress);
    this.#classes = informers.of(IngressClass);
    this.#services = informers.of(Service);
    this.#slices = informers.of(EndpointSlice);
    this.#slices.addIndex(sliceIndex, serviceKeys);
    this.#secrets = new Informer({ client, kind: Secret, clock, logger: this.#log, transform: onlyCertificate });
    this.#certificates = new Certificates(defaultCertificate);
    this.#backends = new Backends({ services: this.#services, slices: this.#slices }, clock);
    this.#access = new AccessLog(clock, options.writeAccess);
    this.#events = new EventRecorder({ client, clock, random, component: 'coracle-ingress', logger: this.#log });
    this.#gateway = new Gateway({
      clock,
      host,
      httpPort,
      httpsPort,
      certificates: this.#certificates,
      defaultCertificate,
      backends: this.#backends,
      access: this.#access,
      failed: (error) => this.#log.error('a request failed', { error: messageOf(error) }),
    });
  }

  rotate(certificate: KeyPair): void {
    this.#certificates.rotate(certificate);
    this.#gateway.rotate(certificate);
  }

  async run(signal: AbortSignal): Promise<void> {
    const own = new AbortController();
    const stop = AbortSignal.any([signal, own.signal]);
    const running = [this.#secrets.run(stop), this.#events.run(stop)];
    const following = this.#follow();
    let status: Server | undefined;
    try {
      const informers = [this.#ingresses, this.#classes, this.#secrets, this.#services, this.#slices];
      await Promise.all(informers.map((informer) => informer.whenSynced(stop)));
      this.#rebuild();
      await this.#gateway.open();
      status = this.#serveStatus();
      this.#options.onReady?.(this.#gateway.ports);
      await aborted(stop);
    } catch (error) {
      if (!stop.aborted) throw error;
    } finally {
      for (const unsubscribe of following) unsubscribe();
      this.#rebuilding?.cancel();
      await this.#gateway.close();
      status?.close();
      status?.closeAllConnections();
      this.#backends.close();
      this.#access.flush();
      own.abort();
      await Promise.all(running);
    }
  }

  #follow(): readonly (() => void)[] {
    const rebuild = (): void => {
      this.#rebuilding ??= this.#options.clock.after(rebuildDelay, () => {
        this.#rebuilding = undefined;
        this.#rebuild();
      });
    };
    const service = (changed: Service): void => this.#backends.refresh(keyOf(changed));
    const slice = (changed: EndpointSlice): void => {
      for (const key of serviceKeys(changed)) this.#backends.refresh(key);
    };
    const changes = { added: rebuild, updated: rebuild, deleted: rebuild };
    return [
      this.#ingresses.subscribe(changes),
      this.#classes.subscribe(changes),
      this.#secrets.subscribe(changes),
      this.#services.subscribe({ added: service, updated: service, deleted: service }),
      this.#slices.subscribe({ added: slice, updated: slice, deleted: slice }),
    ];
  }

  #rebuild(): void {
    if (!this.#ingresses.synced || !this.#secrets.synced || !this.#classes.synced) return;
    const classes = this.#classes.list();
    const ours = this.#ingresses.list().filter((ingress) => isOurs(ingress, classes));
    const { table, problems } = buildRoutes(ours);
    const secretOf = (namespace: string, name: string): Secret | undefined => this.#secrets.get({ namespace, name });
    const broken = this.#certificates.update(ours, secretOf);
    this.#gateway.use(table);
    this.#backends.keep(backendsOf(table));
    this.#tell([...problems, ...broken], ours);
    for (const ingress of ours) void this.#writeStatus(ingress);
  }

  /** Each problem once, for as long as it lasts. */
  #tell(problems: readonly Problem[], ours: readonly Ingress[]): void {
    const now = new Map<string, Set<string>>();
    for (const { ingress, reason, message } of problems) {
      const key = keyOf(ingress);
      const known = now.get(key) ?? new Set();
      now.set(key, known.add(message));
      if (this.#told.get(key)?.has(message) === true) continue;
      this.#log.warn(message, { ingress: key, reason });
      this.#events.warning(Ingress, ingress, reason, message);
    }
    this.#told.clear();
    for (const ingress of ours) {
      const messages = now.get(keyOf(ingress));
      if (messages !== undefined) this.#told.set(keyOf(ingress), messages);
    }
  }

  async #writeStatus(ingress: Ingress): Promise<void> {
    const wanted = this.#options.addresses.map((address) =>
      /^[\d.]+$|:/.test(address) ? { ip: address } : { hostname: address },
    );
    const present = (ingress.status?.loadBalancer?.ingress ?? []).map(({ ip, hostname }) => ip ?? hostname);
    if (present.join() === this.#options.addresses.join()) return;
    try {
      const status = { loadBalancer: { ingress: wanted } };
      await this.#options.client.update(Ingress, { ...ingress, status }, { subresource: 'status' });
    } catch (error) {
      // A change in between brings the Ingress here again.
      if (isConflict(error) || isNotFound(error)) return;
      this.#log.warn('could not write the address of an Ingress', { ingress: keyOf(ingress), error: messageOf(error) });
    }
  }

  #serveStatus(): Server | undefined {
    const { statusPort, host } = this.#options;
    if (statusPort === undefined) return undefined;
    const server = createServer((request, response) => {
      request.resume();
      const isMetrics = request.url === '/metrics';
      response.writeHead(isMetrics || request.url === '/healthz' ? 200 : 404, { 'Content-Type': 'text/plain' });
      response.end(isMetrics ? this.#access.metrics() : 'ok\n');
    });
    server.on('error', (error) => this.#log.warn('cannot serve /metrics', { error: messageOf(error) }));
    server.listen(statusPort, host);
    server.unref();
    return server;
  }
}

function serviceKeys({ metadata }: EndpointSlice): readonly string[] {
  const name = metadata.labels?.['kubernetes.io/service-name'];
  return name === undefined ? [] : [`${metadata.namespace ?? ''}/${name}`];
}

function backendsOf({ hosts, fallback }: RouteTable): Parameters<Backends['keep']>[0] {
  const routes = [...hosts.values()].flatMap((host) => [...host.exact.values(), ...host.others, host.fallback]);
  return [...routes, fallback].filter((route) => route !== undefined).map(({ backend }) => backend);
}

/** Other Secrets are none of our business, and some are large. */
function onlyCertificate(secret: Secret): Secret {
  const { data = {}, ...rest } = secret;
  const kept = Object.entries(data).filter(([name]) => name === 'tls.crt' || name === 'tls.key');
  return { ...rest, data: Object.fromEntries(kept) };
}
