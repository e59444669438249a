/** A node's volumes and its CSI drivers, put together. */
import type { Pod } from '../../api/core/pod.ts';
import type { Volume } from '../../api/core/volume.ts';
import type { Clock } from '../../base/clock.ts';
import type { Logger } from '../../base/log.ts';
import type { Random } from '../../base/random.ts';
import type { Client } from '../../client/client.ts';
import type { NodeConfig } from '../config.ts';
import { Attachments } from '../csi/attachments.ts';
import { CsiBlocks } from '../csi/blocks.ts';
import { CsiDrivers, type CsiDriver } from '../csi/drivers.ts';
import { Expansion } from '../csi/expansion.ts';
import { CsiVolumes } from '../csi/volumes.ts';
import type { EventRecorder } from '../events.ts';
import { pullSecretsOf } from '../images/pull-secrets.ts';
import type { Puller } from '../images/puller.ts';
import type { ReferencedObjects } from '../objects.ts';
import { blockMaps } from './block-maps.ts';
import { systemDiskTools } from './disk-tools.ts';
import { ExclusiveVolumes } from './exclusive.ts';
import { systemFileSystems } from './kernel.ts';
import { LocalBlocks } from './local-blocks.ts';
import { LocalDisks } from './local-disks.ts';
import { usedVolumesOf, volumeFolder, Volumes } from './manager.ts';
import { choresOf } from './chores.ts';
import { measure } from './measure.ts';
import type { Mounter } from './mounter.ts';
import { Operations } from './operations.ts';
import { persistentVolumes } from './persistent.ts';
import { Statistics } from './statistics.ts';
import { Tokens } from './tokens.ts';
import { Upkeep } from './upkeep.ts';
import { failureText } from './volume.ts';

export interface NodeVolumesParts {
  readonly client: Client;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly events: EventRecorder;
  readonly config: NodeConfig;
  readonly mounter: Mounter;
  readonly objects: ReferencedObjects;
  readonly puller: Puller;
  /** The node's status has to name other volumes as used here. */
  readonly onVolumesInUse: () => void;
  /** The pod of this uid was refused a volume that is free now. */
  readonly onVolumeFree: (uid: string) => void;
}

export interface NodeVolumes {
  readonly volumes: Volumes;
  readonly drivers: CsiDrivers;
  readonly attachments: Attachments;
  readonly volumeStatistics: Statistics;
}

export function nodeVolumes(parts: NodeVolumesParts): NodeVolumes {
  const { client, clock, random, log, events, config, mounter, objects } = parts;
  const tokens = new Tokens({ client, clock });
  const drivers = new CsiDrivers({ client, clock, log: log.named('csi'), ...config });
  const { rootDirectory } = config;
  const driver = (name: string): CsiDriver | undefined => drivers.find(name);
  const attachments = new Attachments({
    client,
    clock,
    nodeName: config.nodeName,
    published: async () => [...(await csi.attached()), ...(await csiBlocks.attached())],
    onChange: parts.onVolumesInUse,
  });
  const expansion = new Expansion({ client, clock, log, events, nodeName: config.nodeName });
  const csi = new CsiVolumes({
    client,
    attachments,
    expansion,
    mounter,
    rootDirectory,
    driver,
    token: (pod, audience, seconds) => tokens.forDriver(pod, audience, seconds),
  });
  const maps = blockMaps(mounter);
  const csiBlocks = new CsiBlocks({ client, attachments, expansion, mounter, maps, rootDirectory, driver });
  const exclusive = new ExclusiveVolumes({ rootDirectory, onFree: parts.onVolumeFree });
  const persistent = persistentVolumes({
    client,
    nodeName: config.nodeName,
    mounter,
    csi,
    csiBlocks,
    localBlocks: new LocalBlocks(rootDirectory, maps),
    attachments,
    localDisks: new LocalDisks(rootDirectory, mounter, systemDiskTools),
    exclusive,
    kernel: systemFileSystems,
    mapped: (pod, message) => events.pod(pod, 'Normal', 'SuccessfulMountVolume', message),
  });
  const operations = new Operations();
  const upkeep = new Upkeep({
    clock,
    random,
    operations,
    chores: (pod, volume) => choresOf({ client, csi, csiBlocks }, pod, volume),
    failed: (pod, volume, reason, error) => events.pod(pod, 'Warning', reason, failureText(error, volume)),
  });
  const folder = (pod: Pod, volume: Volume): string => volumeFolder(config.rootDirectory, pod, volume);
  const volumeStatistics = new Statistics({
    clock,
    log,
    volumes: usedVolumesOf,
    measure: (pod, volume) => measure({ client, csi, mounter, folder }, pod, volume),
  });
  const volumes = new Volumes({
    rootDirectory,
    mounter,
    reader: objects,
    tokens,
    persistent,
    exclusive,
    operations,
    upkeep,
    statistics: volumeStatistics,
    clock,
    log,
    image: (pod, volume, signal) => imageOf(parts, pod, volume, signal),
  });
  return { volumes, drivers, attachments, volumeStatistics };
}

/** Makes sure that an image volume's image is here; resolves to its id. */
async function imageOf(
  { puller, objects }: NodeVolumesParts,
  pod: Pod,
  { image: wanted }: Volume,
  signal: AbortSignal,
): Promise<string> {
  const { reference: image = '', pullPolicy: policy = 'IfNotPresent' } = wanted ?? {};
  const secrets = await pullSecretsOf(pod, objects);
  return (await puller.ensure({ pod, container: undefined, image, policy, secrets, signal })).id;
}
