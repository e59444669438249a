/**
 * What the proxy has seen and what follows from it. Synchronous and without I/O: events in, changes of the
 * table out. Only what an event touches is worked out again.
 */
import type { EndpointSlice } from '../api/discovery/endpoint-slice.ts';
import type { Pod } from '../api/core/pod.ts';
import type { Service } from '../api/core/service.ts';
import type { Element, NftTable } from '../network/nft-table.ts';
import type { NodeFacts } from './endpoints.ts';
import { hostPortElements } from './host-ports.ts';
import { noRules, serviceRules, type ServiceRules, type UdpFront } from './service-elements.ts';

/** The label by which a slice says whose it is. */
const serviceNameLabel = 'kubernetes.io/service-name';

export interface ServiceHealth {
  readonly namespace: string;
  readonly name: string;
  readonly port: number;
  readonly localEndpoints: number;
}

/** What must be forgotten once the new rules hold: flows and picks of endpoints that left. */
export interface Leftovers {
  /** Flows to one target, or all of the front when it just got its first targets. */
  readonly udp: readonly { readonly front: UdpFront; readonly target: string | undefined }[];
  /** `address . port` of targets that left a Service with session affinity. */
  readonly affinity: readonly string[];
}

interface Kept {
  readonly udp: readonly UdpFront[];
  readonly sticky: boolean;
  readonly health: ServiceRules['health'];
}

const nothing: Kept = noRules;

export class ProxyState {
  readonly #table: NftTable;
  readonly #services = new Map<string, Service>();
  readonly #slices = new Map<string, Map<string, EndpointSlice>>();
  readonly #pods = new Map<string, Pod>();
  readonly #kept = new Map<string, Kept>();
  readonly #dirty = new Set<string>();
  #node: NodeFacts;

  constructor(table: NftTable, node: NodeFacts) {
    this.#table = table;
    this.#node = node;
  }

  get pending(): number {
    return this.#dirty.size;
  }

  service(key: string, service: Service | undefined): void {
    put(this.#services, key, service);
    this.#dirty.add(key);
  }

  /** `before` is the slice as it was, since its label may have changed. */
  slice(key: string, slice: EndpointSlice | undefined, before: EndpointSlice | undefined): void {
    const owner = before === undefined ? undefined : ownerOf(before);
    if (owner !== undefined) {
      const slices = this.#slices.get(owner);
      slices?.delete(key);
      if (slices?.size === 0) this.#slices.delete(owner);
      this.#dirty.add(owner);
    }
    const next = slice === undefined ? undefined : ownerOf(slice);
    if (slice === undefined || next === undefined) return;
    const slices = this.#slices.get(next) ?? new Map<string, EndpointSlice>();
    slices.set(key, slice);
    this.#slices.set(next, slices);
    this.#dirty.add(next);
  }

  pod(key: string, pod: Pod | undefined): void {
    put(this.#pods, key, pod);
    this.#table.replace(`pod/${key}`, pod === undefined ? [] : hostPortElements(pod));
  }

  /** Ranges that do not depend on objects. */
  ranges(elements: readonly Element[]): void {
    this.#table.replace('ranges', elements);
  }

  node(facts: NodeFacts): void {
    if (facts.name === this.#node.name && facts.zone === this.#node.zone) return;
    this.#node = facts;
    for (const key of this.#services.keys()) this.#dirty.add(key);
  }

  /** Works out what was touched and puts it into the table; says what to forget after it is applied. */
  update(): Leftovers {
    const udp: Leftovers['udp'][number][] = [];
    const affinity: string[] = [];
    for (const key of this.#dirty) {
      const left = this.#updateService(key, this.#services.get(key));
      udp.push(...left.udp);
      affinity.push(...left.affinity);
    }
    this.#dirty.clear();
    return { udp, affinity };
  }

  #updateService(key: string, service: Service | undefined): Leftovers {
    const before = this.#kept.get(key) ?? nothing;
    const slices = [...(this.#slices.get(key)?.values() ?? [])];
    const rules = service === undefined ? noRules : serviceRules(service, slices, this.#node);
    // Of two owners who want one address the first by name has it, and a colon sorts after a slash: what is given to
    // one Service alone comes before what many can claim.
    const parts = [
      [`service/${key}`, rules.elements],
      [`service:balanced/${key}`, rules.balanced],
      [`service:claimed/${key}`, rules.claimed],
    ] as const;
    const old = parts.flatMap(([owner]) => this.#table.elementsOf(owner));
    for (const [owner, elements] of parts) this.#table.replace(owner, elements);
    if (service === undefined) this.#kept.delete(key);
    else this.#kept.set(key, { udp: rules.udp, sticky: rules.sticky, health: rules.health });
    const now = parts.flatMap(([, elements]) => elements);
    return { udp: staleFlows(before.udp, rules.udp), affinity: before.sticky ? leftTargets(old, now) : [] };
  }

  find(namespace: string, name: string): Service | undefined {
    return this.#services.get(`${namespace}/${name}`);
  }

  health(): readonly ServiceHealth[] {
    const found: ServiceHealth[] = [];
    for (const [key, { health }] of this.#kept) {
      if (health === undefined) continue;
      const [namespace = '', name = ''] = key.split('/');
      found.push({ namespace, name, ...health });
    }
    return found;
  }
}

/** `namespace/name` of the Service that a slice belongs to. */
function ownerOf(slice: EndpointSlice): string | undefined {
  const name = slice.metadata.labels?.[serviceNameLabel];
  return name === undefined || name === '' ? undefined : `${slice.metadata.namespace ?? ''}/${name}`;
}

function put<T>(map: Map<string, T>, key: string, value: T | undefined): void {
  if (value === undefined) map.delete(key);
  else map.set(key, value);
}

function staleFlows(before: readonly UdpFront[], after: readonly UdpFront[]): Leftovers['udp'] {
  const nameOf = (front: UdpFront): string => `${front.ip ?? ''} ${front.port}`;
  const now = new Map(after.map((front) => [nameOf(front), front]));
  const then = new Map(before.map((front) => [nameOf(front), front]));
  const gone = before.flatMap((front) => {
    const targets = new Set(now.get(nameOf(front))?.targets);
    return front.targets.filter((target) => !targets.has(target)).map((target) => ({ front, target }));
  });
  const served = after.filter(
    (front) => front.targets.length > 0 && (then.get(nameOf(front))?.targets.length ?? 0) === 0,
  );
  return [...gone, ...served.map((front) => ({ front, target: undefined }))];
}

function leftTargets(before: readonly Element[], after: readonly Element[]): readonly string[] {
  const targets = (elements: readonly Element[]): Set<string> =>
    new Set(elements.filter(({ set }) => set.includes('endpoints')).map(({ value }) => value));
  const now = targets(after);
  return [...targets(before)].filter((target) => !now.has(target));
}
