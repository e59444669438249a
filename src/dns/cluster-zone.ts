/**
 * The cluster's own names, from Services, EndpointSlices, Namespaces and, when asked for, Pods:
 *
 *     SERVICE.NAMESPACE.svc.ZONE                      addresses; SRV of all ports; CNAME of an ExternalName
 *     _PORT._PROTOCOL.SERVICE.NAMESPACE.svc.ZONE      SRV, and addresses
 *     HOST.SERVICE.NAMESPACE.svc.ZONE                 one endpoint: by host name, or by address (10-244-0-5)
 *     10-244-0-5.NAMESPACE.pod.ZONE                   that address
 *     5.0.244.10.in-addr.arpa                         the Service or endpoint that has the address
 *     dns-version.ZONE, ns.dns.ZONE, ZONE             version, name server, SOA and NS
 *
 * Lookups read what informers have seen, so that an answer is as new as the last event. `generation` counts
 * changes; answers made under one generation stay right while it lasts.
 */
import type { Pod } from '../api/core/pod.ts';
import type { Service } from '../api/core/service.ts';
import type { Endpoint, EndpointSlice } from '../api/discovery/endpoint-slice.ts';
import type { CacheReader } from '../client/cache.ts';
import { addressBytes, addressOfReverse, dashed } from './addresses.ts';
import type { RecordData } from './wire.ts';

export type PodMode = 'disabled' | 'insecure' | 'verified';

export interface ZoneSources {
  readonly services: Pick<CacheReader<Service>, 'get' | 'by'>;
  readonly slices: Pick<CacheReader<EndpointSlice>, 'by'>;
  readonly pods: Pick<CacheReader<Pod>, 'by'> | undefined;
  readonly hasNamespace: (name: string) => boolean;
}

/** Indices that the sources must have. */
export const zoneIndices = {
  serviceByIp: 'dns/ip',
  sliceByService: 'dns/service',
  sliceByIp: 'dns/address',
  podByIp: 'dns/namespace-ip',
} as const;

export const serviceAddresses = ({ spec }: Service): readonly string[] =>
  (spec?.clusterIPs ?? [spec?.clusterIP ?? '']).filter((ip) => ip !== '' && ip !== 'None');

export const serviceOfSlice = ({ metadata }: EndpointSlice): readonly string[] => {
  const name = metadata.labels?.['kubernetes.io/service-name'];
  return name === undefined ? [] : [`${metadata.namespace ?? ''}/${name}`];
};

export const addressesOfSlice = ({ endpoints }: EndpointSlice): readonly string[] =>
  (endpoints ?? []).flatMap(({ addresses }) => addresses);

export const podAddress = ({ metadata, status }: Pod): readonly string[] =>
  (status?.podIPs ?? []).map(({ ip }) => `${metadata.namespace ?? ''}/${ip}`);

/** A record without its time to live. */
export interface ZoneRecord {
  readonly name: string;
  readonly data: RecordData;
}

/** `missing`: no such name (NXDOMAIN). A name without records of a type is found with none. */
export type Finding =
  | 'missing'
  | { readonly records: readonly ZoneRecord[]; readonly additionals: readonly ZoneRecord[]; readonly alias?: string };

interface Place {
  /** Name of an address record for it. */
  readonly name: string;
  readonly address: Uint8Array;
  readonly port: number;
}

export class ClusterZone {
  readonly #sources: ZoneSources;
  readonly zone: string;
  readonly #pods: PodMode;

  constructor(zone: string, pods: PodMode, sources: ZoneSources) {
    this.zone = zone;
    this.#pods = pods;
    this.#sources = sources;
  }

  /** `name` is the zone or below it; `type` as in `A`. */
  find(name: string, type: string): Finding {
    if (name === this.zone) return found(type === 'NS' ? [this.#nameServer()] : []);
    const labels = name.slice(0, -this.zone.length - 1).split('.');
    const kind = labels.pop();
    if (kind === 'svc') return this.#underServices(labels, name, type);
    if (kind === 'pod') return this.#underPods(labels, name, type);
    if (labels.length === 0 && kind === 'dns-version') {
      return found(type === 'TXT' ? [{ name, data: { type: 'TXT', text: '1.1.0' } }] : []);
    }
    if (kind === 'dns' && (labels.length === 0 || (labels.length === 1 && labels[0] === 'ns'))) {
      return this.#nameServerAddress(name, type);
    }
    return 'missing';
  }

  /** The names that have the address which a reverse name stands for. */
  findReverse(name: string): readonly string[] {
    const ip = addressOfReverse(name);
    if (ip === undefined) return [];
    const services = this.#sources.services.by(zoneIndices.serviceByIp, ip);
    if (services.length > 0) return services.map((service) => this.#nameOf(service.metadata));
    const names = new Set<string>();
    for (const slice of this.#sources.slices.by(zoneIndices.sliceByIp, ip)) {
      const [owner] = serviceOfSlice(slice);
      if (owner === undefined) continue;
      const [namespace = '', service = ''] = owner.split('/');
      for (const { addresses, hostname } of slice.endpoints ?? []) {
        if (addresses.includes(ip))
          names.add(`${hostname ?? dashed(ip)}.${this.#nameOf({ namespace, name: service })}`);
      }
    }
    return [...names];
  }

  #nameOf({ namespace = '', name = '' }: { readonly namespace?: string; readonly name?: string }): string {
    return `${name}.${namespace}.svc.${this.zone}`;
  }

  #nameServer(): ZoneRecord {
    return { name: this.zone, data: { type: 'NS', target: `ns.dns.${this.zone}` } };
  }

  #nameServerAddress(name: string, type: string): Finding {
    const dns = this.#sources.services.get({ namespace: 'kube-system', name: 'kube-dns' });
    return found(dns === undefined ? [] : serviceAddresses(dns).flatMap((ip) => addressRecord(name, ip, type)));
  }

  #underServices(labels: readonly string[], name: string, type: string): Finding {
    const namespace = labels.at(-1);
    if (namespace === undefined) return found([]);
    if (labels.length === 1) return this.#sources.hasNamespace(namespace) ? found([]) : 'missing';
    const service = this.#sources.services.get({ namespace, name: labels.at(-2) ?? '' });
    if (service === undefined) return 'missing';
    const wanted = wantedOf(labels.slice(0, -2));
    return wanted === undefined ? 'missing' : this.#service(service, name, type, wanted);
  }

  #service(service: Service, name: string, type: string, wanted: Wanted): Finding {
    const { spec } = service;
    if (spec?.type === 'ExternalName') {
      if (wanted.host !== undefined) return 'missing';
      const target = (spec.externalName ?? '').toLowerCase().replace(/\.$/, '');
      return { records: [{ name, data: { type: 'CNAME', target } }], additionals: [], alias: target };
    }
    const places =
      spec?.clusterIP === 'None' || wanted.host !== undefined
        ? this.#endpointPlaces(service, wanted)
        : this.#ownPlaces(service, wanted);
    if (places.length === 0) return 'missing';
    if (type === 'SRV') return serviceRecords(name, places);
    return found(addressRecords(name, places, type));
  }

  #ownPlaces(service: Service, wanted: Wanted): readonly Place[] {
    const target = this.#nameOf(service.metadata);
    return serviceAddresses(service).flatMap((ip) =>
      (service.spec?.ports ?? [])
        .filter((port) => isWanted(port, wanted))
        .map(({ port }) => ({ name: target, address: addressBytes(ip), port })),
    );
  }

  #endpointPlaces(service: Service, wanted: Wanted): readonly Place[] {
    const { namespace = '', name } = service.metadata;
    const owner = this.#nameOf(service.metadata);
    const slices = this.#sources.slices.by(zoneIndices.sliceByService, `${namespace}/${name}`);
    return slices.flatMap((slice) => {
      const ports = portsOf(slice, wanted);
      const ready = (slice.endpoints ?? []).filter(({ conditions }) => conditions?.ready !== false);
      return ready.flatMap((endpoint) => placesOf(endpoint, ports, owner, wanted.host));
    });
  }

  #underPods(labels: readonly string[], name: string, type: string): Finding {
    if (this.#pods === 'disabled') return 'missing';
    const namespace = labels.at(-1);
    if (namespace === undefined) return found([]);
    if (!this.#sources.hasNamespace(namespace)) return 'missing';
    if (labels.length === 1) return found([]);
    const ip = labels.length === 2 ? undashed(labels[0] ?? '') : undefined;
    if (ip === undefined || !this.#hasPod(namespace, ip)) return 'missing';
    return found(addressRecord(name, ip, type));
  }

  #hasPod(namespace: string, ip: string): boolean {
    if (this.#pods === 'insecure') return true;
    return (this.#sources.pods?.by(zoneIndices.podByIp, `${namespace}/${ip}`).length ?? 0) > 0;
  }
}

interface Wanted {
  readonly host?: string;
  readonly port?: string;
  readonly protocol?: string;
}

/** What stands before SERVICE: nothing, a host, or `_port._protocol`. */
function wantedOf(labels: readonly string[]): Wanted | undefined {
  const [first = '', second = ''] = labels;
  if (labels.length === 0) return {};
  if (labels.length === 1) return first.startsWith('_') ? undefined : { host: first };
  if (labels.length > 2 || !first.startsWith('_') || !second.startsWith('_')) return undefined;
  return { port: first.slice(1), protocol: second.slice(1) };
}

function portsOf(slice: EndpointSlice, wanted: Wanted): readonly number[] {
  const ports = slice.ports ?? [];
  // A headless Service without ports still has addresses.
  if (ports.length === 0) return wanted.port === undefined ? [0] : [];
  return ports.filter((port) => isWanted(port, wanted)).map(({ port = 0 }) => port);
}

function placesOf(
  { addresses, hostname }: Endpoint,
  ports: readonly number[],
  owner: string,
  wantedHost: string | undefined,
): readonly Place[] {
  return addresses.flatMap((ip) => {
    const host = hostname ?? dashed(ip);
    if (wantedHost !== undefined && wantedHost !== host) return [];
    const address = addressBytes(ip);
    return ports.map((port) => ({ name: `${host}.${owner}`, address, port }));
  });
}

function isWanted(port: { readonly name?: string; readonly protocol?: string }, wanted: Wanted): boolean {
  if (wanted.port === undefined) return true;
  return port.name === wanted.port && (port.protocol ?? 'TCP').toLowerCase() === wanted.protocol;
}

function found(records: readonly ZoneRecord[]): Finding {
  return { records, additionals: [] };
}

function addressRecords(name: string, places: readonly Place[], type: string): readonly ZoneRecord[] {
  const length = type === 'A' ? 4 : type === 'AAAA' ? 16 : 0;
  const seen = new Map<string, ZoneRecord>();
  for (const { address } of places) {
    if (address.length !== length) continue;
    seen.set(address.join('.'), { name, data: { type: length === 4 ? 'A' : 'AAAA', address } });
  }
  return [...seen.values()];
}

function addressRecord(name: string, ip: string, type: string): readonly ZoneRecord[] {
  return addressRecords(name, [{ name, address: addressBytes(ip), port: 0 }], type);
}

function serviceRecords(name: string, places: readonly Place[]): Finding {
  const weight = Math.max(1, Math.floor(100 / places.length));
  const records = new Map<string, ZoneRecord>();
  const additionals = new Map<string, ZoneRecord>();
  for (const { name: target, port, address } of places) {
    records.set(`${target} ${port}`, { name, data: { type: 'SRV', priority: 0, weight, port, target } });
    const type = address.length === 4 ? 'A' : 'AAAA';
    additionals.set(`${target} ${address.join('.')}`, { name: target, data: { type, address } });
  }
  return { records: [...records.values()], additionals: [...additionals.values()] };
}

/** `10-244-0-5` back to an address; undefined when it is none. */
function undashed(label: string): string | undefined {
  const ip = /^\d+-\d+-\d+-\d+$/.test(label) ? label.replaceAll('-', '.') : label.replaceAll('-', ':');
  return addressBytes(ip).length === 0 ? undefined : ip;
}
