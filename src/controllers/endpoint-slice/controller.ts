/** Keeps the EndpointSlices of Services with a selector in step with the pods that it selects. */
import { Node } from '../../api/core/node.ts';
import { Pod } from '../../api/core/pod.ts';
import { Service } from '../../api/core/service.ts';
import { EndpointSlice } from '../../api/discovery/endpoint-slice.ts';
import { byNode, keyOf, refOf } from '../../client/cache.ts';
import { Controller, watching } from '../../client/controller.ts';
import type { Events } from '../../client/event-recorder.ts';
import { matches, selectorOfMap } from '../../schema/selector.ts';
import type { Dependencies } from '../dependencies.ts';
import { applySlices } from './apply.ts';
import { addressTypesOf, candidateOf, type AddressType, type Candidate } from './endpoint.ts';
import { managedByLabel, manager, ownerOf, planSlices, serviceNameLabel } from './plan.ts';
import { servicesOf } from './services.ts';
import { TriggerTimes } from './trigger.ts';

export function endpointSliceController(deps: Dependencies, events: Events): Controller {
  const { client, informers, clock, logger } = deps;
  const services = informers.of(Service);
  const pods = informers.of(Pod);
  const nodes = informers.of(Node);
  const slices = informers.of(EndpointSlice);
  const triggers = new TriggerTimes();
  pods.addIndex('node', byNode);
  const candidates = (service: Service, selected: readonly Pod[], type: AddressType): readonly Candidate[] =>
    selected.flatMap((pod) => {
      const node = nodes.get({ name: pod.spec?.nodeName ?? '' });
      // Nobody knows the way to a node that is gone; the pod comes back with the node.
      if (node === undefined && service.spec?.publishNotReadyAddresses !== true) return [];
      return candidateOf(pod, service, node, type) ?? [];
    });
  return new Controller(
    {
      name: 'endpointslice',
      sources: [
        watching(services),
        watching(pods, ({ object, old }) => servicesOf(services, object, old)),
        watching(slices, ({ object }) => ownerKeys(object)),
        watching(nodes, ({ type, object }) =>
          type === 'added'
            ? pods.by('node', object.metadata.name).flatMap((pod) => servicesOf(services, pod, undefined))
            : [],
        ),
      ],
      async reconcile(key, { note }) {
        const service = services.get(refOf(key));
        const { namespace } = refOf(key);
        const selector = service?.spec?.selector ?? {};
        if (service === undefined) triggers.forget(key);
        // Without a Service its owner reference lets the slices go.
        if (service === undefined || service.spec?.type === 'ExternalName' || Object.keys(selector).length === 0)
          return;
        const present = slices
          .list({ namespace })
          .filter((slice) => isManaged(slice) && slice.metadata.labels?.[serviceNameLabel] === refOf(key).name);
        const selected = pods
          .list({ namespace })
          .filter((pod) => matches(selectorOfMap(selector), pod.metadata.labels));
        const wanted = addressTypesOf(service).map((addressType) => ({
          addressType,
          candidates: candidates(service, selected, addressType),
        }));
        const plan = planSlices(ownerOf(service, triggers.next(key, service, selected)), wanted, present);
        note(plan);
        const living = service.metadata.deletionTimestamp === undefined;
        await applySlices(client, living ? plan : { ...plan, create: [] }, (message) =>
          events.warning(
            Service,
            service,
            'FailedToUpdateEndpointSlices',
            `Error updating Endpoint Slices for Service ${key}: ${message}`,
          ),
        );
      },
    },
    { clock, logger },
  );
}

function isManaged(slice: EndpointSlice): boolean {
  return slice.metadata.labels?.[managedByLabel] === manager;
}

function ownerKeys(slice: EndpointSlice): readonly string[] {
  const name = slice.metadata.labels?.[serviceNameLabel];
  return name === undefined || !isManaged(slice)
    ? []
    : [keyOf({ metadata: { name, namespace: slice.metadata.namespace ?? '' } })];
}
