/** Which volumes suit a claim. Pure; the scheduler and the binder ask the same questions. */
import { compareQuantity } from '../../schema/quantity.ts';
import { matches, selectorOf } from '../../schema/selector.ts';
import { nodeSelectorMatcher, type NodeLike } from './placement.ts';
import type { PersistentVolumeClaim } from './persistent-volume-claim.ts';
import type { PersistentVolume } from './persistent-volume.ts';

/** Names the class in manifests from before the field. */
const classAnnotation = 'volume.beta.kubernetes.io/storage-class';

/** On claims and volumes: that a controller tied them together, and not the user. */
export const boundByControllerAnnotation = 'pv.kubernetes.io/bound-by-controller';
/** Set once claim and volume are bound to each other. */
export const bindCompletedAnnotation = 'pv.kubernetes.io/bind-completed';
/** By which the scheduler tells a provisioner where a claim's first user will be. */
export const selectedNodeAnnotation = 'volume.kubernetes.io/selected-node';

export function classOf(object: PersistentVolumeClaim | PersistentVolume): string {
  return object.metadata.annotations?.[classAnnotation] ?? object.spec?.storageClassName ?? '';
}

export function sizeOf(volume: PersistentVolume): string {
  return volume.spec?.capacity?.['storage'] ?? '0';
}

export function requestOf(claim: PersistentVolumeClaim): string {
  return claim.spec?.resources?.requests?.['storage'] ?? '0';
}

/** Class, size, modes and labels; whether it is free is another question. */
export function suits(volume: PersistentVolume, claim: PersistentVolumeClaim): boolean {
  const { selector } = claim.spec ?? {};
  if (selector !== undefined && !matches(selectorOf(selector), volume.metadata.labels)) return false;
  return mismatchOf(volume, claim) === undefined;
}

/** Why the volume will not do even for a claim that names it, in upstream's words. */
export function mismatchOf(volume: PersistentVolume, claim: PersistentVolumeClaim): string | undefined {
  const offered = volume.spec ?? {};
  const wanted = claim.spec ?? {};
  if (compareQuantity(sizeOf(volume), requestOf(claim)) < 0) return 'requested PV is too small';
  if (classOf(volume) !== classOf(claim)) return 'storageClassName does not match';
  if ((offered.volumeAttributesClassName ?? '') !== (wanted.volumeAttributesClassName ?? '')) {
    return 'VolumeAttributesClassName does not match';
  }
  if (modeOf(volume) !== modeOf(claim)) return 'incompatible volumeMode';
  return includesAll(offered.accessModes, wanted.accessModes) ? undefined : 'incompatible accessMode';
}

const modeOf = ({ spec }: PersistentVolume | PersistentVolumeClaim): string => spec?.volumeMode ?? 'Filesystem';

function includesAll(offered: readonly string[] = [], wanted: readonly string[] = []): boolean {
  return wanted.every((mode) => offered.includes(mode));
}

/** Size and modes: what even a volume that is kept for the claim must have. */
export function canHold(volume: PersistentVolume, claim: PersistentVolumeClaim): boolean {
  const { metadata, spec } = volume;
  return (
    metadata.deletionTimestamp === undefined &&
    compareQuantity(sizeOf(volume), requestOf(claim)) >= 0 &&
    modeOf(volume) === modeOf(claim) &&
    includesAll(spec?.accessModes, claim.spec?.accessModes)
  );
}

/** A volume that names the claim waits for it, with or without its uid. */
export function isReservedFor(volume: PersistentVolume, claim: PersistentVolumeClaim): boolean {
  const ref = volume.spec?.claimRef;
  if (ref === undefined || ref.name !== claim.metadata.name || ref.namespace !== claim.metadata.namespace) return false;
  return ref.uid === undefined || ref.uid === '' || ref.uid === claim.metadata.uid;
}

/** The volume with the claim named. */
export function reservedFor(volume: PersistentVolume, claim: PersistentVolumeClaim): PersistentVolume {
  const { name, namespace, uid, resourceVersion } = claim.metadata;
  const { annotations } = volume.metadata;
  const claimRef = {
    kind: 'PersistentVolumeClaim',
    apiVersion: 'v1',
    name,
    ...(namespace === undefined ? {} : { namespace }),
    uid,
    resourceVersion,
  };
  const metadata =
    volume.spec?.claimRef === undefined
      ? { ...volume.metadata, annotations: { ...annotations, [boundByControllerAnnotation]: 'yes' } }
      : volume.metadata;
  return { ...volume, metadata, spec: { ...volume.spec, claimRef } };
}

/** Whether the volume can be reached from the node. */
export function isOnNode(volume: PersistentVolume, node: NodeLike): boolean {
  const required = volume.spec?.nodeAffinity?.required;
  return required === undefined || nodeSelectorMatcher(required)(node);
}

export const bySize = (left: PersistentVolume, right: PersistentVolume): number =>
  compareQuantity(sizeOf(left), sizeOf(right));
