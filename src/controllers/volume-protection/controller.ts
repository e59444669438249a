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
import { claimKeysOf, ephemeralClaimName } from '../workload/claims.ts';

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
        const { namespace, deletionTimestamp } = claim.metadata;
        let used = pods.list({ namespace }).some((pod) => isUsedBy(pod, claim));
        // What the cache has not heard of yet must not lose its data.
        if (!used && deletionTimestamp !== undefined) {
          const { items } = await client.list(Pod, namespace === undefined ? {} : { namespace });
          used = items.some((pod) => isUsedBy(pod, claim));
        }
        await settle(client, PersistentVolumeClaim, claim, claimFinalizer, used);
      },
    },
    { clock, logger },
  );
}

/**
 * A pod without a node does not count: none will start it while the claim goes. One that has ended does, as long as it
 * is there: its node may still have the volume.
 */
function isUsedBy(pod: Pod, claim: PersistentVolumeClaim): boolean {
  if ((pod.spec?.nodeName ?? '') === '') return false;
  return (pod.spec?.volumes ?? []).some((volume) => {
    if (volume.persistentVolumeClaim?.claimName === claim.metadata.name) return true;
    const own = volume.ephemeral !== undefined && ephemeralClaimName(pod, volume.name) === claim.metadata.name;
    return own && !isShutDown(pod) && isControlledBy(claim, pod);
  });
}

/** Its node is done with it: it is only there for those who hold it. */
function isShutDown({ metadata }: Pod): boolean {
  return metadata.deletionTimestamp !== undefined && metadata.deletionGracePeriodSeconds === 0;
}

function isControlledBy({ metadata }: PersistentVolumeClaim, pod: Pod): boolean {
  const owners = metadata.ownerReferences ?? [];
  return owners.some(({ uid, controller }) => controller === true && uid === pod.metadata.uid);
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
