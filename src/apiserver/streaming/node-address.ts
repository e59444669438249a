/** Where a pod's or node's kubelet listens. */
import type { Node } from '../../api/core/node.ts';
import type { Pod } from '../../api/core/pod.ts';
import { isSimulated } from '../../api/core/simulated-node.ts';
import { badRequest, internalError, notFound } from '../errors.ts';
import { keyOf } from '../registry/resources.ts';
import type { ServerState } from '../server-types.ts';

export interface NodeAddress {
  readonly host: string;
  readonly port: number;
  readonly node: string;
}

/** Upstream's default order of preference, with what local nodes have first. */
const preferred = ['InternalIP', 'Hostname', 'InternalDNS', 'ExternalIP', 'ExternalDNS'];

export function podOf(server: ServerState, namespace: string, name: string): Pod {
  const resource = server.resources.find('', 'v1', 'pods');
  const entry = resource === undefined ? undefined : server.registry.store.get(keyOf(resource, namespace, name));
  if (entry === undefined) throw notFound({ group: '', resource: 'pods' }, name);
  return entry.value as Pod;
}

export function nodeOf(server: ServerState, name: string): Node {
  const resource = server.resources.find('', 'v1', 'nodes');
  const entry = resource === undefined ? undefined : server.registry.store.get(keyOf(resource, '', name));
  if (entry === undefined) throw notFound({ group: '', resource: 'nodes' }, name);
  return entry.value as Node;
}

/** Throws 400 for a pod that no node runs yet, 404 and 500 for a node that can't be reached. */
export function kubeletOf(server: ServerState, pod: Pod): NodeAddress {
  const { nodeName = '' } = pod.spec ?? {};
  if (nodeName === '') throw badRequest(`pod ${pod.metadata.name} does not have a host assigned`);
  return addressOf(nodeOf(server, nodeName));
}

export function addressOf(node: Node): NodeAddress {
  if (isSimulated(node)) {
    throw badRequest(`node ${node.metadata.name} is simulated: no container runs there, and nobody answers for it`);
  }
  const { addresses = [], daemonEndpoints } = node.status ?? {};
  const port = daemonEndpoints?.kubeletEndpoint?.Port ?? 10_250;
  for (const type of preferred) {
    const found = addresses.find((each) => each.type === type);
    if (found !== undefined) return { host: found.address, port, node: node.metadata.name };
  }
  throw internalError(`no preferred addresses found; known addresses: []`);
}
