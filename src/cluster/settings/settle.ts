/** Settings for a start: what is kept, with what flags change; at the first start from what is free on the machine. */
import { UserError } from '../../cli/user-error.ts';
import { formatCidr, overlap, parseCidr } from '../../network/cidr.ts';
import type { Backend } from '../../network/overlay.ts';
import { defaultName, type Layout } from '../layout.ts';
import { freePort, isFree, isLocalAddress, linkMtu } from '../machine/machine.ts';
import type { GuardSettings } from './guards.ts';
import { withNodes } from './nodes.ts';
import {
  announceSettings,
  rangesOf,
  readSettings,
  writeSettings,
  type ClusterSettings,
  type IngressPorts,
} from './settings.ts';
import { claimSlot, freeSlot, holderOf } from './slots.ts';

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
  readonly schedulerConfig?: string | undefined;
  readonly certificateValidityPeriod?: string;
}

/** Settings for this start: what is kept, with what the flags change. Writes them when they are new. */
export async function settle(layout: Layout, request: SettingsRequest): Promise<ClusterSettings> {
  const kept = readSettings(layout);
  if (kept !== undefined && !claimSlot(kept.slot, layout.dataDir)) {
    const holder = holderOf(kept.slot) ?? 'elsewhere';
    throw new UserError(
      `the addresses of cluster ${kept.name} are also those of the cluster in ${holder}`,
      `delete one of them: ${layout.command('reset')}, or the same with --data-dir ${holder}`,
    );
  }
  const settings = kept === undefined ? await choose(layout, request) : change(await completed(kept), request);
  if (kept === undefined || JSON.stringify(kept) !== JSON.stringify(settings)) writeSettings(layout, settings);
  return settings;
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
  schedulerConfig,
  certificateValidityPeriod,
}: SettingsRequest): Pick<
  ClusterSettings,
  'guards' | 'kubeletConfig' | 'schedulerConfig' | 'certificateValidityPeriod'
> {
  return {
    ...(guards === undefined ? {} : { guards }),
    ...(kubeletConfig === undefined ? {} : { kubeletConfig }),
    ...(schedulerConfig === undefined ? {} : { schedulerConfig }),
    ...(certificateValidityPeriod === undefined ? {} : { certificateValidityPeriod }),
  };
}

const simulatedOf = (count = 0): Pick<ClusterSettings, 'simulatedNodes'> =>
  count === 0 ? {} : { simulatedNodes: count };

/** With ports that an earlier version did not choose. */
async function completed(kept: ClusterSettings): Promise<ClusterSettings> {
  const { ingress }: Partial<ClusterSettings> = kept;
  return { ...kept, ingress: ingress ?? (await ingressPorts(kept.slot === 0)) };
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
  const { guards: _guards, kubeletConfig: _kubelet, schedulerConfig: _scheduler, ...rest } = kept;
  const { advertiseAddress, simulatedNodes, ...others } = rest;
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
