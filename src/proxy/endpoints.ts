/** Which endpoints of a service port get traffic on this node. Pure. */
import type { Endpoint, EndpointSlice } from '../api/discovery/endpoint-slice.ts';
import type { ServicePort } from '../api/core/service.ts';
import { formatAddress, parseAddress } from '../network/cidr.ts';
import type { Family } from './ruleset.ts';

/** What the proxy knows about the node it runs on. */
export interface NodeFacts {
  readonly name: string;
  /** Of the label topology.kubernetes.io/zone. */
  readonly zone: string | undefined;
}

export interface Target {
  readonly ip: string;
  readonly port: number;
  /** On this node. */
  readonly local: boolean;
}

interface Candidate extends Target {
  readonly ready: boolean;
  readonly serving: boolean;
  readonly terminating: boolean;
  readonly zones: readonly string[];
  readonly nodes: readonly string[];
}

export interface Choice {
  /** For traffic policy Cluster: any node's, or those that hints prefer. */
  readonly cluster: readonly Target[];
  /** For traffic policy Local. */
  readonly local: readonly Target[];
  /** Of those, what new clients should come for: a node whose last endpoints terminate serves, but asks for no more. */
  readonly localReady: readonly Target[];
}

/**
 * Ready endpoints; when there are none, those that still serve while they terminate. Topology hints narrow the
 * first choice, and only when every ready endpoint carries them and one is meant for here.
 */
export function chooseEndpoints(
  slices: readonly EndpointSlice[],
  port: ServicePort,
  family: Family,
  node: NodeFacts,
): Choice {
  const candidates = candidatesOf(slices, port, family, node);
  const ready = candidates.filter((each) => each.ready);
  const draining = candidates.filter((each) => each.serving && each.terminating);
  const cluster = ready.length > 0 ? preferred(ready, node) : draining;
  const localReady = ready.filter((each) => each.local);
  const local = localReady.length > 0 ? localReady : draining.filter((each) => each.local);
  return { cluster, local, localReady };
}

function candidatesOf(
  slices: readonly EndpointSlice[],
  port: ServicePort,
  family: Family,
  node: NodeFacts,
): readonly Candidate[] {
  const found = new Map<string, Candidate>();
  for (const slice of slices) {
    if (slice.addressType !== `IPv${family}`) continue;
    for (const number of portsOf(slice, port)) {
      for (const endpoint of slice.endpoints ?? []) {
        const candidate = candidateOf(endpoint, number, node);
        if (candidate === undefined) continue;
        const key = `${candidate.ip} ${number}`;
        // The same address may be in two slices while it moves; the one that is ready counts.
        if (!(found.get(key)?.ready ?? false)) found.set(key, candidate);
      }
    }
  }
  return [...found].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, candidate]) => candidate);
}

function portsOf(slice: EndpointSlice, wanted: ServicePort): readonly number[] {
  const same = (slice.ports ?? []).filter(
    ({ name = '', protocol = 'TCP' }) => name === (wanted.name ?? '') && protocol === (wanted.protocol ?? 'TCP'),
  );
  return same.map(({ port }) => port).filter((port) => port !== undefined);
}

function candidateOf(endpoint: Endpoint, port: number, node: NodeFacts): Candidate | undefined {
  const address = parseAddress(endpoint.addresses[0] ?? '');
  if (address === undefined) return undefined;
  const { ready = true, serving = ready, terminating = false } = endpoint.conditions ?? {};
  const { forZones = [], forNodes = [] } = endpoint.hints ?? {};
  return {
    ip: formatAddress(address.family, address.value),
    port,
    local: endpoint.nodeName === node.name,
    ready,
    serving,
    terminating,
    zones: forZones.map((zone) => zone.name),
    nodes: forNodes.map((each) => each.name),
  };
}

function preferred(ready: readonly Candidate[], node: NodeFacts): readonly Candidate[] {
  if (ready.every((each) => each.nodes.length > 0)) {
    const here = ready.filter((each) => each.nodes.includes(node.name));
    if (here.length > 0) return here;
  }
  const { zone } = node;
  if (zone !== undefined && ready.every((each) => each.zones.length > 0)) {
    const here = ready.filter((each) => each.zones.includes(zone));
    if (here.length > 0) return here;
  }
  return ready;
}
