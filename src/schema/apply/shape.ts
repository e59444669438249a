/** What a schema means for field ownership: where leaves are, and how list items are told apart. */
import { isRecord, put } from '../freeze.ts';
import { resolve, type ListSchema, type Schema, type StructSchema } from '../schema.ts';
import { keyElement, valueElement, type Element } from './field-set.ts';

/** The applied object does not fit its schema. The message names the path. */
export class TypedError extends Error {
  override readonly name = 'TypedError';
}

/** A struct or map whose fields are owned one by one; `isNamed` tells a struct's own fields from other keys. */
export interface FieldsShape {
  readonly kind: 'fields';
  readonly fieldOf: (key: string) => Schema | undefined;
  readonly isNamed: (key: string) => boolean;
}
/** What a schema allows below a value: nothing (a leaf), named fields and other keys, or list items. */
export type Shape = { readonly kind: 'leaf' } | FieldsShape | { readonly kind: 'items'; readonly list: ListSchema };

const leaf: Shape = { kind: 'leaf' };
const shapes = new WeakMap<Schema, Shape>();

/** Unknown fields that are kept: maps are granular, lists atomic. */
const deduced: Schema = { type: 'any', as: 'untyped' };
const deducedShape: Shape = { kind: 'fields', fieldOf: () => deduced, isNamed: () => false };

export function shapeOf(schema: Schema, value: unknown): Shape {
  const resolved = resolve(schema);
  if (resolved.type === 'any' && resolved.as === 'untyped') return isRecord(value) ? deducedShape : leaf;
  const known = shapes.get(resolved);
  if (known !== undefined) return known;
  const shape = makeShape(resolved);
  shapes.set(resolved, shape);
  return shape;
}

function makeShape(schema: Exclude<Schema, { type: 'lazy' }>): Shape {
  if (schema.type === 'struct') return structShape(schema);
  if (schema.type === 'map') {
    if (schema.mapType === 'atomic') return leaf;
    return { kind: 'fields', fieldOf: () => schema.values, isNamed: () => false };
  }
  if (schema.type === 'list') return schema.listType === 'atomic' ? leaf : { kind: 'items', list: schema };
  return leaf;
}

function structShape(schema: StructSchema): Shape {
  if (schema.structType === 'atomic') return leaf;
  const fields = new Map(Object.entries(schema.fields).map(([name, spec]) => [name, spec.schema]));
  const other = schema.additional ?? (schema.preserveUnknown === true ? deduced : undefined);
  return { kind: 'fields', fieldOf: (key) => fields.get(key) ?? other, isNamed: (key) => fields.has(key) };
}

/** The element by which a list item is told apart. Throws TypedError. */
export function itemElement(list: ListSchema, item: unknown): Element {
  if (list.listType === 'set') return scalarElement(item);
  if (item === null) throw new TypedError('associative list with keys may not have a null element');
  if (!isRecord(item)) throw new TypedError('associative list with keys may not have non-map elements');
  const keys: Record<string, unknown> = {};
  for (const name of list.mapKeys ?? []) {
    const value = item[name] ?? defaultOf(list.items, name);
    if (value !== undefined) put(keys, name, value);
  }
  if (Object.keys(keys).length > 0) return keyElement(keys);
  const names = (list.mapKeys ?? []).map((name) => JSON.stringify(name)).join(' ');
  throw new TypedError(
    `associative list with keys has an element that omits all key fields [${names}] (and doesn't have default values for any key fields)`,
  );
}

function scalarElement(item: unknown): Element {
  if (isRecord(item)) throw new TypedError("associative list without keys has an element that's a map type");
  if (Array.isArray(item)) throw new TypedError('not supported: associative list with lists as elements');
  if (item === null) throw new TypedError("associative list without keys has an element that's an explicit null");
  return valueElement(item);
}

function defaultOf(items: Schema, name: string): unknown {
  const schema = resolve(items);
  return schema.type === 'struct' ? schema.fields[name]?.default : undefined;
}

/** Absent, null or empty: such a container is a leaf, so that empty and absent stay apart. */
export function isVoid(value: unknown): boolean {
  if (value === undefined || value === null) return true;
  if (Array.isArray(value)) return value.length === 0;
  return isRecord(value) && Object.keys(value).length === 0;
}

/** The keys of both, each once; what is no map has none. */
export function keysOf(left: unknown, right: unknown): readonly string[] {
  const keys = isRecord(left) ? Object.keys(left) : [];
  if (!isRecord(right)) return keys;
  for (const key of Object.keys(right)) if (!isRecord(left) || !Object.hasOwn(left, key)) keys.push(key);
  return keys;
}

/** A map's value, undefined when there is none. */
export function valueAt(map: unknown, key: string): unknown {
  return isRecord(map) && Object.hasOwn(map, key) ? map[key] : undefined;
}
