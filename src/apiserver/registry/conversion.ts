/** Between the version that is served and the one that is stored. */
import { decodeObject } from '../../schema/decode.ts';
import { deepClone } from '../../schema/freeze.ts';
import type { Resource } from './resources.ts';
import { seal, type DraftObject, type Snapshot } from './snapshot.ts';
import { fillDefaults } from './strategy.ts';

/** Converted snapshots, forgotten with their entry. */
const converted = new WeakMap<object, Map<Resource, Snapshot>>();

/** The snapshot in the served version; the same one unless that version is converted. */
export function convertOut(resource: Resource, snapshot: Snapshot): Snapshot {
  const { conversion } = resource.kind;
  if (conversion === undefined) return snapshot;
  let versions = converted.get(snapshot);
  if (versions === undefined) converted.set(snapshot, (versions = new Map()));
  let made = versions.get(resource);
  if (made === undefined) {
    const object = conversion.fromStorage(deepClone(snapshot.value) as DraftObject);
    made = { ...seal(resource.kind, object), revision: snapshot.revision };
    versions.set(resource, made);
  }
  return made;
}

/** A draft in the served version as one in the stored version, which has defaults of its own. */
export function convertIn(resource: Resource, draft: DraftObject): DraftObject {
  const { conversion } = resource.kind;
  if (conversion === undefined) return draft;
  const { storage } = resource;
  const object = conversion.toStorage(draft);
  const stored = decodeObject(storage.schema, { ...object, kind: storage.kind, apiVersion: storage.apiVersion }).value;
  fillDefaults(storage, stored);
  return stored;
}
