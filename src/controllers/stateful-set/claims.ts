/** The claims of a StatefulSet's pods: made before the pod, kept or given up as its retention policy says. */
import { StatefulSet } from '../../api/apps/stateful-set.ts';
import { PersistentVolumeClaim } from '../../api/core/persistent-volume-claim.ts';
import { Pod } from '../../api/core/pod.ts';
import type { Draft } from '../../api/kind.ts';
import type { OwnerReference } from '../../api/meta/object-meta.ts';
import { messageOf } from '../../base/errors.ts';
import { keyOf } from '../../client/cache.ts';
import { isAlreadyExists, isNotFound, type Client, type ObjectRef } from '../../client/client.ts';
import type { Change } from '../../client/controller.ts';
import type { Events } from '../../client/event-recorder.ts';
import type { Informer } from '../../client/informer.ts';
import { deepEqual } from '../../schema/freeze.ts';
import { isTerminating } from '../service-account/controller.ts';
import { controllerReference } from '../workload/ownership.ts';
import { claimsFor, isWanted, ordinalOf, podName } from './identity.ts';

export interface ClaimDependencies {
  readonly client: Client;
  readonly claims: Informer<PersistentVolumeClaim>;
  readonly events: Events;
}

/** One that a pod is to have, and what there is of it. */
export interface PodClaim {
  readonly draft: Draft<PersistentVolumeClaim>;
  readonly claim: PersistentVolumeClaim | undefined;
}

/**
 * Where claims go with pods that are scaled away they are looked at live: the reference to a former pod, or the end of
 * the claim, may be too new for the cache.
 */
export async function claimsOfPod(
  { client, claims }: ClaimDependencies,
  set: StatefulSet,
  ordinal: number,
): Promise<readonly PodClaim[]> {
  const { whenScaled } = policyOf(set);
  const found: PodClaim[] = [];
  for (const draft of claimsFor(set, ordinal)) {
    const ref = { namespace: set.metadata.namespace, name: draft.metadata.name ?? '' };
    const cached = claims.get(ref);
    const claim = cached === undefined || whenScaled === 'Retain' ? cached : await liveClaim(client, ref);
    found.push({ draft, claim });
  }
  return found;
}

async function liveClaim(client: Client, ref: ObjectRef): Promise<PersistentVolumeClaim | undefined> {
  try {
    return await client.get(PersistentVolumeClaim, ref);
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}

/**
 * Whether a claim still goes with a former pod of the name: the garbage collector is about to delete it, and with it
 * whatever a new pod writes there.
 */
export function hasStaleClaim(set: StatefulSet, ordinal: number, claims: readonly PodClaim[]): boolean {
  if (policyOf(set).whenScaled === 'Retain') return false;
  const pod = { apiVersion: Pod.apiVersion, kind: Pod.kind, name: podName(set, ordinal) };
  return claims.some(({ claim }) => claim?.metadata.ownerReferences?.some((each) => isNamed(each, pod)) === true);
}

/** Makes the claims that are missing. Throws when one cannot be made, or is being deleted. */
export async function ensureClaims(
  { client, events }: ClaimDependencies,
  set: StatefulSet,
  ordinal: number,
  claims: readonly PodClaim[],
): Promise<void> {
  const problems: string[] = [];
  for (const { draft, claim } of claims) {
    const name = draft.metadata.name ?? '';
    if (claim?.metadata.deletionTimestamp !== undefined) problems.push(`pvc ${name} is being deleted`);
    if (claim !== undefined) continue;
    const whose = `Pod ${podName(set, ordinal)} in StatefulSet ${set.metadata.name}`;
    try {
      await client.create(PersistentVolumeClaim, draft);
      events.normal(StatefulSet, set, 'SuccessfulCreate', `create Claim ${name} ${whose} success`);
    } catch (error) {
      if (isTerminating(error)) throw error;
      // There, though not in the cache: one that was just made, or is going. The next look tells.
      if (!isAlreadyExists(error)) {
        const message = `create Claim ${name} for ${whose} failed error: ${messageOf(error)}`;
        events.warning(StatefulSet, set, 'FailedCreate', message);
        problems.push(`failed to create PVC ${name}: ${messageOf(error)}`);
      }
    }
  }
  if (problems.length > 0) throw new Error(problems.length === 1 ? problems[0] : `[${problems.join(', ')}]`);
}

/**
 * Claims of which the policy says that they go with the set (whenDeleted) or with a pod that is scaled away
 * (whenScaled) are controlled by it; all others by neither, so that data stays. Claims that somebody else controls, or
 * a former set or pod of the name, are left to them. Returns whether any was changed.
 *
 * `tells`: an event says of each claim that is left to others; without it only of those that were not before.
 */
export async function settleClaimOwners(
  { client, claims, events }: ClaimDependencies,
  set: StatefulSet,
  pod: Pod,
  tells: boolean,
): Promise<boolean> {
  const ordinal = ordinalOf(set, pod);
  let changed = false;
  for (const draft of ordinal === undefined ? [] : claimsFor(set, ordinal)) {
    const claim = claims.get({ namespace: set.metadata.namespace, name: draft.metadata.name ?? '' });
    if (claim === undefined) continue;
    const { uid, resourceVersion, name } = claim.metadata;
    const { next, conflicting } = ownersOf(set, pod, claim);
    if (conflicting && (tells || next !== undefined)) {
      const message = `PersistentVolumeClaim ${name} has a conflicting OwnerReference that acts as a managing controller, the retention policy is ignored for this claim`;
      events.warning(StatefulSet, set, 'ConflictingController', message);
    }
    if (next === undefined) continue;
    const patch = { metadata: { uid, resourceVersion, ownerReferences: next } };
    await client.patch(PersistentVolumeClaim, claim.metadata, patch, { type: 'merge' });
    changed = true;
  }
  return changed;
}

/** The owners that the claim is to have, if they are not those that it has. */
function ownersOf(
  set: StatefulSet,
  pod: Pod,
  { metadata }: PersistentVolumeClaim,
): { readonly next?: readonly OwnerReference[]; readonly conflicting: boolean } {
  const policy = policyOf(set);
  const managed = policy.whenDeleted === 'Delete' || policy.whenScaled === 'Delete';
  const byPod = controllerReference(Pod, pod);
  const bySet = controllerReference(StatefulSet, set);
  const present = metadata.ownerReferences ?? [];
  const ours = present.filter((each) => isNamed(each, byPod) || isNamed(each, bySet));
  const others = present.filter((each) => !ours.includes(each));
  // Of a set or pod that was deleted: only the garbage collector knows whether the claim goes with it.
  if (ours.some(({ uid }) => uid !== byPod.uid && uid !== bySet.uid)) return { conflicting: managed };
  const conflicting = managed && others.some(({ controller }) => controller === true);
  const wanted = conflicting ? [] : wantedOwners(isWanted(set, pod), policy, byPod, bySet);
  return sameControllers(ours, wanted) ? { conflicting } : { conflicting, next: [...others, ...wanted] };
}

function wantedOwners(
  wanted: boolean,
  { whenDeleted, whenScaled }: Policy,
  byPod: OwnerReference,
  bySet: OwnerReference,
): readonly OwnerReference[] {
  if (!wanted && whenScaled === 'Delete') return [byPod];
  return whenDeleted === 'Delete' ? [bySet] : [];
}

interface Policy {
  readonly whenDeleted: string;
  readonly whenScaled: string;
}

function policyOf({ spec }: StatefulSet): Policy {
  const { whenDeleted = 'Retain', whenScaled = 'Retain' } = spec?.persistentVolumeClaimRetentionPolicy ?? {};
  return { whenDeleted, whenScaled };
}

function isNamed(owner: OwnerReference, { apiVersion, kind, name }: Omit<OwnerReference, 'uid'>): boolean {
  return owner.apiVersion === apiVersion && owner.kind === kind && owner.name === name;
}

function sameControllers(present: readonly OwnerReference[], wanted: readonly OwnerReference[]): boolean {
  return (
    present.length === wanted.length &&
    wanted.every(({ uid }) => present.some((each) => each.uid === uid && each.controller === true))
  );
}

/**
 * The sets, by key, that have something to do or waited after this change: a claim that came, goes or went, or has other
 * owners. Claims need not name their set, but are called TEMPLATE-SET-N.
 */
export function setsOfClaim(
  sets: Informer<StatefulSet>,
  { type, object, old }: Change<PersistentVolumeClaim>,
): readonly string[] {
  const { namespace, name, ownerReferences, deletionTimestamp } = object.metadata;
  const same =
    old?.metadata.deletionTimestamp === deletionTimestamp && deepEqual(old?.metadata.ownerReferences, ownerReferences);
  const stem = /^(.+)-(?:0|[1-9]\d*)$/.exec(name)?.[1];
  if (stem === undefined || (type === 'updated' && same)) return [];
  return [...stem.matchAll(/-/g)].flatMap(({ index }) => {
    const set = sets.get({ namespace, name: stem.slice(index + 1) });
    const template = stem.slice(0, index);
    const templates = set?.spec?.volumeClaimTemplates ?? [];
    return set !== undefined && templates.some(({ metadata }) => metadata.name === template) ? [keyOf(set)] : [];
  });
}
