/**
 * What a cluster is set to: made at its first start from flags and from what is free on the machine, kept in
 * the data directory, and the same ever after, so that addresses, ports and names survive restarts.
 */
import { chmodSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { readTextIfPresent, writeFileDurably } from '../base/file.ts';
import { formatCidr, overlap, parseCidr } from '../network/cidr.ts';
import type { Backend } from '../network/overlay.ts';
import { UserError } from '../cli/user-error.ts';
import type { GuardSettings } from './guards.ts';
import { defaultName, layoutOf, type Layout } from './layout.ts';
import { ethernetMtu, freePort, isFree, isLocalAddress, linkMtu } from './machine.ts';
import { claimSlot, holderOf } from './slots.ts';

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

/** Addresses of the underlay end there. */
const lastNode = 250;

const lastSlot = 40;

/** Reads the settings; undefined before the first start. */
export function readSettings(layout: Layout): ClusterSettings | undefined {
  const text = readTextIfPresent(layout.settings);
  if (text === undefined) return undefined;
  try {
    return parse(text);
  } catch {
    throw new UserError(
      `${layout.settings} is not valid JSON`,
      `restore it from a backup, or start afresh with: coracle reset --data-dir ${layout.dataDir}`,
    );
  }
}

export function requireSettings(layout: Layout): ClusterSettings {
  const settings = readSettings(layout);
  if (settings === undefined) {
    throw new UserError(`there is no cluster ${layout.name} in ${layout.dataDir}`, 'start one with: coracle up');
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

export interface SettingsRequest {
  /** 0 picks a free one; undefined keeps what is set, or the default. */
  readonly port?: number;
  /** At least so many nodes on this machine. */
  readonly nodes?: number;
  readonly backend?: Backend;
  readonly runtimeEndpoint?: string;
  readonly guards?: GuardSettings | undefined;
  /** Empty: back to the default. */
  readonly advertiseAddress?: string;
  /** Empty: back to the default. */
  readonly loadBalancerPool?: string;
  readonly simulatedNodes?: number;
  /** As it shall be from now on. */
  readonly kubeletConfig?: string | undefined;
  readonly certificateValidityPeriod?: string;
}

/** Settings for this start: what is kept, with what the flags change. Writes them when they are new. */
export async function settle(layout: Layout, request: SettingsRequest): Promise<ClusterSettings> {
  const kept = readSettings(layout);
  if (kept !== undefined && !claimSlot(kept.slot, layout.dataDir)) {
    const holder = holderOf(kept.slot) ?? 'elsewhere';
    throw new UserError(
      `the addresses of cluster ${kept.name} are also those of the cluster in ${holder}`,
      `delete one of them with: coracle reset --name NAME --data-dir ${holder} (or ${layout.dataDir})`,
    );
  }
  const settings = kept === undefined ? await choose(layout, request) : change(await completed(kept), request);
  if (kept === undefined || JSON.stringify(kept) !== JSON.stringify(settings)) writeSettings(layout, settings);
  return settings;
}

export function writeSettings(layout: Layout, settings: ClusterSettings): void {
  writeFileDurably(layout.settings, `${JSON.stringify(settings, null, 2)}\n`);
}

async function choose(layout: Layout, request: SettingsRequest): Promise<ClusterSettings> {
  const first = layout.name === defaultName;
  const port = request.port === undefined && first ? 6443 : request.port || (await freePort());
  const kubeletPort = first && (await isFree(10_250)) ? 10_250 : await freePort();
  const ingress = await ingressPorts(first);
  // From here to the announcement nothing waits: another cluster that is made meanwhile would get the same slot,
  // and with it the same bridge, which goes with the first of the two that is deleted.
  const slot = freeSlot(layout);
  const settings: ClusterSettings = {
    version: 1,
    name: layout.name,
    slot,
    port,
    kubeletPort,
    podCidr: first ? '10.244.0.0/16' : `10.${201 + slot}.0.0/16`,
    serviceCidr: first ? '10.96.0.0/16' : `10.${97 + slot}.0.0/16`,
    clusterDomain: 'cluster.local',
    nodeName: `${layout.name}-1`,
    ...rangesOf(slot),
    ingress,
    backend: request.backend ?? 'vxlan',
    linkMtu: linkMtu(request.advertiseAddress),
    furtherNodes: [],
    ...advertised(request.advertiseAddress),
    ...(request.runtimeEndpoint === undefined ? {} : { runtimeEndpoint: request.runtimeEndpoint }),
    ...replaced(request),
    ...simulatedOf(request.simulatedNodes),
  };
  const complete = withNodes(withPool(settings, request.loadBalancerPool), request.nodes ?? 1);
  announceSettings(layout, complete);
  return complete;
}

/** What is set anew at each start. */
function replaced({
  guards,
  kubeletConfig,
  certificateValidityPeriod,
}: SettingsRequest): Pick<ClusterSettings, 'guards' | 'kubeletConfig' | 'certificateValidityPeriod'> {
  return {
    ...(guards === undefined ? {} : { guards }),
    ...(kubeletConfig === undefined ? {} : { kubeletConfig }),
    ...(certificateValidityPeriod === undefined ? {} : { certificateValidityPeriod }),
  };
}

const simulatedOf = (count = 0): Pick<ClusterSettings, 'simulatedNodes'> =>
  count === 0 ? {} : { simulatedNodes: count };

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

/** With ports that an earlier version did not choose. */
async function completed(kept: ClusterSettings): Promise<ClusterSettings> {
  const { ingress }: Partial<ClusterSettings> = kept;
  return { ...kept, ingress: ingress ?? (await ingressPorts(kept.slot === 0)) };
}

/** With further nodes until there are so many. */
function withNodes(settings: ClusterSettings, wanted: number): ClusterSettings {
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

export function rangesOf(slot: number): Pick<ClusterSettings, 'loadBalancerPool' | 'underlayCidr'> {
  return { loadBalancerPool: `10.${150 + slot}.0.0/24`, underlayCidr: `10.${150 + slot}.1.0/24` };
}

/** The ports that browsers expect for the default cluster, when nobody else has them; free ones for others. */
async function ingressPorts(first: boolean): Promise<IngressPorts> {
  const pick = async (port: number): Promise<number> => (first && (await isFree(port)) ? port : freePort());
  return { http: await pick(80), https: await pick(443), status: await pick(10_254) };
}

function change(kept: ClusterSettings, request: SettingsRequest): ClusterSettings {
  const { nodes = 1, backend = kept.backend } = request;
  // Port 0 asked for a free one at the first start; that one is kept.
  const port = request.port === undefined || request.port === 0 ? kept.port : request.port;
  const { guards: _guards, kubeletConfig: _kubeletConfig, advertiseAddress, simulatedNodes, ...others } = kept;
  const address = advertised(request.advertiseAddress ?? advertiseAddress);
  const simulated = simulatedOf(request.simulatedNodes ?? simulatedNodes);
  const changed = {
    ...others,
    ...address,
    ...simulated,
    port,
    backend,
    linkMtu: linkMtu(address.advertiseAddress),
    ...replaced(request),
  };
  return withNodes(withPool(changed, request.loadBalancerPool), nodes);
}

function withPool(settings: ClusterSettings, pool: string | undefined): ClusterSettings {
  if (pool === undefined) return settings;
  if (pool === '') return { ...settings, loadBalancerPool: rangesOf(settings.slot).loadBalancerPool };
  const range = parseCidr(pool);
  if (range?.family !== 4 || range.bits < 8 || range.bits > 30) {
    throw new UserError(`${JSON.stringify(pool)} is no range of IPv4 addresses`, 'give one such as 192.0.2.96/28', 2);
  }
  const { podCidr, serviceCidr, underlayCidr } = settings;
  const other = [podCidr, serviceCidr, underlayCidr].find((each) => overlap(each, pool));
  if (other === undefined) return { ...settings, loadBalancerPool: formatCidr(range) };
  throw new UserError(`the pool ${pool} and the cluster's ${other} have addresses in common`, 'choose another range');
}

/** Others reach nodes and API server under it, so it has to be one of this machine. */
function advertised(address: string | undefined): Pick<ClusterSettings, 'advertiseAddress'> {
  if (address === undefined || address === '') return {};
  if (isLocalAddress(address)) return { advertiseAddress: address };
  throw new UserError(
    `${address}, under which this machine is to be reached, is no address of it`,
    'pass --advertise-address with one that `ip address` shows, or with "" for that of the default route',
  );
}

/**
 * The lowest slot that no other cluster on this machine holds. The default cluster always has slot 0, so
 * that its addresses are those of every tutorial.
 */
export function freeSlot(layout: Layout): number {
  if (layout.name === defaultName) return 0;
  const taken = new Set([0, ...slotsInUse(layout.name)]);
  for (let slot = 1; slot <= lastSlot; slot += 1) {
    if (!taken.has(slot) && claimSlot(slot, layout.dataDir)) return slot;
  }
  throw new UserError(
    `all ${lastSlot + 1} clusters that fit on one machine exist`,
    'remove one with: coracle reset --name NAME',
  );
}

/** Other clusters of this machine that run now, or were never stopped. */
export function otherClusters(layout: Layout): readonly ClusterSettings[] {
  return foldersOf('/run/coracle')
    .filter((name) => name !== layout.name)
    .flatMap((name) => announcedSettings(layoutOf(name)) ?? []);
}

/** Slots of clusters that run now or have bridges left, and of those in the default data directory. */
function slotsInUse(ownName: string): readonly number[] {
  const ofBridges = Object.keys(networkInterfaces()).flatMap((name) => {
    const match = /^cor(\d+)-/.exec(name);
    return match === null ? [] : [Number(match[1])];
  });
  const ofFolders = ['/var/lib/coracle', '/run/coracle'].flatMap((parent) =>
    foldersOf(parent)
      .filter((name) => name !== ownName)
      .flatMap((name) => slotOf(join(parent, name, 'cluster.json'))),
  );
  return [...ofBridges, ...ofFolders];
}

function foldersOf(parent: string): readonly string[] {
  try {
    return readdirSync(parent);
  } catch {
    return [];
  }
}

function slotOf(path: string): readonly number[] {
  try {
    return [(JSON.parse(readFileSync(path, 'utf8')) as ClusterSettings).slot];
  } catch {
    return [];
  }
}

/** Network prefix and n-th address of an IPv4 range: `nthAddress('10.96.0.0/16', 1)` is `10.96.0.1`. */
export function nthAddress(cidr: string, n: number): string {
  const base = (cidr.split('/')[0] ?? '').split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
  const value = base + n;
  return [24, 16, 8, 0].map((shift) => Math.floor(value / 2 ** shift) % 256).join('.');
}
