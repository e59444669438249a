/**
 * Ownership on every write that is no apply: who changed a field owns it, and takes it from whoever owned it.
 * Objects are plain and may be frozen; results share what did not change.
 */
import { decodeObject } from '../decode.ts';
import { deepEqual, isRecord } from '../freeze.ts';
import type { StructSchema } from '../schema.ts';
import { difference, emptySet, fieldSet, isEmptySet, union, type FieldSet } from './field-set.ts';
import {
  compareTexts,
  decodeManagers,
  managedFieldsOf,
  managerKey,
  withManagers,
  withoutManagers,
  type Manager,
} from './managed-fields.ts';
import type { Json } from './typed.ts';
import { reconcileManagers, recordUpdate, yieldFields, type Converter, type Ownership } from './updater.ts';

/** Who writes, through which endpoint. */
export interface WriteContext {
  /** The fieldManager, or what the user agent yields; '' becomes `unknown`. */
  readonly manager: string;
  /** Version of the endpoint, such as `apps/v1`. */
  readonly apiVersion: string;
  /** '' for the object itself. */
  readonly subresource: string;
  /** RFC 3339. */
  readonly now: string;
  readonly convert: Converter;
  /** Fields that the endpoint resets per version, so that nobody comes to own them through it. */
  readonly reset?: (apiVersion: string) => FieldSet;
}

const mostUpdateManagers = 10;
export const stripped = fieldSet(
  ['apiVersion'],
  ['kind'],
  ['metadata'],
  ...[
    'name',
    'namespace',
    'creationTimestamp',
    'selfLink',
    'uid',
    'clusterName',
    'generation',
    'managedFields',
    'resourceVersion',
  ].map((name) => ['metadata', name]),
);

/**
 * The object that a create, update or patch is about to store, with its managedFields brought up to date.
 * `live` is undefined on create.
 */
export function trackUpdate(live: Json | undefined, object: Json, context: WriteContext): Json {
  const managers = startingManagers(live, object, context.subresource !== '');
  const bare = withoutManagers(object);
  if (managers.size === 0 && live !== undefined) return bare;
  const next = updateManagers(withoutManagers(live ?? zeroObject(context)), bare, managers, context);
  return withManagers(bare, capUpdateManagers(next));
}

/**
 * What an object is compared with before it exists: its zero value. Structs that are always there (`spec`, a pod
 * template's `metadata`) are so before anyone writes, and thus nobody's; who owned one as a whole would, by letting
 * go of it, take away what the server has put into it since.
 */
export function zeroObject({ apiVersion, convert }: WriteContext): Json {
  const typed = convert({ apiVersion }, apiVersion);
  return { ...(typed === undefined ? {} : decodeObject(typed.schema, {}).value), apiVersion };
}

/** What the request says about managedFields counts, unless it says nothing sensible or is a subresource's. */
function startingManagers(live: Json | undefined, object: Json, isSubresource: boolean): Map<string, Manager> {
  const own = decodeManagers(live === undefined ? undefined : managedFieldsOf(live)) ?? new Map<string, Manager>();
  if (isSubresource) return own;
  const sent = managedFieldsOf(object);
  if (isReset(sent)) return new Map();
  const given = decodeManagers(sent);
  return given === undefined || given.size === 0 ? own : given;
}

/** An empty list, or one empty entry, asks to forget all owners. */
function isReset(entries: unknown): boolean {
  if (!Array.isArray(entries)) return false;
  return entries.length === 0 || (entries.length === 1 && isRecord(entries[0]) && Object.keys(entries[0]).length === 0);
}

export function updateManagers(
  live: Json,
  object: Json,
  managers: ReadonlyMap<string, Manager>,
  context: WriteContext,
): Map<string, Manager> {
  const by = ownershipOf(context);
  const present = reconcileManagers(live, managers, by);
  const changed = difference(recordUpdate(live, object, present, '', by), stripped);
  const next = yieldFields(live, object, present, '', { ...by, force: true });
  if (isEmptySet(changed)) return next;
  const self = managerOf(context, 'Update', changed);
  const key = managerKey(self);
  next.set(key, { ...self, fields: union(changed, next.get(key)?.fields ?? emptySet) });
  return next;
}

export function ownershipOf({ apiVersion, convert, reset }: WriteContext): Ownership {
  return { apiVersion, convert, reset: reset ?? (() => emptySet) };
}

export function managerOf(context: WriteContext, operation: 'Apply' | 'Update', fields: FieldSet): Manager {
  const { manager, apiVersion, subresource, now } = context;
  return { manager: manager === '' ? 'unknown' : manager, operation, apiVersion, subresource, time: now, fields };
}

/** Merges the oldest updaters of a version into one when there are too many. */
function capUpdateManagers(managers: Map<string, Manager>): Map<string, Manager> {
  const updaters = [...managers].filter(([, { operation }]) => operation === 'Update');
  let excess = updaters.length - mostUpdateManagers;
  if (excess <= 0) return managers;
  const oldestFirst = updaters.toSorted(
    ([a, x], [b, y]) => compareTexts(x.time ?? '', y.time ?? '') || compareTexts(a, b),
  );
  const firstOf = new Map<string, string>();
  for (const [key, manager] of oldestFirst) {
    if (excess <= 0) break;
    const first = firstOf.get(manager.apiVersion);
    if (first === undefined) {
      firstOf.set(manager.apiVersion, key);
      continue;
    }
    const bucket: Manager = { ...manager, manager: 'ancient-changes', subresource: '' };
    const bucketKey = managerKey(bucket);
    const before = managers.get(bucketKey) ?? managers.get(first);
    if (!managers.has(bucketKey)) managers.delete(first);
    managers.delete(key);
    managers.set(bucketKey, { ...bucket, fields: union(manager.fields, before?.fields ?? emptySet) });
    excess -= 1;
  }
  return managers;
}

/**
 * When an update changes nothing but the times of its managedFields, those of the live object are kept, so
 * that the write is seen to be none.
 */
export function keepTimes(live: Json, object: Json): Json {
  const [before, after] = [managedFieldsOf(live), managedFieldsOf(object)];
  if (before === after || !Array.isArray(before) || !Array.isArray(after)) return object;
  const timeless = (entries: readonly unknown[]): readonly unknown[] =>
    entries.map((entry) => (isRecord(entry) ? { ...entry, time: undefined } : entry));
  if (!deepEqual(timeless(before), timeless(after))) return object;
  if (!deepEqual(withoutManagers(live), withoutManagers(object))) return object;
  const { metadata } = object;
  return { ...object, metadata: { ...(isRecord(metadata) ? metadata : {}), managedFields: before } };
}

/** For kinds with a single version: any other one is gone. */
export function singleVersion(schema: StructSchema, apiVersion: string): Converter {
  return (value, wanted) => (wanted === apiVersion ? { schema, value } : undefined);
}
