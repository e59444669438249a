/**
 * NetworkPolicies to nftables. Pure.
 *
 * Each pod of this node that a policy selects gets an element that leads its packets into a chain: what the
 * chain's rules let through returns, the rest is dropped. Chains are named after their content, so that pods
 * under the same policies share one, and a chain never changes. Who may talk is in sets of addresses, one per
 * peer selector, which change without touching chains.
 *
 *     ingress4:  10.244.0.7 : jump in-3f9c...
 *     in-3f9c...: ip saddr @pods4-81ab meta l4proto tcp th dport 80 return
 *                 drop
 */
import { createHash } from 'node:crypto';
import type { Pod } from '../api/core/pod.ts';
import type { IPBlock, NetworkPolicy, NetworkPolicyPeer, NetworkPolicyPort } from '../api/networking/network-policy.ts';
import { formatCidr, parseCidr, subtract, withoutContained } from '../network/cidr.ts';
import type { Family } from './ruleset.ts';

export type Direction = 'in' | 'out';

/** Which pods a peer means, anywhere in the cluster. */
export interface PeerSelector {
  /** Namespace of the policy, when the peer names no namespaces. */
  readonly namespace: string | undefined;
  readonly namespaceSelector: NetworkPolicyPeer['namespaceSelector'];
  readonly podSelector: NetworkPolicyPeer['podSelector'];
  /** When set, elements are address . protocol . port of the containers' ports of this name. */
  readonly port: { readonly name: string; readonly protocol: string } | undefined;
}

export interface PodRules {
  readonly lines: readonly string[];
  /** Sets that the lines look into, without the family at the end, and what is in them. */
  readonly peers: ReadonlyMap<string, PeerSelector>;
}

const families: readonly Family[] = [4, 6];
const ipOf = (family: Family): string => (family === 4 ? 'ip' : 'ip6');

/** Which directions a policy is about. Ingress always, unless policyTypes says otherwise. */
function isAbout({ spec }: NetworkPolicy, direction: Direction): boolean {
  const types = spec?.policyTypes ?? (spec?.egress === undefined ? ['Ingress'] : ['Ingress', 'Egress']);
  return types.includes(direction === 'in' ? 'Ingress' : 'Egress');
}

/** Rules for one pod under these policies, all of which select it; undefined when none is about the direction. */
export function podRules(pod: Pod, policies: readonly NetworkPolicy[], direction: Direction): PodRules | undefined {
  const relevant = policies.filter((policy) => isAbout(policy, direction));
  if (relevant.length === 0) return undefined;
  const peers = new Map<string, PeerSelector>();
  const lines = new Set<string>();
  for (const policy of relevant) {
    const namespace = policy.metadata.namespace ?? '';
    for (const { others = [], ports = [] } of rulesOf(policy, direction)) {
      for (const line of new Rule(pod, namespace, direction, peers).lines(others, ports)) lines.add(line);
    }
  }
  return { lines: [...[...lines].sort(), 'drop'], peers };
}

interface PlainRule {
  readonly others: readonly NetworkPolicyPeer[] | undefined;
  readonly ports: readonly NetworkPolicyPort[] | undefined;
}

function rulesOf({ spec }: NetworkPolicy, direction: Direction): readonly PlainRule[] {
  if (direction === 'in') return (spec?.ingress ?? []).map(({ from, ports }) => ({ others: from, ports }));
  return (spec?.egress ?? []).map(({ to, ports }) => ({ others: to, ports }));
}

/** A name that follows from what it stands for. */
export function nameFor(prefix: string, content: unknown): string {
  return `${prefix}-${createHash('sha256').update(JSON.stringify(content)).digest('hex').slice(0, 16)}`;
}

class Rule {
  readonly #pod: Pod;
  readonly #namespace: string;
  readonly #direction: Direction;
  readonly #peers: Map<string, PeerSelector>;

  constructor(pod: Pod, namespace: string, direction: Direction, peers: Map<string, PeerSelector>) {
    this.#pod = pod;
    this.#namespace = namespace;
    this.#direction = direction;
    this.#peers = peers;
  }

  /** No peers: everybody; no ports: all of them. */
  lines(others: readonly NetworkPolicyPeer[], ports: readonly NetworkPolicyPort[]): readonly string[] {
    const peers = others.length === 0 ? [''] : others.flatMap((peer) => this.#peer(peer));
    if (ports.length === 0) return peers.map((peer) => `${peer}return`);
    return ports.flatMap((port) => this.#port(port, peers, others));
  }

  #port(port: NetworkPolicyPort, peers: readonly string[], others: readonly NetworkPolicyPeer[]): readonly string[] {
    const protocol = (port.protocol ?? 'TCP').toLowerCase();
    if (typeof port.port === 'string') {
      if (this.#direction === 'out') return this.#namedElsewhere(port.port, protocol, others);
      const numbers = portsNamed(this.#pod, port.port, protocol);
      return numbers.flatMap((number) =>
        peers.map((peer) => `${peer}meta l4proto ${protocol} th dport ${number} return`),
      );
    }
    const range = port.endPort === undefined ? String(port.port ?? '') : `${port.port ?? 0}-${port.endPort}`;
    const match = port.port === undefined ? `meta l4proto ${protocol}` : `meta l4proto ${protocol} th dport ${range}`;
    return peers.map((peer) => `${peer}${match} return`);
  }

  /** A named port of the pods that are talked to: each may have another number under that name. */
  #namedElsewhere(name: string, protocol: string, others: readonly NetworkPolicyPeer[]): readonly string[] {
    const anywhere: NetworkPolicyPeer = { namespaceSelector: {} };
    const peers = (others.length === 0 ? [anywhere] : others).filter(({ ipBlock }) => ipBlock === undefined);
    return peers.flatMap((peer) => {
      const set = this.#set(peer, { name, protocol });
      return families.map((family) => `${ipOf(family)} daddr . meta l4proto . th dport @${set}${family} return`);
    });
  }

  #peer(peer: NetworkPolicyPeer): readonly string[] {
    if (peer.ipBlock !== undefined) return blockMatches(peer.ipBlock, this.#field());
    const set = this.#set(peer, undefined);
    return families.map((family) => `${ipOf(family)} ${this.#field()} @${set}${family} `);
  }

  #field(): string {
    return this.#direction === 'in' ? 'saddr' : 'daddr';
  }

  #set({ namespaceSelector, podSelector }: NetworkPolicyPeer, port: PeerSelector['port']): string {
    const namespace = namespaceSelector === undefined ? this.#namespace : undefined;
    const selector: PeerSelector = { namespace, namespaceSelector, podSelector, port };
    // The dash at the end keeps the family's digit apart from the hash.
    const name = `${nameFor(port === undefined ? 'pods' : 'ports', selector)}-`;
    this.#peers.set(name, selector);
    return name;
  }
}

/** A range without its exceptions, as ranges: `{ 10.0.0.0/9, 10.128.0.0/10 }`. */
function blockMatches({ cidr, except = [] }: IPBlock, field: string): readonly string[] {
  const range = parseCidr(cidr);
  if (range === undefined) return [];
  const holes = withoutContained(except.map(parseCidr).filter((hole) => hole !== undefined));
  const rest = subtract(range, holes);
  if (rest.length === 0) return [];
  const ip = ipOf(range.family);
  if (rest.some(({ bits }) => bits === 0)) return [`meta nfproto ipv${range.family} `];
  return [`${ip} ${field} { ${rest.map(formatCidr).join(', ')} } `];
}

export function portsNamed({ spec }: Pod, name: string, protocol: string): readonly number[] {
  const containers = [...(spec?.containers ?? []), ...(spec?.initContainers ?? [])];
  const ports = containers.flatMap((container) => container.ports ?? []);
  const same = ports.filter((port) => port.name === name && (port.protocol ?? 'TCP').toLowerCase() === protocol);
  return [...new Set(same.map(({ containerPort }) => containerPort))];
}
