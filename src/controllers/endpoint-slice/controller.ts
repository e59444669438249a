/** Keeps the EndpointSlices of Services with a selector in step with the pods that it selects. */
import { Node } from '../../api/core/node.ts';
import { Pod } from '../../api/core/pod.ts';
import { Service } from '../../api/core/service.ts';
import { EndpointSlice } from '../../api/discovery/endpoint-slice.ts';
import { keyOf, refOf } from '../../client/cache.ts';
import { Controller, watching } from '../../client/controller.ts';
import { matches, selectorOfMap } from '../../schema/selector.ts';
import type { Dependencies } from '../dependencies.ts';
import { applySlices } from './apply.ts';
import { addressTypesOf, candidateOf } from './endpoint.ts';
import { managedByLabel, manager, ownerOf, planSlices, serviceNameLabel } from './plan.ts';
import { servicesOf } from './services.ts';

export function endpointSliceController({ client, informers, clock, logger }: Dependencies): Controller {
  const services = informers.of(Service);
  const pods = informers.of(Pod);
  const nodes = informers.of(Node);
  const slices = informers.of(EndpointSlice);
  return new Controller(
    {
      name: 'endpointslice',
      sources: [
        watching(services),
        watching(pods, ({ object, old }) => servicesOf(services, object, old)),
        watching(slices, ({ object }) => ownerKeys(object)),
        watching(nodes, () => []),
      ],
      async reconcile(key, { note }) {
        const service = services.get(refOf(key));
        const { namespace } = refOf(key);
        const present = slices
          .list({ namespace })
          .filter((slice) => isManaged(slice) && slice.metadata.labels?.[serviceNameLabel] === refOf(key).name);
        const selector = service?.spec?.selector ?? {};
        // Without a Service its owner reference lets the slices go.
        if (service === undefined || service.spec?.type === 'ExternalName' || Object.keys(selector).length === 0)
          return;
        const selected = pods
          .list({ namespace })
          .filter((pod) => matches(selectorOfMap(selector), pod.metadata.labels));
        const wanted = addressTypesOf(service).map((addressType) => ({
          addressType,
          candidates: selected.flatMap(
            (pod) => candidateOf(pod, service, nodes.get({ name: pod.spec?.nodeName ?? '' }), addressType) ?? [],
          ),
        }));
        const plan = planSlices(ownerOf(service), wanted, present);
        note(plan);
        await applySlices(client, plan);
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
