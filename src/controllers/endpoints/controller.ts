/** Keeps the Endpoints of Services with a selector. */
import { Endpoints } from '../../api/core/endpoints.ts';
import { Pod } from '../../api/core/pod.ts';
import { Service } from '../../api/core/service.ts';
import { keyOf, refOf } from '../../client/cache.ts';
import { isNotFound } from '../../client/client.ts';
import { Controller, watching } from '../../client/controller.ts';
import { deepEqual } from '../../schema/freeze.ts';
import { matches, selectorOfMap } from '../../schema/selector.ts';
import type { Dependencies } from '../dependencies.ts';
import { addressTypesOf, candidateOf } from '../endpoint-slice/endpoint.ts';
import { servicesOf } from '../endpoint-slice/services.ts';
import { isTerminating } from '../service-account/controller.ts';
import { endpointsOf, triggerAnnotation, triggerTime } from './plan.ts';

export function endpointsController({ client, informers, clock, logger }: Dependencies): Controller {
  const services = informers.of(Service);
  const pods = informers.of(Pod);
  const endpoints = informers.of(Endpoints);
  const wantedFor = (service: Service): ReturnType<typeof endpointsOf> | undefined => {
    const selector = service.spec?.selector ?? {};
    if (service.spec?.type === 'ExternalName' || Object.keys(selector).length === 0) return undefined;
    const [type = 'IPv4'] = addressTypesOf(service);
    const selected = pods
      .list({ namespace: service.metadata.namespace })
      .filter((pod) => matches(selectorOfMap(selector), pod.metadata.labels));
    return endpointsOf(
      service,
      selected.flatMap((pod) => candidateOf(pod, service, undefined, type) ?? []),
      triggerTime(selected),
    );
  };
  return new Controller(
    {
      name: 'endpoint',
      sources: [
        watching(services),
        watching(pods, ({ object, old }) => servicesOf(services, object, old)),
        watching(endpoints, ({ type, object }) => (type === 'deleted' ? [keyOf(object)] : [])),
      ],
      async reconcile(key, { note }) {
        const ref = refOf(key);
        const service = services.get(ref);
        const present = endpoints.get(ref);
        if (service === undefined) {
          // Endpoints go with their Service, also those that a user wrote.
          if (present !== undefined) await client.delete(Endpoints, ref).catch(unlessNotFound);
          return;
        }
        const wanted = wantedFor(service);
        if (wanted === undefined) return;
        note(wanted);
        try {
          if (present === undefined) await client.create(Endpoints, wanted);
          else if (!isSame(present, wanted)) await client.update(Endpoints, merged(present, wanted));
        } catch (error) {
          if (!isTerminating(error)) throw error;
        }
      },
    },
    { clock, logger },
  );
}

function isSame(present: Endpoints, wanted: ReturnType<typeof endpointsOf>): boolean {
  return (
    deepEqual(present.subsets ?? [], wanted.subsets ?? []) &&
    deepEqual(present.metadata.labels ?? {}, wanted.metadata.labels ?? {})
  );
}

function merged(present: Endpoints, wanted: ReturnType<typeof endpointsOf>): Endpoints {
  const { subsets: _, ...rest } = present;
  const { [triggerAnnotation]: _before, ...annotations } = present.metadata.annotations ?? {};
  return {
    ...rest,
    metadata: {
      ...present.metadata,
      annotations: { ...annotations, ...wanted.metadata.annotations },
      ...(wanted.metadata.labels === undefined ? {} : { labels: wanted.metadata.labels }),
    },
    ...(wanted.subsets === undefined ? {} : { subsets: wanted.subsets }),
  };
}

function unlessNotFound(error: unknown): void {
  if (!isNotFound(error)) throw error;
}
