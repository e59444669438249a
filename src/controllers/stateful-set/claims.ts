/** The claims of a StatefulSet's pods: made before the pod, kept or given up as its retention policy says. */
import { StatefulSet } from '../../api/apps/stateful-set.ts';
import { PersistentVolumeClaim } from '../../api/core/persistent-volume-claim.ts';
import { Pod } from '../../api/core/pod.ts';
import type { OwnerReference } from '../../api/meta/object-meta.ts';
import { messageOf } from '../../base/errors.ts';
import { isAlreadyExists, type Client } from '../../client/client.ts';
import type { Events } from '../../client/event-recorder.ts';
import type { Informer } from '../../client/informer.ts';
import { claimsFor, podName } from './identity.ts';

export interface ClaimDependencies {
  readonly client: Client;
  readonly claims: Informer<PersistentVolumeClaim>;
  readonly events: Events;
}

export async function ensureClaims(
  { client, claims, events }: ClaimDependencies,
  set: StatefulSet,
  ordinal: number,
): Promise<void> {
  for (const draft of claimsFor(set, ordinal)) {
    const name = draft.metadata.name ?? '';
    if (claims.get({ namespace: set.metadata.namespace, name }) !== undefined) continue;
    const about = `create Claim ${name} Pod ${podName(set, ordinal)} in StatefulSet ${set.metadata.name}`;
    try {
      await client.create(PersistentVolumeClaim, draft);
      events.normal(StatefulSet, set, 'SuccessfulCreate', `${about} success`);
    } catch (error) {
      if (isAlreadyExists(error)) continue;
      events.warning(StatefulSet, set, 'FailedCreate', `${about} failed error: ${messageOf(error)}`);
      throw error;
    }
  }
}

/**
 * Claims of which the policy says that they go with the set (whenDeleted) or with a pod that is scaled away
 * (whenScaled) are owned by it; all others by nobody, so that data stays.
 */
export async function settleClaimOwners(
  { client, claims }: ClaimDependencies,
  set: StatefulSet,
  ordinal: number,
  pod: Pod | undefined,
  scaledDown: boolean,
): Promise<void> {
  const wanted = wantedOwners(set, pod, scaledDown);
  const ours = new Set([set.metadata.uid, ...(pod === undefined ? [] : [pod.metadata.uid])]);
  for (const draft of claimsFor(set, ordinal)) {
    const claim = claims.get({ namespace: set.metadata.namespace, name: draft.metadata.name ?? '' });
    if (claim === undefined) continue;
    const { uid, resourceVersion, ownerReferences = [] } = claim.metadata;
    const next = [...ownerReferences.filter((each) => !ours.has(each.uid)), ...wanted];
    if (sameOwners(ownerReferences, next)) continue;
    const patch = { metadata: { uid, resourceVersion, ownerReferences: next } };
    await client.patch(PersistentVolumeClaim, claim.metadata, patch, { type: 'merge' });
  }
}

function wantedOwners(set: StatefulSet, pod: Pod | undefined, scaledDown: boolean): readonly OwnerReference[] {
  const { whenDeleted = 'Retain', whenScaled = 'Retain' } = set.spec?.persistentVolumeClaimRetentionPolicy ?? {};
  if (scaledDown && whenScaled === 'Delete') return pod === undefined ? [] : [ownerOf(Pod, pod)];
  return whenDeleted === 'Delete' ? [ownerOf(StatefulSet, set)] : [];
}

function sameOwners(left: readonly OwnerReference[], right: readonly OwnerReference[]): boolean {
  return left.length === right.length && right.every(({ uid }) => left.some((each) => each.uid === uid));
}

function ownerOf(
  kind: { readonly apiVersion: string; readonly kind: string },
  { metadata }: StatefulSet | Pod,
): OwnerReference {
  return { apiVersion: kind.apiVersion, kind: kind.kind, name: metadata.name, uid: metadata.uid };
}
