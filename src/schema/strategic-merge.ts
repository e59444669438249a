/**
 * Strategic merge patches, as the server applies them: lists merge by the keys in the schema, and directives
 * ($patch, $retainKeys, $setElementOrder/..., $deleteFromPrimitiveList/...) say what plain JSON can't.
 *
 *     { spec: { containers: [{ name: 'web', image: 'web:2' }], $retainKeys: ... } }
 */
import { deepEqual, isRecord, put } from './freeze.ts';
import { deleteItems, mergeItems, orderItems, setOrder, StrategicMergeError } from './strategic-lists.ts';
import { resolve, type ListSchema, type Schema, type StructSchema } from './schema.ts';

export { StrategicMergeError };

const orderPrefix = '$setElementOrder/';
const deletePrefix = '$deleteFromPrimitiveList/';

type Json = Record<string, unknown>;

/** Leaves both arguments as they are; the result shares what did not change. Throws StrategicMergeError. */
export function applyStrategicMergePatch(schema: StructSchema, original: Json, patch: unknown): Json {
  if (!isRecord(patch)) throw new StrategicMergeError(400, 'invalid JSON document');
  return mergeStruct(schema, original, patch);
}

function mergeStruct(schema: Schema, original: Json, patch: Json): Json {
  if (patch['$patch'] !== undefined) return directive(patch);
  const result = retained(original, patch);
  const done = new Set(['$retainKeys']);
  for (const key of Object.keys(patch)) {
    if (!key.startsWith(orderPrefix)) continue;
    done.add(key);
    const name = key.slice(orderPrefix.length);
    if (orderList(schema, result, patch, name, patch[key])) done.add(name);
  }
  for (const key of Object.keys(patch)) {
    if (done.has(key)) continue;
    if (key.startsWith(deletePrefix)) removeFromList(result, key.slice(deletePrefix.length), patch[key]);
    else mergeField(schema, result, key, patch[key]);
  }
  return result;
}

function directive(patch: Json): Json {
  const { $patch: kind, ...rest } = patch;
  if (kind === 'replace') return rest;
  if (kind === 'delete') return {};
  throw new StrategicMergeError(500, `unknown patch type: ${JSON.stringify(kind)} in map: ${JSON.stringify(patch)}`);
}

/** A copy of the original, without the keys that `$retainKeys` does not name. */
function retained(original: Json, patch: Json): Json {
  const keep = patch['$retainKeys'];
  if (keep === undefined) return { ...original };
  const malformed = 'invalid patch format of retainKeys';
  if (!Array.isArray(keep)) throw new StrategicMergeError(400, malformed);
  for (const key of Object.keys(patch)) {
    const isDirective = key === '$retainKeys' || key.startsWith(orderPrefix) || key.startsWith(deletePrefix);
    if (!isDirective && patch[key] !== null && !keep.includes(key)) throw new StrategicMergeError(400, malformed);
  }
  return Object.fromEntries(Object.entries(original).filter(([key]) => keep.includes(key)));
}

/** Applies `$setElementOrder/name` together with the patch's list; false when the patch has none. */
function orderList(schema: Schema, result: Json, patch: Json, name: string, order: unknown): boolean {
  if (!Array.isArray(order)) throw new StrategicMergeError(400, 'invalid patch format of setElementOrder list');
  const list = listSchema(schema, name);
  const mergeKey = list.mergeKey ?? '';
  const before = asList(Object.hasOwn(result, name) ? result[name] : undefined);
  const change = asList(patch[name]);
  if (change === undefined) {
    if (before !== undefined) put(result, name, orderItems(before, order, before, mergeKey));
    return false;
  }
  setOrder(change, order, mergeKey);
  const merged = before === undefined ? asList(withoutDirectives(change)) : mergeList(list, name, before, change);
  put(result, name, orderItems(merged ?? [], order, before ?? [], mergeKey));
  return true;
}

function asList(value: unknown): readonly unknown[] | undefined {
  return Array.isArray(value) ? value : undefined;
}

function removeFromList(result: Json, name: string, items: unknown): void {
  const before = Object.hasOwn(result, name) ? result[name] : undefined;
  if (!Array.isArray(items)) throw new StrategicMergeError(400, 'invalid patch format of primitive list');
  if (Array.isArray(before)) put(result, name, deleteItems(before, items));
}

function mergeField(schema: Schema, result: Json, key: string, change: unknown): void {
  if (change === null) {
    delete result[key];
    return;
  }
  const before = Object.hasOwn(result, key) ? result[key] : undefined;
  if (isRecord(before) && isRecord(change)) {
    const { schema: inner, replace } = fieldOf(schema, key);
    put(result, key, replace ? change : mergeStruct(inner, before, change));
  } else if (Array.isArray(before) && Array.isArray(change)) {
    put(result, key, mergeList(listSchema(schema, key), key, before, change));
  } else {
    const value = withoutDirectives(withoutNulls(change));
    if (value === undefined) delete result[key];
    else put(result, key, value);
  }
}

function mergeList(
  schema: ListSchema,
  name: string,
  live: readonly unknown[],
  change: readonly unknown[],
): readonly unknown[] {
  if (schema.mergeKey === undefined) return change;
  const merge = (before: Json, patch: Json): Json => mergeStruct(schema.items, before, patch);
  return mergeItems(live, change, schema.mergeKey, name, merge);
}

/** The schema of a field, or of a map's values. */
function fieldOf(schema: Schema, key: string): { readonly schema: Schema; readonly replace: boolean } {
  const holder = resolve(schema);
  if (holder.type === 'map') return { schema: resolve(holder.values), replace: false };
  if (holder.type === 'any') return { schema: holder, replace: false };
  const field = holder.type === 'struct' && Object.hasOwn(holder.fields, key) ? holder.fields[key] : undefined;
  if (field !== undefined) return { schema: resolve(field.schema), replace: field.replace };
  const name = holder.type === 'struct' ? holder.name.slice(holder.name.lastIndexOf('.') + 1) : holder.type;
  throw new StrategicMergeError(
    500,
    `unable to find api field in struct ${name} for the json field ${JSON.stringify(key)}`,
  );
}

const replaced: ListSchema = { type: 'list', items: { type: 'any', as: 'json' }, listType: 'atomic' };

function listSchema(schema: Schema, key: string): ListSchema {
  const { schema: found } = fieldOf(schema, key);
  return found.type === 'list' ? found : replaced;
}

/** A new value as it goes into the object: maps that carry `$patch` are instructions, not content. */
function withoutDirectives(value: unknown): unknown {
  if (Array.isArray(value)) {
    const kept = value.map(withoutDirectives).filter((item) => item !== undefined);
    return deepEqual(kept, value) ? value : kept;
  }
  if (!isRecord(value)) return value;
  if (value['$patch'] !== undefined) return undefined;
  const kept: Json = {};
  for (const key of Object.keys(value)) {
    const inner = withoutDirectives(value[key]);
    if (inner !== undefined) put(kept, key, inner);
  }
  return kept;
}

function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNulls);
  if (!isRecord(value)) return value;
  const kept: Json = {};
  for (const key of Object.keys(value)) if (value[key] !== null) put(kept, key, withoutNulls(value[key]));
  return kept;
}
