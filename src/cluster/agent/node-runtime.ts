/** What a node runs containers with: its images, pod network and runtime, under names of this cluster and node. */
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Clock } from '../../base/clock.ts';
import type { Logger } from '../../base/log.ts';
import type { Random } from '../../base/random.ts';
import type { Service } from '../../base/service.ts';
import { demoImages } from '../../image/demo-images.ts';
import { Images } from '../../image/images.ts';
import { createCommandRunner } from '../../network/command.ts';
import { podMtu } from '../../network/overlay.ts';
import { PodNetwork } from '../../network/pod-network.ts';
import type { BuiltinProgram } from '../../runtime/oci/builtin-driver.ts';
import { OciRuntime } from '../../runtime/oci/oci-runtime.ts';
import type { ImageService, RuntimeService } from '../../runtime/runtime.ts';
import type { Layout } from '../layout.ts';
import type { ClusterSettings } from '../settings/settings.ts';
import { builtinAddresses, openCri, writeCniConfig } from './cri-node.ts';

export interface NodeRuntimeOptions {
  readonly layout: Layout;
  readonly settings: ClusterSettings;
  readonly nodeName: string;
  readonly podCidr: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly programs?: Readonly<Record<string, BuiltinProgram>>;
}

/** Start of the names of a node's links. Further nodes use the same ones, in network namespaces of their own. */
function linkPrefix(settings: ClusterSettings): string {
  return `cor${settings.slot}`;
}

/** The VXLAN device that leads to other nodes' pods. */
export function overlayDevice(settings: ClusterSettings): string {
  return `${linkPrefix(settings)}-vx`;
}

/** VXLAN numbers tell clusters on one link apart. */
const firstVni = 4096;

export function vniOf(settings: ClusterSettings): number {
  return settings.joined?.vni ?? firstVni + settings.slot;
}

/** Unique on this machine: the cluster and the node. */
export function runtimePrefix(settings: ClusterSettings, nodeName: string): string {
  return `coracle-${settings.name}-${nodeName}`;
}

/** The node's nftables table; the kernel allows longer names than anyone would read. */
export function tableName(settings: ClusterSettings, nodeName: string): string {
  return runtimePrefix(settings, nodeName).slice(0, 31);
}

/** The table beside it that carries NetworkPolicies. */
export function policyTableName(settings: ClusterSettings, nodeName: string): string {
  return `${tableName(settings, nodeName)}-policy`;
}

export function openImages({
  layout,
  clock,
  random,
  logger,
}: Pick<NodeRuntimeOptions, 'layout' | 'clock' | 'random' | 'logger'>): Promise<Images> {
  return Images.open({
    root: layout.images,
    clock,
    random,
    log: logger.named('images'),
    sources: demoImages({ projectRoot: projectRoot() }),
  });
}

export function podNetworkOf(options: Pick<NodeRuntimeOptions, 'settings' | 'podCidr' | 'clock'>): PodNetwork {
  return new PodNetwork({
    run: createCommandRunner(options.clock),
    linkPrefix: linkPrefix(options.settings),
    podCidrs: [options.podCidr],
    mtu: podMtu(options.settings.backend, options.settings.linkMtu),
    ...(options.settings.runtimeEndpoint === undefined ? {} : { most: builtinAddresses }),
  });
}

export interface NodeRuntime {
  readonly runtime: RuntimeService;
  readonly images: ImageService;
  /** To be run beside the agent. */
  readonly service: Service;
  close(): Promise<void>;
}

export async function openRuntime(
  options: NodeRuntimeOptions,
  images: Images,
  network: PodNetwork,
): Promise<NodeRuntime> {
  const { layout, settings, nodeName, podCidr, clock, random, logger, programs = {} } = options;
  const own = await OciRuntime.open({
    stateDir: join(layout.node(nodeName), 'runtime'),
    runDir: join(layout.runDir, 'nodes', nodeName),
    prefix: runtimePrefix(settings, nodeName),
    clock,
    random,
    log: logger.named('runtime'),
    store: images.store,
    network,
    programs,
  });
  if (settings.runtimeEndpoint === undefined) {
    return { runtime: own, images, service: own, close: () => own.close() };
  }
  writeCniConfig(settings, network, podCidr, logger);
  const cri = await openCri(settings.runtimeEndpoint, { builtin: own, images, clock, logger });
  const close = async (): Promise<void> => {
    cri.close();
    await own.close();
  };
  return { runtime: cri.runtime, images: cri.images, service: own, close };
}

/** The folder that holds the demo's sources: sources and bundles lie below it at different depths. */
function projectRoot(): string {
  let folder = import.meta.dirname;
  while (!existsSync(join(folder, 'package.json')) && folder !== dirname(folder)) folder = dirname(folder);
  return folder;
}
