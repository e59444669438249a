/**
 * The namespaces of further nodes, held by bind mounts below the run directory, so that they outlive the agent:
 * NODE.net and NODE.mnt. A mount namespace can only be held where mounts are not passed on to others.
 */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Clock } from '../../base/clock.ts';
import { nthAddress } from '../../network/cidr.ts';
import { createCommandRunner, runOrThrow, type CommandRunner } from '../../network/command.ts';
import { mountPoints } from '../../network/netns.ts';
import { Underlay, type NodeLinkOptions } from '../../network/node-network.ts';
import type { Layout } from '../layout.ts';
import { needsUnderlay } from '../settings/nodes.ts';
import { type ClusterSettings, type FurtherNode } from '../settings/settings.ts';

export interface NamespacesOptions {
  readonly layout: Layout;
  readonly settings: ClusterSettings;
  readonly clock: Clock;
}

const prefixLength = 24;

export function underlayOf({ settings, clock }: NamespacesOptions): Underlay {
  return new Underlay({
    run: createCommandRunner(clock),
    bridge: `cor${settings.slot}-nodes`,
    address: `${nthAddress(settings.underlayCidr, 1)}/${prefixLength}`,
    table: `coracle-${settings.name}-nodes`,
  });
}

/** Makes the underlay and the namespaces of all further nodes, as far as they are missing. */
export async function ensureNamespaces(options: NamespacesOptions): Promise<void> {
  const { layout, settings, clock } = options;
  if (!needsUnderlay(settings)) return;
  await ensurePrivate(createCommandRunner(clock), folderOf(layout));
  const underlay = underlayOf(options);
  await underlay.ensure();
  for (const node of settings.furtherNodes) {
    await underlay.addNode(nodeLink(options, node));
    await ensureMountNamespace(options, node);
  }
}

/** The command that enters a node's namespaces and then runs what follows; nothing for the first node. */
export function enterNamespaces(layout: Layout, node: FurtherNode | undefined): readonly string[] {
  if (node === undefined) return [];
  return ['nsenter', `--net=${netPath(layout, node)}`, `--mount=${mountPath(layout, node)}`, '--'];
}

export function hasNamespaces(layout: Layout, node: FurtherNode): boolean {
  const present = mountPoints();
  return present.has(netPath(layout, node)) && present.has(mountPath(layout, node));
}

/** They go once the last process in them has ended. */
export async function removeNamespaces(options: NamespacesOptions, node: FurtherNode): Promise<void> {
  const { layout, clock } = options;
  const path = mountPath(layout, node);
  if (mountPoints().has(path)) await runOrThrow(createCommandRunner(clock), 'umount', ['-l', path]);
  rmSync(path, { force: true });
  await underlayOf(options).removeNode(nodeLink(options, node));
}

/** The machine's end of the node's cable. */
export function cableOf(settings: ClusterSettings, node: FurtherNode): string {
  return `cor${settings.slot}-n${node.number}`;
}

function nodeLink({ layout, settings }: NamespacesOptions, node: FurtherNode): NodeLinkOptions {
  return {
    bridge: `cor${settings.slot}-nodes`,
    path: netPath(layout, node),
    link: cableOf(settings, node),
    address: `${nthAddress(settings.underlayCidr, node.number)}/${prefixLength}`,
    gateway: nthAddress(settings.underlayCidr, 1),
  };
}

async function ensureMountNamespace({ layout, clock }: NamespacesOptions, node: FurtherNode): Promise<void> {
  const path = mountPath(layout, node);
  if (mountPoints().has(path)) return;
  const run = createCommandRunner(clock);
  writeFileSync(path, '', { flag: 'a' });
  // What the machine mounts later shows up in the node, and what it unmounts goes; not the other way round. Within the
  // node mounts are shared, as they are on a machine with systemd: containers may mount for others, as CSI drivers do.
  const args = [`--mount=${path}`, '--propagation', 'slave', '--', 'mount', '--make-rshared', '/'];
  await runOrThrow(run, 'unshare', args);
}

async function ensurePrivate(run: CommandRunner, folder: string): Promise<void> {
  if (mountPoints().has(folder)) return;
  mkdirSync(folder, { recursive: true });
  await runOrThrow(run, 'sh', ['-ec', `mount --bind '${folder}' '${folder}'; mount --make-private '${folder}'`]);
}

const folderOf = (layout: Layout): string => join(layout.runDir, 'namespaces');
const netPath = (layout: Layout, node: FurtherNode): string => join(folderOf(layout), `${node.name}.net`);
const mountPath = (layout: Layout, node: FurtherNode): string => join(folderOf(layout), `${node.name}.mnt`);
