/** One Service and its EndpointSlices to the elements it contributes to the table. Pure. */
import type { LoadBalancerIngress, Service, ServicePort, ServiceSpec } from '../api/core/service.ts';
import type { EndpointSlice } from '../api/discovery/endpoint-slice.ts';
import { formatCidr, parseCidr, withoutContained } from '../network/cidr.ts';
import type { Element } from '../network/nft-table.ts';
import { chooseEndpoints, type Choice, type NodeFacts, type Target } from './endpoints.ts';
import { pickerName, refusals, rememberName, sides, targetMap, type Family, type SideName } from './ruleset.ts';

const defaultAffinitySeconds = 10_800;

/** A UDP port as clients see it, for cleaning connection tracking: flows outlive rules. */
export interface UdpFront {
  /** Absent for node ports: any address of the node. */
  readonly ip: string | undefined;
  readonly port: number;
  readonly targets: readonly string[];
}

export interface ServiceRules {
  /** What nobody else can claim: cluster addresses and node ports are given to one Service only. */
  readonly elements: readonly Element[];
  /** At addresses that a load balancer has given. */
  readonly balanced: readonly Element[];
  /** At addresses that its author says are the Service's. */
  readonly claimed: readonly Element[];
  readonly udp: readonly UdpFront[];
  /** Whether clients are remembered: picks of endpoints that left must then be forgotten. */
  readonly sticky: boolean;
  /** Ready endpoints of this node by health-check node port, for external load balancers. */
  readonly health: { readonly port: number; readonly localEndpoints: number } | undefined;
}

export const noRules: ServiceRules = {
  elements: [],
  balanced: [],
  claimed: [],
  udp: [],
  sticky: false,
  health: undefined,
};

/** Labels, whatever their values, by which a Service or its endpoints ask to be left alone: it has another proxy, or none. */
const notOursLabels = ['service.kubernetes.io/service-proxy-name', 'service.kubernetes.io/headless'];

export function serviceRules(service: Service, slices: readonly EndpointSlice[], node: NodeFacts): ServiceRules {
  const spec = service.spec ?? {};
  if (!isOurs(service.metadata) || !hasAddress(spec)) return noRules;
  const usable = slices.filter((slice) => isOurs(slice.metadata));
  const elements: Element[] = [];
  const balanced: Element[] = [];
  const claimed: Element[] = [];
  const udp: UdpFront[] = [];
  const localIps = new Set<string>();
  for (const family of familiesOf(spec)) {
    for (const port of spec.ports ?? []) {
      const choice = chooseEndpoints(usable, port, family, node);
      for (const target of choice.localReady) localIps.add(target.ip);
      const rules = new PortRules(service, port, family, choice);
      elements.push(...rules.elements());
      balanced.push(...rules.balanced());
      claimed.push(...rules.claimed());
      udp.push(...rules.udpFronts());
    }
  }
  const sticky = spec.sessionAffinity === 'ClientIP';
  return { elements, balanced, claimed, udp, sticky, health: healthOf(spec, localIps.size) };
}

function isOurs({ labels }: { readonly labels?: Readonly<Record<string, string>> }): boolean {
  return notOursLabels.every((label) => labels?.[label] === undefined);
}

function hasAddress({ type, clusterIP = '' }: ServiceSpec): boolean {
  return type !== 'ExternalName' && clusterIP !== '' && clusterIP !== 'None';
}

function healthOf(spec: ServiceSpec, localEndpoints: number): ServiceRules['health'] {
  const { externalTrafficPolicy, healthCheckNodePort: port = 0 } = spec;
  return externalTrafficPolicy === 'Local' && port > 0 ? { port, localEndpoints } : undefined;
}

export function familyOf(ip: string): Family {
  return ip.includes(':') ? 6 : 4;
}

function familiesOf(spec: ServiceSpec): readonly Family[] {
  const addresses = spec.clusterIPs ?? [spec.clusterIP ?? ''];
  return [...new Set(addresses.filter((ip) => ip !== '' && ip !== 'None').map(familyOf))];
}

/** Where one service port is reached under one family, and what each place leads to. */
class PortRules {
  readonly #spec: ServiceSpec;
  readonly #ingress: readonly LoadBalancerIngress[];
  readonly #port: ServicePort;
  readonly #family: Family;
  readonly #choice: Choice;
  readonly #protocol: string;

  constructor(service: Service, port: ServicePort, family: Family, choice: Choice) {
    this.#spec = service.spec ?? {};
    this.#ingress = service.status?.loadBalancer?.ingress ?? [];
    this.#port = port;
    this.#family = family;
    this.#choice = choice;
    this.#protocol = (port.protocol ?? 'TCP').toLowerCase();
  }

  elements(): readonly Element[] {
    const elements: Element[] = [];
    const internalLocal = this.#spec.internalTrafficPolicy === 'Local';
    for (const ip of this.#clusterIps()) elements.push(...this.#front('n', ip, internalLocal));
    if (this.#nodePort() > 0) elements.push(...this.#outside('p', 'q', undefined));
    for (const target of [...this.#choice.cluster, ...this.#choice.local]) {
      if (target.local) elements.push({ set: `hairpin${this.#family}`, key: `${target.ip} . ${target.ip}`, value: '' });
    }
    return elements;
  }

  balanced(): readonly Element[] {
    return [...this.#loadBalancerIps().flatMap((ip) => this.#outside('n', 'l', ip)), ...this.#sourceRanges()];
  }

  claimed(): readonly Element[] {
    return this.#externalIps().flatMap((ip) => this.#outside('n', 'l', ip));
  }

  udpFronts(): readonly UdpFront[] {
    if (this.#protocol !== 'udp') return [];
    const targets = [...this.#choice.cluster, ...this.#choice.local].map((target) => target.ip);
    const front = (ip: string | undefined, port: number): UdpFront => ({ ip, port, targets });
    const addresses = [...this.#clusterIps(), ...this.#loadBalancerIps(), ...this.#externalIps()];
    const fronts = addresses.map((ip) => front(ip, this.#port.port));
    return this.#nodePort() > 0 ? [...fronts, front(undefined, this.#nodePort())] : fronts;
  }

  /**
   * Addresses or ranges of this family as nft writes them, each once and none within another: the kernel refuses
   * ranges that overlap. What is neither is left out.
   */
  #ours(texts: readonly (string | undefined)[]): readonly string[] {
    const ranges = texts.map((text) => parseCidr(text ?? '')).filter((range) => range?.family === this.#family);
    return [...new Set(withoutContained(ranges.filter((range) => range !== undefined)).map(formatCidr))];
  }

  #clusterIps(): readonly string[] {
    return this.#ours(this.#spec.clusterIPs ?? [this.#spec.clusterIP]);
  }

  #loadBalancerIps(): readonly string[] {
    if (this.#spec.type !== 'LoadBalancer') return [];
    return this.#ours(this.#ingress.filter((each) => each.ipMode !== 'Proxy').map((each) => each.ip));
  }

  #externalIps(): readonly string[] {
    return this.#ours(this.#spec.externalIPs ?? []);
  }

  #nodePort(): number {
    const { type } = this.#spec;
    return type === 'NodePort' || type === 'LoadBalancer' ? (this.#port.nodePort ?? 0) : 0;
  }

  #key(side: SideName, ip: string | undefined): string {
    const port = sides[side].address ? this.#port.port : this.#nodePort();
    return ip === undefined ? `${this.#protocol} . ${port}` : `${ip} . ${this.#protocol} . ${port}`;
  }

  /** An address that is also reached from outside; under policy Local that is a matter of its own. */
  #outside(everyone: SideName, outsiders: SideName, ip: string | undefined): readonly Element[] {
    if (this.#spec.externalTrafficPolicy !== 'Local') return this.#front(everyone, ip, false);
    return [...this.#front(everyone, ip, false), ...this.#front(outsiders, ip, true)];
  }

  #front(side: SideName, ip: string | undefined, local: boolean): readonly Element[] {
    const family = this.#family;
    const targets = local ? this.#choice.local : this.#choice.cluster;
    const key = this.#key(side, ip);
    const { fronts, targets: map, preserve } = sides[side];
    if (targets.length === 0) {
      // Outsiders must not go on to what everyone may reach.
      const stop = preserve ? [{ set: `${fronts}${family}`, key, value: 'accept' }] : [];
      return [this.#refusal(side, key, local), ...stop];
    }
    const sticky = this.#spec.sessionAffinity === 'ClientIP';
    const elements: Element[] = [
      { set: `${fronts}${family}`, key, value: `goto ${pickerName(side, family, targets.length, sticky)}` },
      ...targets.map((target, index) => ({
        set: targetMap(map, family, this.#protocol),
        key: `${key} . ${index}`,
        value: addressOf(target),
      })),
    ];
    if (sticky) {
      const seconds = this.#spec.sessionAffinityConfig?.clientIP?.timeoutSeconds ?? defaultAffinitySeconds;
      const set = `${sides[side].address ? 'sticky' : 'sticky-nodeports'}${family}`;
      elements.push({ set, key, value: `goto ${rememberName(family, seconds)}` });
    }
    return elements;
  }

  /** Nobody there at all is refused; nobody here, though elsewhere, is dropped, as upstream does. */
  #refusal(side: SideName, key: string, local: boolean): Element {
    const set = `${unservedSets[side]}${this.#family}`;
    const elsewhere = local && this.#choice.cluster.length > 0;
    return { set, key, value: elsewhere ? refusals.drop : refusals.reject };
  }

  #sourceRanges(): readonly Element[] {
    const ranges = this.#ours(this.#spec.loadBalancerSourceRanges ?? []);
    if (ranges.length === 0 || ranges.some((range) => range.endsWith('/0'))) return [];
    const family = this.#family;
    return this.#loadBalancerIps().flatMap((ip) => {
      const key = this.#key('n', ip);
      const sources = ranges.map((range) => ({ set: `sources${family}`, key: `${key} . ${range}`, value: '' }));
      return [{ set: `restricted${family}`, key, value: '' }, ...sources];
    });
  }
}

const unservedSets: Readonly<Record<SideName, string>> = {
  n: 'unserved',
  l: 'unserved-local',
  p: 'unserved-nodeports',
  q: 'unserved-nodeports-local',
};

function addressOf(target: Target): string {
  return `${target.ip} . ${target.port}`;
}
