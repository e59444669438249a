/**
 * The cluster as the scheduler sees it: nodes with the pods that are on them or assumed to be. Kept up to
 * date in place by events, since copying 5,000 nodes for each pod is what it must not do; a decision reads
 * it synchronously, so nothing changes underneath.
 */
import type { Node } from '../api/core/node.ts';
import { hostname } from '../api/core/placement.ts';
import type { Pod } from '../api/core/pod.ts';
import type { Selector } from '../schema/selector.ts';
import { NodeAmounts } from './node-amounts.ts';
import { NodeTraitsPool, type NodeTraits } from './node-traits.ts';
import { PodGroups } from './pod-groups.ts';
import { parseResources, requestsOf } from './resources.ts';

export interface NodeView {
  readonly name: string;
  readonly node: Node;
  readonly labels: Readonly<Record<string, string>>;
  /** Its label of that name. */
  readonly hostname: string | undefined;
  readonly traits: NodeTraits;
  readonly amounts: NodeAmounts;
  /** Pods by uid. */
  readonly pods: ReadonlyMap<string, Pod>;
  /** Those of them with inter-pod affinity or anti-affinity of their own. */
  readonly podsWithAffinity: ReadonlyMap<string, Pod>;
  /** Host ports in use, as `TCP:80` to the addresses that use it. */
  readonly ports: ReadonlyMap<string, readonly string[]>;
  /** Size in bytes by image name. */
  readonly images: ReadonlyMap<string, number>;
}

class MutableNodeView implements NodeView {
  readonly name: string;
  node: Node;
  traits: NodeTraits;
  hostname: string | undefined;
  labels: Readonly<Record<string, string>> = {};
  images: ReadonlyMap<string, number> = new Map();
  readonly amounts = new NodeAmounts();
  readonly pods = new Map<string, Pod>();
  readonly podsWithAffinity = new Map<string, Pod>();
  readonly ports = new Map<string, readonly string[]>();

  constructor(node: Node, traits: NodeTraits) {
    this.name = node.metadata.name;
    this.node = node;
    this.traits = traits;
    this.setNode(node, traits);
  }

  setNode(node: Node, traits: NodeTraits): void {
    this.node = node;
    this.traits = traits;
    this.labels = node.metadata.labels ?? {};
    this.hostname = this.labels[hostname];
    this.amounts.setAllocatable(parseResources(node.status?.allocatable));
    this.images = new Map(
      (node.status?.images ?? []).flatMap(({ names, sizeBytes }) =>
        (names ?? []).map((name) => [name, sizeBytes ?? 0] as const),
      ),
    );
  }

  add(pod: Pod): void {
    this.pods.set(pod.metadata.uid, pod);
    if (hasPodAffinity(pod)) this.podsWithAffinity.set(pod.metadata.uid, pod);
    this.amounts.count(requestsOf(pod), 1);
    for (const { key, address } of hostPortsOf(pod)) this.ports.set(key, [...(this.ports.get(key) ?? []), address]);
  }

  remove(pod: Pod): void {
    this.pods.delete(pod.metadata.uid);
    this.podsWithAffinity.delete(pod.metadata.uid);
    this.amounts.count(requestsOf(pod), -1);
    for (const { key, address } of hostPortsOf(pod)) {
      const left = [...(this.ports.get(key) ?? [])];
      left.splice(left.indexOf(address), 1);
      if (left.length === 0) this.ports.delete(key);
      else this.ports.set(key, left);
    }
  }
}

export class Snapshot {
  readonly #nodes = new Map<string, MutableNodeView>();
  /** Where each pod is, and the object by which it was counted. */
  readonly #placed = new Map<string, { readonly node: string; readonly pod: Pod }>();
  /** Pods whose node is not known (yet). */
  readonly #homeless = new Map<string, Map<string, Pod>>();
  readonly #traits = new NodeTraitsPool();
  readonly #byNode = new PodGroups<string>();
  readonly #byTraits = new PodGroups<NodeTraits>();
  readonly #withAffinity = new Set<MutableNodeView>();
  readonly #images = new Map<string, number>();
  #list: readonly MutableNodeView[] | undefined;

  /** All nodes that have told what they have, in the order of their first appearance. */
  get nodes(): readonly NodeView[] {
    this.#list ??= [...this.#nodes.values()].filter(({ amounts }) => amounts.isKnown);
    return this.#list;
  }

  get nodesWithAffinity(): readonly NodeView[] {
    return [...this.#withAffinity];
  }

  /** How many pods of the namespace the selector selects, by node; those that are being deleted do not count. */
  podsMatching(namespace: string, selector: Selector): ReadonlyMap<string, number> {
    return this.#byNode.matching(namespace, selector);
  }

  /** The same by what nodes have in common. */
  podsMatchingByTraits(namespace: string, selector: Selector): ReadonlyMap<NodeTraits, number> {
    return this.#byTraits.matching(namespace, selector);
  }

  nodesWithImage(name: string): number {
    return this.#images.get(name) ?? 0;
  }

  /** The nodes as if these pods were already there. */
  nodesWith(pods: readonly { readonly pod: Pod; readonly node: string }[]): readonly NodeView[] {
    return this.nodes.map((view) => {
      const coming = pods.filter(({ node }) => node === view.name).map(({ pod }) => pod);
      return coming.length === 0 ? view : withPods(view, [], coming);
    });
  }

  node(name: string): NodeView | undefined {
    return this.#nodes.get(name);
  }

  /** Whether the node can be chosen from now on, and could not before. */
  setNode(node: Node): boolean {
    const view = this.#nodes.get(node.metadata.name);
    const traits = this.#traits.take(node);
    if (view !== undefined) {
      const hadNothing = !view.amounts.isKnown;
      this.#countImages(view, -1);
      this.#countByTraits(view, -1);
      this.#traits.release(view.traits);
      view.setNode(node, traits);
      this.#countByTraits(view, 1);
      this.#countImages(view, 1);
      if (hadNothing) this.#list = undefined;
      return hadNothing && view.amounts.isKnown;
    }
    const made = new MutableNodeView(node, traits);
    this.#nodes.set(made.name, made);
    this.#list = undefined;
    this.#countImages(made, 1);
    for (const pod of this.#homeless.get(made.name)?.values() ?? []) made.add(pod);
    this.#countByTraits(made, 1);
    this.#noteAffinity(made);
    this.#homeless.delete(made.name);
    return made.amounts.isKnown;
  }

  removeNode(name: string): void {
    const view = this.#nodes.get(name);
    if (view === undefined) return;
    if (view.pods.size > 0) this.#homeless.set(name, new Map(view.pods));
    this.#countImages(view, -1);
    this.#countByTraits(view, -1);
    this.#traits.release(view.traits);
    this.#withAffinity.delete(view);
    this.#nodes.delete(name);
    this.#list = undefined;
  }

  #countImages({ images }: NodeView, by: number): void {
    for (const name of images.keys()) this.#images.set(name, (this.#images.get(name) ?? 0) + by);
  }

  #countByTraits({ pods, traits }: NodeView, by: 1 | -1): void {
    for (const pod of pods.values()) this.#byTraits.count(pod, traits, by);
  }

  #noteAffinity(view: MutableNodeView): void {
    if (view.podsWithAffinity.size > 0) this.#withAffinity.add(view);
    else this.#withAffinity.delete(view);
  }

  /** Counts the pod on a node, replacing what was counted for it before. */
  place(pod: Pod, node: string): void {
    this.remove(pod.metadata.uid);
    this.#placed.set(pod.metadata.uid, { node, pod });
    this.#byNode.count(pod, node, 1);
    const view = this.#nodes.get(node);
    if (view !== undefined) {
      view.add(pod);
      this.#byTraits.count(pod, view.traits, 1);
      return this.#noteAffinity(view);
    }
    const waiting = this.#homeless.get(node) ?? new Map<string, Pod>();
    waiting.set(pod.metadata.uid, pod);
    this.#homeless.set(node, waiting);
  }

  remove(uid: string): void {
    const placed = this.#placed.get(uid);
    if (placed === undefined) return;
    this.#placed.delete(uid);
    this.#byNode.count(placed.pod, placed.node, -1);
    const view = this.#nodes.get(placed.node);
    if (view !== undefined) {
      view.remove(placed.pod);
      this.#byTraits.count(placed.pod, view.traits, -1);
      this.#noteAffinity(view);
    }
    this.#homeless.get(placed.node)?.delete(uid);
  }

  nodeOf(uid: string): string | undefined {
    return this.#placed.get(uid)?.node;
  }
}

/** A copy of a node as if these pods had been removed or added; for preemption. */
export function withPods(view: NodeView, removed: Iterable<Pod>, added: Iterable<Pod> = []): NodeView {
  const copy = new MutableNodeView(view.node, view.traits);
  const gone = new Set([...removed].map((pod) => pod.metadata.uid));
  for (const pod of view.pods.values()) if (!gone.has(pod.metadata.uid)) copy.add(pod);
  for (const pod of added) copy.add(pod);
  return copy;
}

export function hasPodAffinity(pod: Pod): boolean {
  const affinity = pod.spec?.affinity;
  return affinity?.podAffinity !== undefined || affinity?.podAntiAffinity !== undefined;
}

export interface HostPort {
  /** `TCP:80`. */
  readonly key: string;
  /** `0.0.0.0` for all addresses. */
  readonly address: string;
}

export function hostPortsOf(pod: Pod): readonly HostPort[] {
  const containers = [
    ...(pod.spec?.containers ?? []),
    ...(pod.spec?.initContainers ?? []).filter(({ restartPolicy }) => restartPolicy === 'Always'),
  ];
  return containers.flatMap(({ ports = [] }) =>
    ports
      .filter(({ hostPort = 0 }) => hostPort > 0)
      .map(({ hostPort, hostIP, protocol }) => ({
        key: `${protocol ?? 'TCP'}:${hostPort}`,
        address: hostIP === undefined || hostIP === '' ? '0.0.0.0' : hostIP,
      })),
  );
}
