/** Claims in use by pods, volumes bound to claims and attributes classes in use by either are not deleted before they are free: finalizers hold them. */
import { PersistentVolumeClaim } from '../../api/core/persistent-volume-claim.ts';
import { PersistentVolume } from '../../api/core/persistent-volume.ts';
import { Pod } from '../../api/core/pod.ts';
import { VolumeAttributesClass } from '../../api/storage/volume-attributes-class.ts';
import type { Kind, KubernetesObject } from '../../api/kind.ts';
import { refOf } from '../../client/cache.ts';
import { isConflict, isNotFound, type Client } from '../../client/client.ts';
import { Controller, watching } from '../../client/controller.ts';
import type { Dependencies } from '../dependencies.ts';
import { claimKeysOf } from '../workload/claims.ts';
import { hasEnded } from '../workload/pods.ts';

export const claimFinalizer = 'kubernetes.io/pvc-protection';
export const volumeFinalizer = 'kubernetes.io/pv-protection';
export const attributesFinalizer = 'kubernetes.io/vac-protection';

export function claimProtectionController({ client, informers, clock, logger }: Dependencies): Controller {
  const claims = informers.of(PersistentVolumeClaim);
  const pods = informers.of(Pod);
  return new Controller(
    {
      name: 'persistentvolumeclaim-protection',
      sources: [watching(claims), watching(pods, ({ object }) => claimKeysOf(object))],
      async reconcile(key) {
        const claim = claims.get(refOf(key));
        if (claim === undefined) return;
        const users = pods
          .list({ namespace: claim.metadata.namespace })
          .filter((pod) => !hasEnded(pod) && claimKeysOf(pod).includes(key));
        await settle(client, PersistentVolumeClaim, claim, claimFinalizer, users.length > 0);
      },
    },
    { clock, logger },
  );
}

export function volumeProtectionController({ client, informers, clock, logger }: Dependencies): Controller {
  const volumes = informers.of(PersistentVolume);
  return new Controller(
    {
      name: 'persistentvolume-protection',
      sources: [watching(volumes)],
      async reconcile(name) {
        const volume = volumes.get({ name });
        if (volume === undefined) return;
        await settle(client, PersistentVolume, volume, volumeFinalizer, volume.status?.phase === 'Bound');
      },
    },
    { clock, logger },
  );
}

export function attributesClassProtectionController({ client, informers, clock, logger }: Dependencies): Controller {
  const classes = informers.of(VolumeAttributesClass);
  const claims = informers.of(PersistentVolumeClaim);
  const volumes = informers.of(PersistentVolume);
  claims.addIndex('attributes class', classesOfClaim);
  volumes.addIndex('attributes class', classesOfVolume);
  return new Controller(
    {
      name: 'volumeattributesclass-protection',
      sources: [
        watching(classes),
        watching(claims, ({ object, old }) => [...classesOfClaim(object), ...(old ? classesOfClaim(old) : [])]),
        watching(volumes, ({ object, old }) => [...classesOfVolume(object), ...(old ? classesOfVolume(old) : [])]),
      ],
      async reconcile(name) {
        const found = classes.get({ name });
        if (found === undefined) return;
        const users = claims.by('attributes class', name).length + volumes.by('attributes class', name).length;
        await settle(client, VolumeAttributesClass, found, attributesFinalizer, users > 0);
      },
    },
    { clock, logger },
  );
}

/** What it asks for, has, and is about to get. */
function classesOfClaim({ spec, status }: PersistentVolumeClaim): readonly string[] {
  const names = [
    spec?.volumeAttributesClassName,
    status?.currentVolumeAttributesClassName,
    status?.modifyVolumeStatus?.targetVolumeAttributesClassName,
  ];
  return [...new Set(names.flatMap((name) => (name === undefined || name === '' ? [] : [name])))];
}

function classesOfVolume({ spec }: PersistentVolume): readonly string[] {
  const name = spec?.volumeAttributesClassName ?? '';
  return name === '' ? [] : [name];
}

async function settle<T extends KubernetesObject>(
  client: Client,
  kind: Kind<T>,
  object: T,
  finalizer: string,
  inUse: boolean,
): Promise<void> {
  const { finalizers = [], deletionTimestamp, resourceVersion } = object.metadata;
  const held = finalizers.includes(finalizer);
  const next =
    deletionTimestamp === undefined
      ? held
        ? undefined
        : [...finalizers, finalizer]
      : held && !inUse
        ? finalizers.filter((each) => each !== finalizer)
        : undefined;
  if (next === undefined) return;
  try {
    await client.patch(kind, object.metadata, { metadata: { resourceVersion, finalizers: next } }, { type: 'merge' });
  } catch (error) {
    if (!isNotFound(error) && !isConflict(error)) throw error;
  }
}
