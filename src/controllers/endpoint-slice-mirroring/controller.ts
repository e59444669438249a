/** Mirrors Endpoints of Services without a selector into EndpointSlices. */
import { Endpoints } from '../../api/core/endpoints.ts';
import { Service } from '../../api/core/service.ts';
import { EndpointSlice } from '../../api/discovery/endpoint-slice.ts';
import { keyOf, refOf } from '../../client/cache.ts';
import { Controller, watching } from '../../client/controller.ts';
import type { Events } from '../../client/event-recorder.ts';
import type { Dependencies } from '../dependencies.ts';
import { applySlices } from '../endpoint-slice/apply.ts';
import { managedByLabel, serviceNameLabel } from '../endpoint-slice/plan.ts';
import { isMirrored, mirrorManager, planMirror, skippedOf } from './plan.ts';

export function endpointSliceMirroringController(deps: Dependencies, events: Events): Controller {
  const { client, informers, clock, logger } = deps;
  const endpoints = informers.of(Endpoints);
  const services = informers.of(Service);
  const slices = informers.of(EndpointSlice);
  return new Controller(
    {
      name: 'endpointslicemirroring',
      sources: [
        watching(endpoints),
        watching(services),
        watching(slices, ({ object }) => {
          const name = object.metadata.labels?.[serviceNameLabel];
          return isOurs(object) && name !== undefined ? [keyOf({ metadata: { ...object.metadata, name } })] : [];
        }),
      ],
      async reconcile(key, { note }) {
        const ref = refOf(key);
        const object = endpoints.get(ref);
        const present = slices
          .list({ namespace: ref.namespace })
          .filter((slice) => isOurs(slice) && slice.metadata.labels?.[serviceNameLabel] === ref.name);
        const mirrored = object !== undefined && isMirrored(object, services.get(ref)) ? object : undefined;
        const plan = mirrored ? planMirror(mirrored, present) : { create: [], update: [], remove: present };
        note(plan);
        const skipped = mirrored && skippedOf(mirrored);
        if (mirrored && skipped !== undefined) events.warning(Endpoints, mirrored, 'TooManyAddressesToMirror', skipped);
        await applySlices(client, plan, (message) => {
          const text = `Error updating Endpoint Slices for Endpoints ${key}: ${message}`;
          if (object !== undefined) events.warning(Endpoints, object, 'FailedToUpdateEndpointSlices', text);
        });
      },
    },
    { clock, logger },
  );
}

function isOurs({ metadata }: EndpointSlice): boolean {
  return metadata.labels?.[managedByLabel] === mirrorManager;
}
