/**
 * Who owns whom, as heard from the API server. Objects by uid; an owner that somebody names but nobody has
 * seen yet stands in the graph as absent until it is seen or found missing.
 */
import type { Kind, KubernetesObject } from '../../api/kind.ts';
import type { OwnerReference } from '../../api/meta/object-meta.ts';

export interface GraphObject {
  readonly uid: string;
  readonly kind: Kind;
  readonly object: KubernetesObject;
}

export class OwnershipGraph {
  readonly #objects = new Map<string, GraphObject>();
  /** Owner uid to the uids of its dependents. */
  readonly #dependents = new Map<string, Set<string>>();

  get(uid: string): GraphObject | undefined {
    return this.#objects.get(uid);
  }

  dependentsOf(uid: string): readonly GraphObject[] {
    return [...(this.#dependents.get(uid) ?? [])].flatMap((each) => this.#objects.get(each) ?? []);
  }

  put(kind: Kind, object: KubernetesObject): void {
    const { uid } = object.metadata;
    this.#unlink(uid);
    this.#objects.set(uid, { uid, kind, object });
    for (const owner of ownersOf(object)) {
      const dependents = this.#dependents.get(owner.uid) ?? new Set<string>();
      dependents.add(uid);
      this.#dependents.set(owner.uid, dependents);
    }
  }

  remove(uid: string): void {
    this.#unlink(uid);
    this.#objects.delete(uid);
  }

  #unlink(uid: string): void {
    const present = this.#objects.get(uid);
    for (const owner of present === undefined ? [] : ownersOf(present.object)) {
      const dependents = this.#dependents.get(owner.uid);
      dependents?.delete(uid);
      if (dependents?.size === 0) this.#dependents.delete(owner.uid);
    }
  }
}

export function ownersOf(object: KubernetesObject): readonly OwnerReference[] {
  return object.metadata.ownerReferences ?? [];
}

export const foregroundFinalizer = 'foregroundDeletion';
export const orphanFinalizer = 'orphan';

/** Deleted, and waiting for its dependents to go first. */
export function isDeletingDependents(object: KubernetesObject): boolean {
  return isBeingDeleted(object) && hasFinalizer(object, foregroundFinalizer);
}

export function isOrphaning(object: KubernetesObject): boolean {
  return isBeingDeleted(object) && hasFinalizer(object, orphanFinalizer);
}

export function isBeingDeleted(object: KubernetesObject): boolean {
  return object.metadata.deletionTimestamp !== undefined;
}

export function hasFinalizer(object: KubernetesObject, finalizer: string): boolean {
  return object.metadata.finalizers?.includes(finalizer) === true;
}
