/** Keeps the Endpoints of Services with a selector. */
import { Endpoints } from '../../api/core/endpoints.ts';
import { Pod } from '../../api/core/pod.ts';
import { Service } from '../../api/core/service.ts';
import type { Draft } from '../../api/kind.ts';
import { messageOf } from '../../base/errors.ts';
import { keyOf, refOf } from '../../client/cache.ts';
import { isConflict, isNotFound } from '../../client/client.ts';
import { Controller, watching } from '../../client/controller.ts';
import type { Events } from '../../client/event-recorder.ts';
import { deepEqual } from '../../schema/freeze.ts';
import { matches, selectorOfMap } from '../../schema/selector.ts';
import type { Dependencies } from '../dependencies.ts';
import { addressTypesOf, candidateOf } from '../endpoint-slice/endpoint.ts';
import { servicesOf } from '../endpoint-slice/services.ts';
import { triggerAnnotation, TriggerTimes } from '../endpoint-slice/trigger.ts';
import { isTerminating } from '../service-account/controller.ts';
import { endpointsOf, overCapacity } from './plan.ts';

export function endpointsController(deps: Dependencies, events: Events): Controller {
  const { client, informers, clock, logger } = deps;
  const triggers = new TriggerTimes();
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
      triggers.next(keyOf(service), service, selected),
    );
  };
  const tell = (service: Service, wanted: Draft<Endpoints>, present: Endpoints | undefined, message: string): void => {
    const key = keyOf(service);
    const [reason, what] =
      present === undefined
        ? ['FailedToCreateEndpoint', `Failed to create endpoint for service ${key}`]
        : ['FailedToUpdateEndpoint', `Failed to update endpoint ${key}`];
    const { name = '', namespace = '' } = wanted.metadata;
    const about = { kind: Endpoints.kind, apiVersion: Endpoints.apiVersion, name, namespace };
    events.record({ ...about, uid: present?.metadata.uid ?? '' }, 'Warning', reason, `${what}: ${message}`);
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
          triggers.forget(key);
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
          if (isTerminating(error)) return;
          if (!isConflict(error)) tell(service, wanted, present, messageOf(error));
          throw error;
        }
      },
    },
    { clock, logger },
  );
}

function isSame(present: Endpoints, wanted: ReturnType<typeof endpointsOf>): boolean {
  return (
    deepEqual(present.subsets ?? [], wanted.subsets ?? []) &&
    deepEqual(present.metadata.labels ?? {}, wanted.metadata.labels ?? {}) &&
    present.metadata.annotations?.[overCapacity] === wanted.metadata.annotations?.[overCapacity]
  );
}

function merged(present: Endpoints, wanted: ReturnType<typeof endpointsOf>): Endpoints {
  const { subsets: _, ...rest } = present;
  const { [triggerAnnotation]: _before, [overCapacity]: _cut, ...annotations } = present.metadata.annotations ?? {};
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
