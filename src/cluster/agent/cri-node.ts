/**
 * A node whose containers another runtime runs, through CRI. Its pods hang on the same bridge as all others:
 * the runtime gets a CNI configuration for it, as a network add-on would leave one.
 */
import { existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Clock } from '../../base/clock.ts';
import { writeFileDurably } from '../../base/file.ts';
import type { Logger } from '../../base/log.ts';
import { builtinRepository, type Images } from '../../image/images.ts';
import { nthAddress } from '../../network/cidr.ts';
import type { PodNetwork } from '../../network/pod-network.ts';
import { builtinHandler, type OciRuntime } from '../../runtime/oci/oci-runtime.ts';
import type { ImageService, RuntimeService } from '../../runtime/runtime.ts';
import { ImagesWithBuiltin, RuntimeWithBuiltin } from '../../runtime/with-builtin.ts';
import { type ClusterSettings } from '../settings/settings.ts';

/** Where runtimes look for network configurations unless they are told otherwise. */
const cniFolder = '/etc/cni/net.d';

/** Built-in pods get the first addresses of the node's range; the runtime's network plugin gives the others. */
export const builtinAddresses = 14;
const firstOfPlugin = builtinAddresses + 2;

export interface CriNode {
  readonly runtime: RuntimeService;
  readonly images: ImageService;
  close(): void;
}

export async function openCri(
  endpoint: string,
  { builtin, images, clock, logger }: { builtin: OciRuntime; images: Images; clock: Clock; logger: Logger },
): Promise<CriNode> {
  // gRPC is large, and most clusters do without.
  const [{ GrpcChannel }, { CriImages }, { CriRuntime }, { criService }] = await Promise.all([
    import('../../runtime/grpc/channel.ts'),
    import('../../runtime/cri/cri-images.ts'),
    import('../../runtime/cri/cri-runtime.ts'),
    import('../../runtime/cri/messages.ts'),
  ]);
  const channel = GrpcChannel.open(endpoint, () => clock.now(), criService);
  return {
    runtime: new RuntimeWithBuiltin(builtinHandler, builtin, new CriRuntime(channel, clock, logger.named('cri'))),
    images: new ImagesWithBuiltin(builtinRepository, images, new CriImages(channel)),
    close: () => channel.close(),
  };
}

/** Writes the CNI configuration, unless the runtime has somebody else's. */
export function writeCniConfig(settings: ClusterSettings, network: PodNetwork, podCidr: string, logger: Logger): void {
  const file = cniConfigFile(settings);
  const others = existsSync(cniFolder)
    ? readdirSync(cniFolder).filter((name) => /\.conf(list)?$/.test(name) && join(cniFolder, name) !== file)
    : [];
  if (others.length > 0) {
    logger.warn('the runtime has a network configuration already, which is kept', { files: others.join(', ') });
    return;
  }
  const bridge = {
    type: 'bridge',
    bridge: network.bridge,
    mtu: network.mtu,
    hairpinMode: true,
    ipam: {
      type: 'host-local',
      ranges: [[{ subnet: podCidr, rangeStart: nthAddress(podCidr, firstOfPlugin), gateway: nthAddress(podCidr, 1) }]],
      routes: [{ dst: '0.0.0.0/0' }],
    },
  };
  const portMappings = { type: 'portmap', capabilities: { portMappings: true } };
  const config = { cniVersion: '0.4.0', name: `coracle-${settings.name}`, plugins: [bridge, portMappings] };
  mkdirSync(cniFolder, { recursive: true });
  writeFileDurably(file, `${JSON.stringify(config, null, 2)}\n`);
}

export function removeCniConfig(settings: ClusterSettings): void {
  rmSync(cniConfigFile(settings), { force: true });
}

function cniConfigFile(settings: ClusterSettings): string {
  return join(cniFolder, `10-coracle-${settings.name}.conflist`);
}
