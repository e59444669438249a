/**
 * Says of claims that are to grow that somebody else has to make their volume larger: the driver's resizer. Volumes
 * of this cluster's own provisioner are made larger by the node that has them.
 */
import { PersistentVolumeClaim } from '../../api/core/persistent-volume-claim.ts';
import { PersistentVolume } from '../../api/core/persistent-volume.ts';
import { requestOf } from '../../api/core/volume-matching.ts';
import { refOf, keyOf } from '../../client/cache.ts';
import { Controller, watching } from '../../client/controller.ts';
import type { Events } from '../../client/event-recorder.ts';
import { compareQuantity } from '../../schema/quantity.ts';
import type { Dependencies } from '../dependencies.ts';

const provisionedBy = 'pv.kubernetes.io/provisioned-by';

export interface ExpandOptions {
  /** Of volumes that need nobody else. */
  readonly ownProvisioner: string;
}

export function volumeExpandController(
  { informers, clock, logger }: Dependencies,
  events: Events,
  { ownProvisioner }: ExpandOptions,
): Controller {
  const claims = informers.of(PersistentVolumeClaim);
  const volumes = informers.of(PersistentVolume);
  return new Controller(
    {
      name: 'volume-expand',
      sources: [
        watching(claims, ({ type, object, old }) => {
          const news = type === 'added' || (old !== undefined && requestOf(old) !== requestOf(object));
          return news && isToGrow(object) ? [keyOf(object)] : [];
        }),
        watching(volumes, () => []),
      ],
      reconcile(key) {
        const claim = claims.get(refOf(key));
        const volume = volumes.get({ name: claim?.spec?.volumeName ?? '' });
        if (claim === undefined || volume === undefined || !isToGrow(claim)) return Promise.resolve();
        if (volume.metadata.annotations?.[provisionedBy] === ownProvisioner) return Promise.resolve();
        const message = 'waiting for an external controller to expand this PVC';
        events.warning(PersistentVolumeClaim, claim, 'ExternalExpanding', message);
        return Promise.resolve();
      },
    },
    { clock, logger },
  );
}

function isToGrow(claim: PersistentVolumeClaim): boolean {
  const { phase, capacity } = claim.status ?? {};
  return phase === 'Bound' && compareQuantity(requestOf(claim), capacity?.['storage'] ?? '0') > 0;
}
