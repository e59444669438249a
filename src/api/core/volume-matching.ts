/** Which volumes suit a claim. Pure; the scheduler and the binder ask the same questions. */
import { compareQuantity } from '../../schema/quantity.ts';
import { matches, selectorOf } from '../../schema/selector.ts';
import { nodeSelectorMatcher, type NodeLike } from './placement.ts';
import type { PersistentVolumeClaim } from './persistent-volume-claim.ts';
import type { PersistentVolume } from './persistent-volume.ts';

/** Names the class in manifests from before the field. */
const classAnnotation = 'volume.beta.kubernetes.io/storage-class';

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
  if ((offered.volumeMode ?? 'Filesystem') !== (wanted.volumeMode ?? 'Filesystem')) return 'incompatible volumeMode';
  return includesAll(offered.accessModes, wanted.accessModes) ? undefined : 'incompatible accessMode';
}

function includesAll(offered: readonly string[] = [], wanted: readonly string[] = []): boolean {
  return wanted.every((mode) => offered.includes(mode));
}

/** Whether the volume can be reached from the node. */
export function isOnNode(volume: PersistentVolume, node: NodeLike): boolean {
  const required = volume.spec?.nodeAffinity?.required;
  return required === undefined || nodeSelectorMatcher(required)(node);
}

export const bySize = (left: PersistentVolume, right: PersistentVolume): number =>
  compareQuantity(sizeOf(left), sizeOf(right));
