/**
 * The nodes of a cluster on this machine. The first lives in the machine's own network namespace; each further
 * one has a network and a mount namespace of its own, and reaches the first over the underlay bridge.
 */
import { UserError } from '../../cli/user-error.ts';
import { nthAddress } from '../../network/cidr.ts';
import { hostAddress } from '../machine/machine.ts';
import { type ClusterSettings, type FurtherNode } from './settings.ts';

/** Addresses of the underlay end there. */
const lastNode = 250;

/** All of them, the first one first. */
export function nodeNames(settings: ClusterSettings): readonly string[] {
  return [settings.nodeName, ...settings.furtherNodes.map(({ name }) => name)];
}

export function furtherNode(settings: ClusterSettings, name: string): FurtherNode | undefined {
  return settings.furtherNodes.find((node) => node.name === name);
}

/**
 * The address that stands for a node. The first one's is the machine's, unless that is none or other nodes
 * must have it on their own link; then it is the underlay's.
 */
export function nodeAddress(settings: ClusterSettings, name: string = settings.nodeName): string {
  const further = furtherNode(settings, name);
  if (further !== undefined) return nthAddress(settings.underlayCidr, further.number);
  const given = settings.joined?.address ?? settings.advertiseAddress;
  if (given !== undefined) return given;
  const own = settings.backend === 'routes' ? undefined : hostAddress();
  return own ?? nthAddress(needsUnderlay(settings) ? settings.underlayCidr : settings.podCidr, 1);
}

/** Whether the underlay bridge has to be there. */
export function needsUnderlay(settings: ClusterSettings): boolean {
  if (settings.furtherNodes.length > 0) return true;
  return settings.backend === 'routes' && settings.joined === undefined && settings.advertiseAddress === undefined;
}

/** Where a node's processes reach the API server. */
export function apiAddress(settings: ClusterSettings, nodeName: string): string {
  if (settings.joined !== undefined) return settings.joined.server;
  const host = furtherNode(settings, nodeName) === undefined ? '127.0.0.1' : nthAddress(settings.underlayCidr, 1);
  return `https://${host}:${settings.port}`;
}

/** A further node has all ports to itself. */
export function kubeletPort(settings: ClusterSettings, nodeName: string): number {
  return furtherNode(settings, nodeName) === undefined ? settings.kubeletPort : 10_250;
}

/** With further nodes until there are so many. */
export function withNodes(settings: ClusterSettings, wanted: number): ClusterSettings {
  let result = settings;
  while (result.furtherNodes.length + 1 < wanted) result = withNode(result, undefined);
  return result;
}

export function withoutNode(settings: ClusterSettings, name: string): ClusterSettings {
  return { ...settings, furtherNodes: settings.furtherNodes.filter((node) => node.name !== name) };
}

/** Without a name it is called after the cluster, with the lowest number that is free. */
export function withNode(settings: ClusterSettings, name: string | undefined): ClusterSettings {
  const { furtherNodes } = settings;
  let number = 2;
  while (furtherNodes.some((node) => node.number === number)) number += 1;
  if (number > lastNode) throw new UserError(`cluster ${settings.name} has ${lastNode} nodes on this machine already`);
  const node: FurtherNode = { name: name ?? `${settings.name}-${number}`, number };
  return { ...settings, furtherNodes: [...furtherNodes, node] };
}

/** Throws a UserError for names that cgroups, links and certificates could not bear. */
export function checkNodeName(name: string): void {
  if (/^[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?$/.test(name)) return;
  throw new UserError(
    `${JSON.stringify(name)} cannot be a node's name`,
    'use at most 40 lower-case letters, digits and dashes',
    2,
  );
}
