/** Services, as little of each as containers' environments need. */
import { Service } from '../api/core/service.ts';
import type { Clock } from '../base/clock.ts';
import type { Logger } from '../base/log.ts';
import type { Random } from '../base/random.ts';
import type { ClientReader } from '../client/client.ts';
import { Informer } from '../client/informer.ts';

export function serviceInformer(client: ClientReader, clock: Clock, random: Random, logger: Logger): Informer<Service> {
  return new Informer<Service>({
    client,
    kind: Service,
    clock,
    random,
    logger,
    transform: ({ metadata, spec }) => {
      const { name, namespace, uid, resourceVersion, creationTimestamp } = metadata;
      return {
        metadata: { name, uid, resourceVersion, creationTimestamp, ...(namespace === undefined ? {} : { namespace }) },
        spec: {
          ...(spec?.clusterIP === undefined ? {} : { clusterIP: spec.clusterIP }),
          ...(spec?.ports === undefined ? {} : { ports: spec.ports }),
        },
      };
    },
  });
}
