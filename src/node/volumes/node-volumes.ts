/** A node's volumes and its CSI drivers, put together. */
import type { Clock } from '../../base/clock.ts';
import type { Logger } from '../../base/log.ts';
import type { Client } from '../../client/client.ts';
import type { NodeConfig } from '../config.ts';
import { CsiDrivers } from '../csi/drivers.ts';
import { CsiVolumes } from '../csi/volumes.ts';
import { pullSecretsOf } from '../images/pull-secrets.ts';
import type { Puller } from '../images/puller.ts';
import type { ReferencedObjects } from '../objects.ts';
import { systemFileSystems } from './kernel.ts';
import { Volumes } from './manager.ts';
import type { Mounter } from './mounter.ts';
import { persistentVolumes } from './persistent.ts';
import { Tokens } from './tokens.ts';

export interface NodeVolumesParts {
  readonly client: Client;
  readonly clock: Clock;
  readonly log: Logger;
  readonly config: NodeConfig;
  readonly mounter: Mounter;
  readonly objects: ReferencedObjects;
  readonly puller: Puller;
}

export function nodeVolumes(parts: NodeVolumesParts): { readonly volumes: Volumes; readonly drivers: CsiDrivers } {
  const { client, clock, log, config, mounter, objects, puller } = parts;
  const tokens = new Tokens({ client, clock });
  const drivers = new CsiDrivers({ client, clock, log: log.named('csi'), ...config });
  const csi = new CsiVolumes({
    client,
    mounter,
    rootDirectory: config.rootDirectory,
    driver: (name) => drivers.find(name),
    token: (pod, audience, seconds) => tokens.forDriver(pod, audience, seconds),
  });
  const volumes = new Volumes({
    rootDirectory: config.rootDirectory,
    mounter,
    reader: objects,
    tokens,
    persistent: persistentVolumes({ client, mounter, csi, kernel: systemFileSystems }),
    clock,
    log,
    image: async (pod, volume, signal) => {
      const image = volume.image?.reference ?? '';
      const policy = volume.image?.pullPolicy ?? 'IfNotPresent';
      const secrets = await pullSecretsOf(pod, objects);
      return (await puller.ensure({ pod, container: undefined, image, policy, secrets, signal })).id;
    },
  });
  return { volumes, drivers };
}
