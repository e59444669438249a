/**
 * The endpoints behind a Service port, and which one gets the next request. Endpoints are asked directly, not
 * through the cluster address. One that leaves gets no new requests; those under way go on.
 */
import type { Clock } from '../base/clock.ts';
import type { Service } from '../api/core/service.ts';
import type { EndpointSlice } from '../api/discovery/endpoint-slice.ts';
import type { CacheReader } from '../client/cache.ts';
import { Pool } from './http1-client.ts';
import type { BackendRef } from './routing.ts';

export const sliceIndex = 'ingress/service';

/** Milliseconds that an endpoint is passed over after it could not be reached, while there are others. */
const penalty = 1000;

export interface Address {
  readonly host: string;
  readonly port: number;
}

export interface BackendSources {
  readonly services: Pick<CacheReader<Service>, 'get'>;
  readonly slices: Pick<CacheReader<EndpointSlice>, 'by'>;
}

/** Where a backend's requests can go now. Pure. Undefined: there is no such Service or port. */
function addressesOf(ref: BackendRef, sources: BackendSources): readonly Address[] | undefined {
  const service = sources.services.get({ namespace: ref.namespace, name: ref.service });
  const port = service?.spec?.ports?.find(({ name, port }) => name === ref.port || port === ref.port);
  if (service?.spec?.type === 'ExternalName')
    return [{ host: service.spec.externalName ?? '', port: port?.port ?? Number(ref.port) }];
  if (port === undefined) return undefined;
  const slices = sources.slices.by(sliceIndex, `${ref.namespace}/${ref.service}`);
  const found = slices.flatMap((slice) => placesOf(slice, port.name ?? ''));
  const ready = found.filter(({ ready }) => ready);
  const usable = ready.length > 0 ? ready : found.filter(({ draining }) => draining);
  return [...new Map(usable.map(({ host, port }) => [`${host} ${port}`, { host, port }])).values()];
}

interface Place extends Address {
  readonly ready: boolean;
  readonly draining: boolean;
}

function placesOf(slice: EndpointSlice, portName: string): readonly Place[] {
  const port = (slice.ports ?? []).find(({ name = '' }) => name === portName)?.port;
  if (port === undefined || slice.addressType === 'FQDN') return [];
  return (slice.endpoints ?? []).flatMap(({ addresses, conditions }) => {
    const { ready = true, serving = ready, terminating = false } = conditions ?? {};
    const [host] = addresses;
    return host === undefined ? [] : [{ host, port, ready, draining: serving && terminating }];
  });
}

export class Backend {
  readonly ref: BackendRef;
  readonly #clock: Clock;
  readonly #tls: boolean;
  readonly #pools = new Map<string, Pool>();
  readonly #penalties = new Map<Pool, number>();
  #list: readonly Pool[] = [];
  #turn = 0;
  /** Whether Service and port exist. */
  known = false;

  constructor(ref: BackendRef, tls: boolean, clock: Clock) {
    this.ref = ref;
    this.#tls = tls;
    this.#clock = clock;
  }

  update(addresses: readonly Address[] | undefined): void {
    this.known = addresses !== undefined;
    const wanted = new Map((addresses ?? []).map((address) => [`${address.host}:${address.port}`, address]));
    for (const [key, pool] of this.#pools) {
      if (wanted.has(key)) continue;
      pool.close();
      this.#pools.delete(key);
      this.#penalties.delete(pool);
    }
    for (const [key, { host, port }] of wanted) {
      if (this.#pools.has(key)) continue;
      this.#pools.set(key, new Pool({ host, port, tls: this.#tls, serverName: undefined }, this.#clock));
    }
    this.#list = [...this.#pools.values()];
  }

  /**
   * The next endpoint in turn, or, of it and the one after, the less busy one. Those in `tried` and those that
   * just failed come last. `preferred`: the endpoint that a client's cookie names.
   */
  pick(tried: ReadonlySet<Pool>, preferred?: string): Pool | undefined {
    const wanted = preferred === undefined ? undefined : this.#list.find((pool) => endpointId(pool) === preferred);
    if (wanted !== undefined && !tried.has(wanted)) return wanted;
    const now = this.#clock.monotonic();
    const healthy =
      this.#penalties.size === 0 && tried.size === 0
        ? this.#list
        : this.#list.filter((pool) => !tried.has(pool) && (this.#penalties.get(pool) ?? 0) <= now);
    const candidates = healthy.length > 0 ? healthy : this.#list.filter((pool) => !tried.has(pool));
    this.#turn = (this.#turn + 1) % 0x4000_0000;
    const first = candidates[this.#turn % candidates.length];
    const second = candidates[(this.#turn + 1) % candidates.length];
    return first !== undefined && second !== undefined && second.active < first.active ? second : first;
  }

  failed(pool: Pool): void {
    this.#penalties.set(pool, this.#clock.monotonic() + penalty);
  }

  close(): void {
    this.update([]);
  }
}

/** Names an endpoint to clients without telling its address. */
export function endpointId({ target }: Pool): string {
  let hash = 0x811c9dc5;
  for (const char of `${target.host}:${target.port}`) hash = Math.imul(hash ^ char.charCodeAt(0), 0x01000193);
  return (hash >>> 0).toString(16);
}

/** All backends that routes name, each made once. */
export class Backends {
  readonly #sources: BackendSources;
  readonly #clock: Clock;
  readonly #backends = new Map<string, Backend>();
  readonly #byService = new Map<string, Set<Backend>>();

  constructor(sources: BackendSources, clock: Clock) {
    this.#sources = sources;
    this.#clock = clock;
  }

  get(ref: BackendRef, tls: boolean): Backend {
    const key = `${ref.namespace}/${ref.service}:${ref.port}${tls ? '/tls' : ''}`;
    const known = this.#backends.get(key);
    if (known !== undefined) return known;
    const backend = new Backend(ref, tls, this.#clock);
    backend.update(addressesOf(ref, this.#sources));
    this.#backends.set(key, backend);
    const service = `${ref.namespace}/${ref.service}`;
    this.#byService.set(service, (this.#byService.get(service) ?? new Set()).add(backend));
    return backend;
  }

  /** Service `namespace/name` or its endpoints changed. */
  refresh(service: string): void {
    for (const backend of this.#byService.get(service) ?? []) backend.update(addressesOf(backend.ref, this.#sources));
  }

  /** Forgets those that no route names any more. */
  keep(used: readonly BackendRef[]): void {
    const names = new Set(used.map(({ namespace, service, port }) => `${namespace}/${service}:${port}`));
    for (const [key, backend] of this.#backends) {
      if (names.has(key.replace(/\/tls$/, ''))) continue;
      backend.close();
      this.#backends.delete(key);
      this.#byService.get(`${backend.ref.namespace}/${backend.ref.service}`)?.delete(backend);
    }
  }

  close(): void {
    this.keep([]);
  }
}
