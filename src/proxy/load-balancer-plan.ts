/**
 * Which Service of type LoadBalancer has which address of the pool. Pure, and without memory: what is taken is
 * what the Services' status says, so an address is free again as soon as its Service is gone.
 */
import type { LoadBalancerIngress, Service } from '../api/core/service.ts';
import { formatAddress, parseAddress, parseCidr, sizeOf, type Cidr } from '../network/cidr.ts';

/** Services of another class are somebody else's. */
const loadBalancerClass = 'coracle.dev/pool';

export interface Assignment {
  readonly service: Service;
  /** What its status should say. */
  readonly ingress: readonly LoadBalancerIngress[];
}

export interface Refusal {
  readonly service: Service;
  readonly message: string;
}

export interface LoadBalancerPlan {
  /** Statuses that must change. */
  readonly assignments: readonly Assignment[];
  readonly refusals: readonly Refusal[];
}

/** A pool: ranges such as `172.20.0.0/24`, or `172.20.0.10-172.20.0.50`. Throws RangeError. */
export function parsePool(texts: readonly string[]): Pool {
  return texts.map((text) => {
    const cidr = parseCidr(text);
    if (cidr !== undefined) return spanOf(cidr);
    const [first, last] = text.split('-').map((each) => parseAddress(each.trim()));
    if (first === undefined || last === undefined || first.family !== last.family || first.value > last.value) {
      throw new RangeError(
        `${JSON.stringify(text)} is no range of addresses: give 172.20.0.0/24 or 172.20.0.10-172.20.0.50`,
      );
    }
    return { family: first.family, first: first.value, last: last.value };
  });
}

export type Pool = readonly Span[];

interface Span {
  readonly family: 4 | 6;
  readonly first: bigint;
  readonly last: bigint;
}

/** Without network and broadcast address, which some clients will not talk to. */
function spanOf(cidr: Cidr): Span {
  const size = sizeOf(cidr);
  const edge = cidr.family === 4 && size > 2n ? 1n : 0n;
  return { family: cidr.family, first: cidr.base + edge, last: cidr.base + size - 1n - edge };
}

/** Older Services come first, so that a plan made twice is the same. */
export function planLoadBalancers(services: readonly Service[], pool: Pool): LoadBalancerPlan {
  const ordered = [...services].sort(byAge);
  const taken = new Map<string, Service>();
  const open: Service[] = [];
  const assignments: Assignment[] = [];
  for (const service of ordered) {
    const present = addressIn(service, pool);
    if (!isOurs(service)) {
      if (present !== undefined && service.spec?.type !== 'LoadBalancer') assignments.push({ service, ingress: [] });
    } else if (present !== undefined && !taken.has(present) && fits(service, present)) {
      taken.set(present, service);
    } else {
      open.push(service);
    }
  }
  const refusals: Refusal[] = [];
  for (const service of open) {
    const found = choose(service, pool, taken);
    if ('message' in found) {
      refusals.push({ service, message: found.message });
    } else {
      taken.set(found.address, service);
      assignments.push({ service, ingress: [{ ip: found.address, ipMode: 'VIP' }] });
    }
  }
  return { assignments, refusals };
}

function isOurs({ spec, metadata }: Service): boolean {
  if (spec?.type !== 'LoadBalancer' || metadata.deletionTimestamp !== undefined) return false;
  return spec.loadBalancerClass === undefined || spec.loadBalancerClass === loadBalancerClass;
}

/** An address that was asked for by name has to be that one. */
function fits({ spec }: Service, address: string): boolean {
  return spec?.loadBalancerIP === undefined || spec.loadBalancerIP === '' || spec.loadBalancerIP === address;
}

function addressIn({ status }: Service, pool: Pool): string | undefined {
  return status?.loadBalancer?.ingress?.map(({ ip = '' }) => ip).find((ip) => isInPool(ip, pool));
}

function isInPool(text: string, pool: Pool): boolean {
  const address = parseAddress(text);
  if (address === undefined) return false;
  return pool.some(
    ({ family, first, last }) => family === address.family && first <= address.value && address.value <= last,
  );
}

function choose(
  { spec }: Service,
  pool: Pool,
  taken: ReadonlyMap<string, Service>,
): { readonly address: string } | { readonly message: string } {
  const wanted = spec?.loadBalancerIP ?? '';
  if (wanted !== '') {
    if (!isInPool(wanted, pool)) return { message: `the address ${wanted} is not in the pool` };
    const owner = taken.get(wanted);
    if (owner === undefined) return { address: wanted };
    return {
      message: `the address ${wanted} belongs to Service ${owner.metadata.namespace ?? ''}/${owner.metadata.name}`,
    };
  }
  const family = spec?.clusterIP?.includes(':') === true ? 6 : 4;
  const free = freeAddress(
    pool.filter((span) => span.family === family),
    taken,
  );
  if (free !== undefined) return { address: free };
  return {
    message: `no free IPv${family} address in the pool: ${taken.size} are in use; free one or make the pool larger`,
  };
}

function freeAddress(pool: Pool, taken: ReadonlyMap<string, Service>): string | undefined {
  for (const { family, first, last } of pool) {
    for (let value = first; value <= last; value += 1n) {
      const address = formatAddress(family, value);
      if (!taken.has(address)) return address;
    }
  }
  return undefined;
}

function byAge({ metadata: a }: Service, { metadata: b }: Service): number {
  const key = ({ creationTimestamp, namespace = '', name }: Service['metadata']): string =>
    `${creationTimestamp} ${namespace}/${name}`;
  return key(a) < key(b) ? -1 : 1;
}
