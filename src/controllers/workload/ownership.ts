/**
 * Which objects belong to an owner: those that say so and that its selector selects; orphans that the
 * selector selects are adopted; those that it no longer selects are released. Used for pods of ReplicaSets
 * and the like, and for ReplicaSets of Deployments.
 */
import type { Kind, KubernetesObject } from '../../api/kind.ts';
import type { OwnerReference } from '../../api/meta/object-meta.ts';
import { byController, orphans } from '../../client/cache.ts';
import { isConflict, isNotFound, type Client } from '../../client/client.ts';
import type { Informer } from '../../client/informer.ts';
import { matches, type Selector } from '../../schema/selector.ts';

export interface Claims<T> {
  readonly owned: readonly T[];
  readonly adopt: readonly T[];
  readonly release: readonly T[];
}

export function controllerOf({ metadata }: KubernetesObject): OwnerReference | undefined {
  return metadata.ownerReferences?.find(({ controller }) => controller === true);
}

/** Has the informer file objects so that `candidatesOf` finds them. */
export function indexOwners<T extends KubernetesObject>(informer: Informer<T>): void {
  informer.addIndex('controller', byController);
  informer.addIndex('orphans', orphans);
}

/** What the owner has, and what it might adopt: all that claims are made of, without looking at everybody else's. */
export function candidatesOf<T extends KubernetesObject>(
  informer: Informer<T>,
  { metadata }: KubernetesObject,
): readonly T[] {
  return [...informer.by('controller', metadata.uid), ...informer.by('orphans', metadata.namespace ?? '')];
}

export function claimsOf<T extends KubernetesObject>(
  owner: KubernetesObject,
  selector: Selector,
  objects: readonly T[],
): Claims<T> {
  const owned: T[] = [];
  const adopt: T[] = [];
  const release: T[] = [];
  for (const object of objects) {
    const controller = controllerOf(object);
    const selected = matches(selector, object.metadata.labels);
    if (controller?.uid === owner.metadata.uid) (selected ? owned : release).push(object);
    else if (controller === undefined && selected && isAdoptable(owner, object)) adopt.push(object);
  }
  return { owned, adopt, release };
}

function isAdoptable(owner: KubernetesObject, object: KubernetesObject): boolean {
  return owner.metadata.deletionTimestamp === undefined && object.metadata.deletionTimestamp === undefined;
}

/** The reference by which objects name their controller. */
export function controllerReference(kind: Kind, { metadata }: KubernetesObject): OwnerReference {
  const { name, uid } = metadata;
  return { apiVersion: kind.apiVersion, kind: kind.kind, name, uid, controller: true, blockOwnerDeletion: true };
}

/**
 * Adopts and releases as claimed; returns what is owned afterwards. `finalizer`: what the owner puts on all that it
 * owns, which comes and goes with the reference. Other owners and finalizers, which may be added at the same time, stay.
 */
export async function settleClaims<T extends KubernetesObject>(
  client: Client,
  ownerKind: Kind,
  owner: KubernetesObject,
  kind: Kind<T>,
  claims: Claims<T>,
  finalizer?: string,
): Promise<readonly T[]> {
  if (claims.adopt.length > 0 && !(await isStillAlive(client, ownerKind, owner))) return claims.owned;
  const adopted = await Promise.all(
    claims.adopt.map((object) => {
      const metadata = {
        uid: object.metadata.uid,
        ownerReferences: [controllerReference(ownerKind, owner)],
        ...(finalizer !== undefined && { finalizers: [finalizer] }),
      };
      return patched(client, kind, object, { metadata });
    }),
  );
  await Promise.all(
    claims.release.map((object) => {
      const metadata = {
        uid: object.metadata.uid,
        ownerReferences: [{ $patch: 'delete', uid: owner.metadata.uid }],
        ...(finalizer !== undefined && { '$deleteFromPrimitiveList/finalizers': [finalizer] }),
      };
      return patched(client, kind, object, { metadata });
    }),
  );
  return [...claims.owned, ...adopted.filter((object) => object !== undefined)];
}

/** A live look: a cached owner may have been deleted, and another of its name would adopt in its place. */
async function isStillAlive(client: Client, kind: Kind, owner: KubernetesObject): Promise<boolean> {
  try {
    const { namespace, name, uid } = owner.metadata;
    const live = await client.get(kind as Kind<KubernetesObject>, { namespace, name });
    return live.metadata.uid === uid && live.metadata.deletionTimestamp === undefined;
  } catch (error) {
    if (isNotFound(error)) return false;
    throw error;
  }
}

async function patched<T extends KubernetesObject>(
  client: Client,
  kind: Kind<T>,
  object: T,
  patch: object,
): Promise<T | undefined> {
  try {
    return await client.patch(kind, object.metadata, patch, { type: 'strategic' });
  } catch (error) {
    if (isNotFound(error) || isConflict(error)) return undefined;
    throw error;
  }
}
