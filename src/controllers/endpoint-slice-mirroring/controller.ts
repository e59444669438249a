/** Mirrors Endpoints of Services without a selector into EndpointSlices. */
import { Endpoints } from '../../api/core/endpoints.ts';
import { Service } from '../../api/core/service.ts';
import { EndpointSlice } from '../../api/discovery/endpoint-slice.ts';
import { keyOf, refOf } from '../../client/cache.ts';
import { isNotFound } from '../../client/client.ts';
import { Controller, watching } from '../../client/controller.ts';
import type { Dependencies } from '../dependencies.ts';
import { managedByLabel, serviceNameLabel, type SlicePlan } from '../endpoint-slice/plan.ts';
import { isTerminating } from '../service-account/controller.ts';
import { isMirrored, mirrorManager, planMirror } from './plan.ts';

export function endpointSliceMirroringController({ client, informers, clock, logger }: Dependencies): Controller {
  const endpoints = informers.of(Endpoints);
  const services = informers.of(Service);
  const slices = informers.of(EndpointSlice);
  const apply = async ({ create, update, remove }: SlicePlan): Promise<void> => {
    for (const draft of create) await client.create(EndpointSlice, draft);
    for (const slice of update) await client.update(EndpointSlice, slice);
    for (const { metadata } of remove)
      await client.delete(EndpointSlice, metadata, { preconditions: { uid: metadata.uid } });
  };
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
        const mirrored = object !== undefined && isMirrored(object, services.get(ref));
        const plan = mirrored ? planMirror(object, present) : { create: [], update: [], remove: present };
        note(plan);
        try {
          await apply(plan);
        } catch (error) {
          if (!isTerminating(error) && !isNotFound(error)) throw error;
        }
      },
    },
    { clock, logger },
  );
}

function isOurs({ metadata }: EndpointSlice): boolean {
  return metadata.labels?.[managedByLabel] === mirrorManager;
}
