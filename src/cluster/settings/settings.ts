/**
 * What a cluster is set to: made at its first start (settle.ts), kept in the data directory, and the same ever after,
 * so that addresses, ports and names survive restarts.
 */
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { readTextIfPresent, writeFileDurably } from '../../base/file.ts';
import { UserError } from '../../cli/user-error.ts';
import type { Backend } from '../../network/overlay.ts';
import type { Layout } from '../layout.ts';
import { ethernetMtu } from '../machine/machine.ts';
import type { GuardSettings } from './guards.ts';

export interface ClusterSettings {
  readonly version: 1;
  readonly name: string;
  /** Tells clusters on one machine apart: picks their address ranges and interface names. */
  readonly slot: number;
  /** Port of the API server, on all addresses. */
  readonly port: number;
  /** Port of the first node's kubelet API. */
  readonly kubeletPort: number;
  readonly podCidr: string;
  readonly serviceCidr: string;
  readonly clusterDomain: string;
  readonly nodeName: string;
  readonly guards?: GuardSettings;
  /** Where Services of type LoadBalancer get their addresses; the first node's machine reaches them. */
  readonly loadBalancerPool: string;
  readonly ingress: IngressPorts;
  /** How pods reach those of other nodes. */
  readonly backend: Backend;
  /** Addresses of this machine's nodes among themselves, when there are several. The first node has the first. */
  readonly underlayCidr: string;
  /** The CRI socket of the runtime that runs the containers; absent: the built-in one. */
  readonly runtimeEndpoint?: string;
  /** Path of the agents' KubeletConfiguration. */
  readonly kubeletConfig?: string;
  /** Path of the scheduler's KubeSchedulerConfiguration. */
  readonly schedulerConfig?: string;
  /** For how long certificates are good, such as `8760h`; a year when not said. */
  readonly certificateValidityPeriod?: string;
  /** Bytes that the machine's way out carries in one packet; as it was at the last start. */
  readonly linkMtu: number;
  /** Nodes on this machine beside the first. */
  readonly furtherNodes: readonly FurtherNode[];
  /** How many nodes exist in the API only; absent: none. */
  readonly simulatedNodes?: number;
  /** This machine's address for other machines; absent: that of the interface with the default route. */
  readonly advertiseAddress?: string;
  /** Set on a machine that has joined another's cluster: it runs an agent only, and has none of the cluster's keys. */
  readonly joined?: Membership;
}

export interface Membership {
  /** Such as `https://192.0.2.1:6443`. */
  readonly server: string;
  /** This node's, on the link to the server. */
  readonly address: string;
  /** Number of the cluster's VXLAN. */
  readonly vni: number;
}

export interface FurtherNode {
  readonly name: string;
  /** From 2; the last octet of its address. */
  readonly number: number;
}

/** On all addresses of the first node. */
export interface IngressPorts {
  readonly http: number;
  readonly https: number;
  /** /healthz and /metrics. */
  readonly status: number;
}

/** Reads the settings; undefined before the first start. */
export function readSettings(layout: Layout): ClusterSettings | undefined {
  const text = readTextIfPresent(layout.settings);
  if (text === undefined) return undefined;
  try {
    return parse(text);
  } catch {
    throw new UserError(
      `${layout.settings} is not valid JSON`,
      `restore it from a backup, or start afresh with: ${layout.command('reset')}`,
    );
  }
}

export function requireSettings(layout: Layout): ClusterSettings {
  const settings = readSettings(layout);
  if (settings === undefined) {
    throw new UserError(
      `there is no cluster ${layout.name} in ${layout.dataDir}`,
      `start one with: ${layout.command('up')}`,
    );
  }
  return settings;
}

/** As `requireSettings`, for what only the machine that runs the API server can do. */
export function requireServer(layout: Layout): ClusterSettings {
  const settings = requireSettings(layout);
  if (settings.joined === undefined) return settings;
  throw new UserError(
    `this machine has joined the cluster at ${settings.joined.server}, and does not run it`,
    'do that on the machine which does',
  );
}

export interface RunningSettings extends ClusterSettings {
  readonly dataDir: string;
}

/** Leaves a copy below /run: it tells others which slot and name are taken, wherever the data lies. */
export function announceSettings(layout: Layout, settings: ClusterSettings): void {
  mkdirSync(layout.runDir, { recursive: true });
  const announced: RunningSettings = { ...settings, dataDir: layout.dataDir };
  writeFileSync(layout.runningSettings, JSON.stringify(announced), { mode: 0o600 });
  // The mode above is that of a new file only.
  chmodSync(layout.runningSettings, 0o600);
}

/** What the cluster of this name that was started last and not stopped was set to; its data may lie elsewhere. */
export function announcedSettings(layout: Layout): RunningSettings | undefined {
  try {
    const text = readTextIfPresent(layout.runningSettings);
    return text === undefined ? undefined : (parse(text) as RunningSettings);
  } catch {
    return undefined; // Cut off while it was written; the next start writes it anew.
  }
}

/** As `readSettings`, but also knows a started cluster whose data directory was deleted under it. */
export function knownSettings(layout: Layout): ClusterSettings | undefined {
  const announced = announcedSettings(layout);
  return readSettings(layout) ?? (announced?.dataDir === layout.dataDir ? announced : undefined);
}

export function writeSettings(layout: Layout, settings: ClusterSettings): void {
  writeFileDurably(layout.settings, `${JSON.stringify(settings, null, 2)}\n`);
}

/** With what an earlier version had no settings for, as far as it follows from the slot. */
function parse(text: string): ClusterSettings {
  const kept = JSON.parse(text) as Pick<ClusterSettings, 'slot'> & Partial<ClusterSettings>;
  return {
    ...rangesOf(kept.slot),
    backend: 'vxlan',
    linkMtu: ethernetMtu,
    furtherNodes: [],
    ...kept,
  } as ClusterSettings;
}

/** Ranges that follow from the slot. */
export function rangesOf(slot: number): Pick<ClusterSettings, 'loadBalancerPool' | 'underlayCidr'> {
  return { loadBalancerPool: `10.${150 + slot}.0.0/24`, underlayCidr: `10.${150 + slot}.1.0/24` };
}
