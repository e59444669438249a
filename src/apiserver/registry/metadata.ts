/** The fields of ObjectMeta that only the server sets. Its rules are in ../../api/meta/validate-object-meta.ts. */
import { timestamp } from '../../base/clock.ts';
import type { ObjectMeta } from '../../api/meta/object-meta.ts';
import { badRequest } from '../errors.ts';
import type { Registry } from './context.ts';
import type { Resource } from './resources.ts';
import { draftMeta, type DraftObject } from './snapshot.ts';

/** Throws 400 when the object says another namespace than the path; fills in what it does not say. */
export function settleNamespace(resource: Resource, draft: DraftObject, namespace: string): void {
  const meta = draftMeta(draft);
  if (!resource.namespaced) delete meta.namespace;
  else if (meta.namespace === undefined || meta.namespace === '') meta.namespace = namespace;
  else if (meta.namespace !== namespace) {
    throw badRequest('the namespace of the provided object does not match the namespace sent on the request');
  }
}

/** A new object's identity. What a client says here is not believed. */
export function stampNew(registry: Registry, draft: DraftObject, generation: boolean): void {
  const meta = draftMeta(draft);
  meta.uid = registry.random.uuid();
  meta.creationTimestamp = timestamp(registry.clock.now());
  delete meta.deletionTimestamp;
  delete meta.deletionGracePeriodSeconds;
  delete meta.selfLink;
  if (generation) meta.generation = 1;
  else delete meta.generation;
}

/** An update keeps what only the server may set. A client's other uid is told by validation. */
export function keepIdentity(draft: DraftObject, old: ObjectMeta): void {
  const meta = draftMeta(draft);
  if (meta.uid === undefined || meta.uid === '') set(meta, 'uid', old.uid);
  set(meta, 'creationTimestamp', old.creationTimestamp);
  set(meta, 'generation', old.generation);
  if (old.deletionTimestamp !== undefined) meta.deletionTimestamp = old.deletionTimestamp;
  if (meta.deletionGracePeriodSeconds === undefined) {
    set(meta, 'deletionGracePeriodSeconds', old.deletionGracePeriodSeconds);
  }
}

function set<K extends keyof ObjectMeta>(
  meta: { -readonly [P in keyof ObjectMeta]: ObjectMeta[P] },
  key: K,
  value: ObjectMeta[K] | undefined,
): void {
  if (value === undefined) delete meta[key];
  else meta[key] = value;
}
