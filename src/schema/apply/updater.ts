/** How ownership moves when an object changes, and what an applier's configuration takes away. */
import type { StructSchema } from '../schema.ts';
import {
  difference,
  emptySet,
  intersection,
  isEmptySet,
  pathsOf,
  recursiveDifference,
  union,
  type FieldPath,
  type FieldSet,
} from './field-set.ts';
import { compareTexts, type Manager, type Managers } from './managed-fields.ts';
import { mergeApplied } from './merge.ts';
import {
  changesOf,
  compare,
  reconcileSet,
  removeItems,
  toFieldSet,
  withNamedFields,
  type Comparison,
  type Json,
} from './typed.ts';

/** An object in some version, with that version's schema. */
export interface Typed {
  readonly schema: StructSchema;
  readonly value: Json;
}

/** Turns an object into another version; undefined when that is no longer served. */
export type Converter = (object: Json, apiVersion: string) => Typed | undefined;

export interface Ownership {
  readonly apiVersion: string;
  readonly convert: Converter;
  /** Fields that the endpoint resets per version, which nobody comes to own through it (`status`, say). */
  readonly reset: (apiVersion: string) => FieldSet;
}

export interface Conflict {
  readonly manager: Manager;
  readonly path: FieldPath;
}

/** Another manager owns fields that the applied configuration changes. */
export class ConflictError extends Error {
  override readonly name = 'ConflictError';
  readonly conflicts: readonly Conflict[];

  constructor(conflicts: readonly Conflict[]) {
    super('conflict');
    this.conflicts = conflicts;
  }
}

/** Managers' sets under today's schema: a custom resource's may have changed since they were written. */
export function reconcileManagers(live: Json, managers: Managers, { convert }: Ownership): Managers {
  const schemas = new Map<string, StructSchema | undefined>();
  const next = new Map(managers);
  for (const [key, manager] of managers) {
    const { apiVersion } = manager;
    if (!schemas.has(apiVersion)) schemas.set(apiVersion, convert(live, apiVersion)?.schema);
    const schema = schemas.get(apiVersion);
    const fields = schema === undefined ? manager.fields : reconcileSet(manager.fields, schema);
    if (fields !== manager.fields) next.set(key, { ...manager, fields });
  }
  return next;
}

/** Adds what changed between `live` and `object` to the fields of `self`, and takes it from all others. */
export function recordUpdate(live: Json, object: Json, managers: Managers, self: string, by: Ownership): FieldSet {
  const comparison = versionComparison(live, object, by.apiVersion, by) ?? nothing;
  const before = managers.get(self)?.fields ?? emptySet;
  const owned = union(difference(before, comparison.removed), changesOf(comparison));
  return recursiveDifference(owned, by.reset(by.apiVersion));
}

const nothing: Comparison = { added: emptySet, modified: emptySet, removed: emptySet };

/**
 * The managers beside `self` after a change: they lose what was changed or removed. Managers whose version is
 * gone are dropped, and so are those that own nothing any more. Throws ConflictError unless forced.
 */
export function yieldFields(
  live: Json,
  object: Json,
  managers: Managers,
  self: string,
  by: Ownership & { readonly force: boolean },
): Map<string, Manager> {
  const comparisons = new Map<string, Comparison | undefined>();
  const conflicts: Conflict[] = [];
  const left = new Map<string, Manager>();
  for (const [key, manager] of managers) {
    if (key === self) {
      left.set(key, manager);
      continue;
    }
    const { apiVersion } = manager;
    if (!comparisons.has(apiVersion)) comparisons.set(apiVersion, versionComparison(live, object, apiVersion, by));
    const comparison = comparisons.get(apiVersion);
    if (comparison === undefined) continue;
    const taken = intersection(manager.fields, changesOf(comparison));
    if (!isEmptySet(taken) && !by.force) conflicts.push(...pathsOf(taken).map((path) => ({ manager, path })));
    const fields = difference(difference(manager.fields, taken), comparison.removed);
    if (!isEmptySet(fields)) left.set(key, fields === manager.fields ? manager : { ...manager, fields });
  }
  if (conflicts.length > 0) {
    throw new ConflictError(conflicts.toSorted((a, b) => compareTexts(a.manager.manager, b.manager.manager)));
  }
  return left;
}

function versionComparison(live: Json, object: Json, apiVersion: string, by: Ownership): Comparison | undefined {
  const before = by.convert(live, apiVersion);
  const after = by.convert(object, apiVersion);
  if (before === undefined || after === undefined) return undefined;
  const found = compare(after.schema, before.value, after.value);
  const reset = by.reset(apiVersion);
  if (isEmptySet(reset)) return found;
  return {
    added: recursiveDifference(found.added, reset),
    modified: recursiveDifference(found.modified, reset),
    removed: recursiveDifference(found.removed, reset),
  };
}

/**
 * Merges a configuration into the live object. What `before` (the applier's last set) held and the new
 * configuration no longer says is removed, unless someone else owns it too.
 */
export function mergeConfiguration(
  live: Json,
  configuration: Typed,
  managers: Managers,
  before: Manager | undefined,
  by: Ownership,
): Json {
  const merged = asJson(mergeApplied(configuration.schema, live, configuration.value));
  if (before === undefined || isEmptySet(before.fields)) return merged;
  return prune(merged, managers, before, by);
}

/** `managers` holds the applier's new set already. */
function prune(merged: Json, managers: Managers, last: Manager, by: Ownership): Json {
  const base = by.convert(merged, last.apiVersion);
  if (base === undefined) return merged;
  const pruned = asJson(removeItems(base.schema, base.value, withNamedFields(last.fields, base.schema)));
  const restored = restoreOwned(base, pruned, managers, last.apiVersion, by);
  const result = restoreDangling(base, restored, last);
  return by.convert(result, by.apiVersion)?.value ?? merged;
}

/** Puts back what others, or the new configuration, own. */
function restoreOwned(base: Typed, pruned: Json, managers: Managers, version: string, by: Ownership): Json {
  const ownedBy = new Map<string, FieldSet>();
  for (const { apiVersion, fields } of managers.values()) {
    ownedBy.set(apiVersion, union(ownedBy.get(apiVersion) ?? emptySet, fields));
  }
  const versions = [version, ...[...ownedBy.keys()].filter((each) => each !== version)];
  let kept: Json = pruned;
  let current: Json = base.value;
  for (const each of versions) {
    const [whole, rest] = [by.convert(current, each), by.convert(kept, each)];
    if (whole === undefined || rest === undefined) continue;
    const named = (set: FieldSet): FieldSet => withNamedFields(set, whole.schema);
    const all = named(toFieldSet(whole.schema, whole.value));
    const wanted = union(named(toFieldSet(rest.schema, rest.value)), named(ownedBy.get(each) ?? emptySet));
    current = whole.value;
    kept = asJson(removeItems(whole.schema, whole.value, difference(all, wanted)));
  }
  return by.convert(kept, version)?.value ?? kept;
}

/** Puts back what nobody owns and the applier did not own either. */
function restoreDangling(base: Typed, pruned: Json, last: Manager): Json {
  const named = (set: FieldSet): FieldSet => withNamedFields(set, base.schema);
  const gone = difference(named(toFieldSet(base.schema, base.value)), named(toFieldSet(base.schema, pruned)));
  return asJson(removeItems(base.schema, base.value, intersection(gone, named(last.fields))));
}

function asJson(value: unknown): Json {
  return (value ?? {}) as Json;
}
