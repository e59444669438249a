/**
 * Plain JSON to a custom resource: fields that the schema lacks go and are reported, nulls that may not be
 * null go (a default takes their place, if any), metadata is read as every object's. Types are not checked
 * here; that is validation's.
 */
import { DecodeError, decodeObject, formatPath } from './decode.ts';
import { quoteText } from './fault.ts';
import { put } from './freeze.ts';
import { resolve, type FieldSpec, type Schema, type StructSchema } from './schema.ts';

export interface Pruned {
  readonly value: Record<string, unknown>;
  /** `unknown field "spec.foo"`, sorted. At most a hundred. */
  readonly unknown: readonly string[];
}

const mostReports = 100;
const deepest = 1000;
const metaFields = new Set(['apiVersion', 'kind', 'metadata']);

interface Position {
  readonly path: (string | number)[];
  readonly unknown: Set<string>;
}

/** The input is left as it is. Throws DecodeError when it is no object or its metadata can't be read. */
export function pruneObject(schema: StructSchema, json: unknown): Pruned {
  if (!isMap(json)) return decodeObject(schema, json);
  const at: Position = { path: [], unknown: new Set() };
  const value = pruneStruct(schema, json, at, deepest);
  return { value, unknown: [...at.unknown].toSorted() };
}

function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function prune(target: Schema, value: unknown, at: Position, left: number): unknown {
  const schema = resolve(target);
  if (schema.type === 'struct') return isMap(value) ? pruneStruct(schema, value, at, left - 1) : value;
  if (schema.type === 'list' && Array.isArray(value)) {
    return value.map((item: unknown, index) => within(at, index, () => prune(schema.items, item, at, left - 1)));
  }
  if (schema.type === 'map' && isMap(value)) return pruneMap(schema.values, value, at, left);
  return copy(value, left);
}

function pruneMap(values: Schema, value: Record<string, unknown>, at: Position, left: number): unknown {
  const kept: Record<string, unknown> = {};
  for (const [key, inner] of Object.entries(value)) {
    if (inner === null && !isNullable(values)) continue;
    put(
      kept,
      key,
      within(at, key, () => prune(values, inner, at, left - 1)),
    );
  }
  return kept;
}

function pruneStruct(
  schema: StructSchema,
  value: Record<string, unknown>,
  at: Position,
  left: number,
): Record<string, unknown> {
  const kept: Record<string, unknown> = {};
  for (const [key, inner] of Object.entries(value)) {
    const spec = Object.hasOwn(schema.fields, key) ? schema.fields[key] : undefined;
    const result =
      spec === undefined ? pruneOther(schema, key, inner, at, left) : pruneField(spec, key, inner, at, left);
    if (result !== undefined) put(kept, key, result);
  }
  return kept;
}

/** Undefined drops the field. */
function pruneField(spec: FieldSpec, key: string, value: unknown, at: Position, left: number): unknown {
  if (value === null && !isNullable(spec.schema)) return undefined;
  const schema = resolve(spec.schema);
  if (schema.type === 'struct' && schema.name.endsWith('.ObjectMeta')) return readMetadata(schema, value, at);
  return within(at, key, () => prune(schema, value, at, left - 1));
}

function pruneOther(schema: StructSchema, key: string, value: unknown, at: Position, left: number): unknown {
  const { additional } = schema;
  if (additional !== undefined) {
    if (value === null && !isNullable(additional)) return undefined;
    return within(at, key, () => prune(additional, value, at, left - 1));
  }
  if (schema.preserveUnknown === true) return copy(value, left);
  const isMeta = at.path.length === 0 && metaFields.has(key);
  if (!isMeta && at.unknown.size < mostReports) {
    at.unknown.add(`unknown field ${quoteText(formatPath([...at.path, key]))}`);
  }
  return undefined;
}

const wrappers = new WeakMap<StructSchema, StructSchema>();

/** Metadata is the same for all objects: read with built-in kinds' rules. */
function readMetadata(schema: StructSchema, value: unknown, at: Position): unknown {
  const wrapper = wrappers.get(schema) ?? makeWrapper(schema);
  const { value: read, unknown } = decodeObject(wrapper, { metadata: value });
  for (const each of unknown) {
    const path = each.slice('unknown field "'.length, -1);
    at.unknown.add(`unknown field ${quoteText(formatPath([...at.path, path]))}`);
  }
  return read['metadata'];
}

function makeWrapper(schema: StructSchema): StructSchema {
  const metadata: FieldSpec = {
    schema,
    required: false,
    always: true,
    immutable: false,
    retainKeys: false,
    replace: false,
    doc: '',
  };
  const wrapper: StructSchema = { type: 'struct', name: '', doc: '', fields: { metadata }, structType: 'granular' };
  wrappers.set(schema, wrapper);
  return wrapper;
}

function isNullable(schema: Schema): boolean {
  return resolve(schema).rules?.nullable === true;
}

function within<T>(at: Position, segment: string | number, action: () => T): T {
  at.path.push(segment);
  const result = action();
  at.path.pop();
  return result;
}

/** Free-form values are kept as they are, but not nested beyond reason. Throws DecodeError then. */
function copy(value: unknown, left: number): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (left <= 0) throw new DecodeError('exceeded max depth');
  if (Array.isArray(value)) return value.map((item) => copy(item, left - 1));
  const kept: Record<string, unknown> = {};
  for (const [key, inner] of Object.entries(value)) put(kept, key, copy(inner, left - 1));
  return kept;
}
