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
  const offered = volume.spec ?? {};
  const wanted = claim.spec ?? {};
  return (
    classOf(volume) === classOf(claim) &&
    (offered.volumeMode ?? 'Filesystem') === (wanted.volumeMode ?? 'Filesystem') &&
    includesAll(offered.accessModes, wanted.accessModes) &&
    compareQuantity(sizeOf(volume), requestOf(claim)) >= 0 &&
    (wanted.selector === undefined || matches(selectorOf(wanted.selector), volume.metadata.labels))
  );
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
