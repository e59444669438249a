/** Policies, pods and namespaces as they are known, and what follows for this node. Synchronous. */
import type { Namespace } from '../api/core/namespace.ts';
import type { Pod } from '../api/core/pod.ts';
import type { NetworkPolicy } from '../api/networking/network-policy.ts';
import { NftTable, type Element } from '../network/nft-table.ts';
import { matches, selectorOf, type LabelSelectorLike } from '../schema/selector.ts';
import { nameFor, podRules, portsNamed, type Direction, type PeerSelector } from './policy-rules.ts';
import { policyDefinition } from './policy-table.ts';

export interface PolicyInput {
  readonly policies: readonly NetworkPolicy[];
  /** Of the whole cluster. */
  readonly pods: readonly Pod[];
  readonly namespaces: readonly Namespace[];
}

const mostChains = 2000;

export class PolicyState {
  readonly table: NftTable;
  readonly #nodeName: string;
  readonly #rules = new Map<string, readonly string[]>();

  constructor(table: string, nodeName: string) {
    this.#nodeName = nodeName;
    this.table = new NftTable(policyDefinition(table, (chain) => this.#rules.get(chain) ?? []));
  }

  /** Puts what the input asks for into the table; what stayed the same changes nothing there. */
  update({ policies, pods, namespaces }: PolicyInput): void {
    const owners = new Set(this.table.owners());
    const put = (owner: string, elements: readonly Element[]): void => {
      owners.delete(owner);
      this.table.replace(owner, elements);
    };
    const peers = new Map<string, PeerSelector>();
    const networked = pods.filter(hasOwnNetwork);
    const byNamespace = Map.groupBy(policies, ({ metadata }) => metadata.namespace ?? '');
    for (const pod of networked) {
      if (pod.spec?.nodeName !== this.#nodeName) continue;
      const selecting = (byNamespace.get(pod.metadata.namespace ?? '') ?? []).filter((policy) =>
        isSelected(policy.spec?.podSelector ?? {}, pod),
      );
      if (selecting.length > 0) put(`pod/${pod.metadata.uid}`, this.#podElements(pod, selecting, peers));
    }
    const labels = new Map(namespaces.map(({ metadata }) => [metadata.name, metadata.labels ?? {}]));
    for (const [set, selector] of peers) put(`peer/${set}`, peerElements(set, selector, networked, labels));
    for (const owner of owners) this.table.replace(owner, []);
    if (this.#rules.size > mostChains) this.#forgetChains();
  }

  /** Chains that nobody uses stay until there are too many; then the next check finds the table wanting and replaces it. */
  #forgetChains(): void {
    const used = new Set(
      [...this.table.owners()].flatMap((owner) => this.table.elementsOf(owner).map(({ value }) => value.slice(5))),
    );
    for (const chain of this.#rules.keys()) if (!used.has(chain)) this.#rules.delete(chain);
  }

  #podElements(pod: Pod, policies: readonly NetworkPolicy[], peers: Map<string, PeerSelector>): readonly Element[] {
    const elements: Element[] = [];
    for (const direction of ['in', 'out'] as const) {
      const rules = podRules(pod, policies, direction);
      if (rules === undefined) continue;
      for (const [set, selector] of rules.peers) peers.set(set, selector);
      const chain = nameFor(direction, rules.lines);
      this.#rules.set(chain, rules.lines);
      elements.push(...addressesOf(pod).map((ip) => verdict(direction, ip, chain)));
    }
    return [
      ...elements,
      ...addressesOf(pod).map((ip) => ({ set: `self${familyOf(ip)}`, key: `${ip} . ${ip}`, value: '' })),
    ];
  }
}

function verdict(direction: Direction, ip: string, chain: string): Element {
  return { set: `${direction === 'in' ? 'ingress' : 'egress'}${familyOf(ip)}`, key: ip, value: `jump ${chain}` };
}

function peerElements(
  set: string,
  selector: PeerSelector,
  pods: readonly Pod[],
  namespaces: ReadonlyMap<string, Readonly<Record<string, string>>>,
): readonly Element[] {
  const podSelector = selectorOf(selector.podSelector ?? {});
  const namespaceSelector = selectorOf(selector.namespaceSelector ?? {});
  const isMeant = ({ metadata }: Pod): boolean => {
    const { namespace = '', labels } = metadata;
    if (selector.namespace !== undefined && namespace !== selector.namespace) return false;
    if (selector.namespace === undefined && !matches(namespaceSelector, namespaces.get(namespace))) return false;
    return matches(podSelector, labels);
  };
  const keys = new Map<string, Element>();
  for (const pod of pods.filter(isMeant)) {
    for (const ip of addressesOf(pod)) {
      for (const key of keysOf(pod, ip, selector.port)) keys.set(key, { set: `${set}${familyOf(ip)}`, key, value: '' });
    }
  }
  return [...keys.values()];
}

function keysOf(pod: Pod, ip: string, port: PeerSelector['port']): readonly string[] {
  if (port === undefined) return [ip];
  return portsNamed(pod, port.name, port.protocol).map((number) => `${ip} . ${port.protocol} . ${number}`);
}

function isSelected(selector: LabelSelectorLike, { metadata }: Pod): boolean {
  return matches(selectorOf(selector), metadata.labels);
}

function hasOwnNetwork({ spec, status }: Pod): boolean {
  return spec?.hostNetwork !== true && status?.phase !== 'Succeeded' && status?.phase !== 'Failed';
}

function addressesOf({ status }: Pod): readonly string[] {
  return (status?.podIPs ?? []).map(({ ip }) => ip).filter((ip) => ip !== '');
}

const familyOf = (ip: string): 4 | 6 => (ip.includes(':') ? 6 : 4);
