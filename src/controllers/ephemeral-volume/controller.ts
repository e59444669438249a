/** Makes the claims of pods' generic ephemeral volumes. They belong to the pod, and go with it. */
import { PersistentVolumeClaim } from '../../api/core/persistent-volume-claim.ts';
import { Pod } from '../../api/core/pod.ts';
import type { Volume } from '../../api/core/volume.ts';
import { messageOf } from '../../base/errors.ts';
import { keyOf, refOf } from '../../client/cache.ts';
import { isAlreadyExists } from '../../client/client.ts';
import { Controller, watching } from '../../client/controller.ts';
import type { Events } from '../../client/event-recorder.ts';
import type { Dependencies } from '../dependencies.ts';
import { ephemeralClaimName } from '../workload/claims.ts';
import { controllerReference } from '../workload/ownership.ts';
import { hasEnded } from '../workload/pods.ts';

export function ephemeralVolumeController(
  { client, informers, clock, logger }: Dependencies,
  events: Events,
): Controller {
  const pods = informers.of(Pod);
  const claims = informers.of(PersistentVolumeClaim);

  async function ensure(pod: Pod, volume: Volume): Promise<void> {
    const { namespace = '' } = pod.metadata;
    const name = ephemeralClaimName(pod, volume.name);
    const present = claims.get({ namespace, name });
    if (present !== undefined) return checkOwner(present, pod);
    const { metadata, spec } = volume.ephemeral?.volumeClaimTemplate ?? {};
    const ownerReferences = [controllerReference(Pod, pod)];
    try {
      await client.create(PersistentVolumeClaim, {
        metadata: { ...metadata, name, namespace, ownerReferences },
        ...(spec === undefined ? {} : { spec }),
      });
    } catch (error) {
      if (!isAlreadyExists(error)) throw new Error(`create PVC ${name}: ${messageOf(error)}`, { cause: error });
    }
  }

  return new Controller(
    {
      name: 'ephemeral-volume',
      sources: [
        watching(pods, ({ type, object }) =>
          type !== 'deleted' && volumesOf(object).length > 0 ? [keyOf(object)] : [],
        ),
        // One that somebody took away is made anew.
        watching(claims, ({ type, object: { metadata } }) => {
          const owner = metadata.ownerReferences?.find(({ controller, kind }) => controller === true && kind === 'Pod');
          if (type !== 'deleted' || owner === undefined) return [];
          return [keyOf({ metadata: { name: owner.name, namespace: metadata.namespace ?? '' } })];
        }),
      ],
      async reconcile(key) {
        const pod = pods.get(refOf(key));
        if (pod === undefined || pod.metadata.deletionTimestamp !== undefined || hasEnded(pod)) return;
        for (const volume of volumesOf(pod)) {
          try {
            await ensure(pod, volume);
          } catch (error) {
            events.warning(Pod, pod, 'FailedBinding', `ephemeral volume ${volume.name}: ${messageOf(error)}`);
            throw error;
          }
        }
      },
    },
    { clock, logger },
  );
}

function volumesOf({ spec }: Pod): readonly Volume[] {
  return (spec?.volumes ?? []).filter(({ ephemeral }) => ephemeral !== undefined);
}

function checkOwner({ metadata }: PersistentVolumeClaim, pod: Pod): void {
  const owned = metadata.ownerReferences?.some(
    ({ uid, controller }) => uid === pod.metadata.uid && controller === true,
  );
  if (owned === true) return;
  const { namespace, name } = metadata;
  throw new Error(
    `PVC ${namespace}/${name} was not created for pod ${pod.metadata.namespace}/${pod.metadata.name} (pod is not owner)`,
  );
}
