/**
 * What to do about one object, given its owners: a pure function. Upstream's rules:
 * an object goes when none of its owners is left; an owner that waits for its dependents (foreground
 * deletion) takes those with it that block it; owners that are gone are struck off when others remain.
 */
import type { KubernetesObject } from '../../api/kind.ts';
import type { OwnerReference } from '../../api/meta/object-meta.ts';
import {
  foregroundFinalizer,
  hasFinalizer,
  isBeingDeleted,
  isDeletingDependents,
  isOrphaning,
  orphanFinalizer,
  ownersOf,
} from './graph.ts';

export type OwnerState =
  /** There, and not waiting for anybody. */
  | 'solid'
  /** Certainly gone, or another object has its name. */
  | 'absent'
  /** Deleted in the foreground: waits for this object to go. */
  | 'waiting'
  /** Of a kind that lives in namespaces, for an object that lives in none: it can be neither found nor found missing. */
  | 'unresolvable'
  /** Nobody knows yet. */
  | 'unknown';

export type Step =
  | { readonly type: 'delete'; readonly propagationPolicy: 'Foreground' | 'Background' | 'Orphan' }
  | { readonly type: 'strike-owners'; readonly uids: readonly string[] }
  | { readonly type: 'unblock-owners'; readonly uids: readonly string[] }
  | { readonly type: 'remove-finalizer'; readonly finalizer: string }
  | { readonly type: 'orphan-dependents' }
  | { readonly type: 'visit-dependents' };

export interface Circumstances {
  readonly ownerState: (owner: OwnerReference) => OwnerState;
  /** Dependents that are still there. */
  readonly dependents: readonly KubernetesObject[];
}

/** Owners whose state must be looked up before a plan can be made. */
export function undecidedOwners(
  object: KubernetesObject,
  ownerState: Circumstances['ownerState'],
): readonly OwnerReference[] {
  return ownersOf(object).filter((owner) => ownerState(owner) === 'unknown');
}

export function plan(object: KubernetesObject, circumstances: Circumstances): readonly Step[] {
  if (isOrphaning(object)) {
    const free: Step = { type: 'remove-finalizer', finalizer: orphanFinalizer };
    return circumstances.dependents.length === 0 ? [free] : [{ type: 'orphan-dependents' }, free];
  }
  if (isDeletingDependents(object)) return planOfForeground(object, circumstances);
  return isBeingDeleted(object) ? [] : planOfDependent(object, circumstances);
}

function planOfForeground(object: KubernetesObject, { dependents }: Circumstances): readonly Step[] {
  const blocking = dependents.filter((dependent) =>
    ownersOf(dependent).some(
      ({ uid, blockOwnerDeletion }) => uid === object.metadata.uid && blockOwnerDeletion === true,
    ),
  );
  return blocking.length === 0
    ? [{ type: 'remove-finalizer', finalizer: foregroundFinalizer }]
    : [{ type: 'visit-dependents' }];
}

function planOfDependent(object: KubernetesObject, { ownerState, dependents }: Circumstances): readonly Step[] {
  const owners = ownersOf(object).map((owner) => ({ owner, state: ownerState(owner) }));
  const of = (...states: readonly OwnerState[]): readonly string[] =>
    owners.filter(({ state }) => states.includes(state)).map(({ owner }) => owner.uid);
  const remaining = of('solid', 'unknown');
  const leaving = of('absent', 'waiting');
  if (leaving.length === 0 || of('unresolvable').length > 0) return [];
  if (remaining.length > 0) return [{ type: 'strike-owners', uids: leaving }];
  const deletion: Step = {
    type: 'delete',
    propagationPolicy: policyOf(object, of('waiting').length > 0 && dependents.length > 0),
  };
  // Two objects that block each other would wait for ever: this one stops blocking its owner.
  const entangled = of('waiting').length > 0 && dependents.some((dependent) => isDeletingDependents(dependent));
  return entangled ? [{ type: 'unblock-owners', uids: of('waiting') }, deletion] : [deletion];
}

function policyOf(object: KubernetesObject, ownerWaits: boolean): 'Foreground' | 'Background' | 'Orphan' {
  if (ownerWaits) return 'Foreground';
  if (hasFinalizer(object, orphanFinalizer)) return 'Orphan';
  return hasFinalizer(object, foregroundFinalizer) ? 'Foreground' : 'Background';
}
