/**
 * Objects seen through their schema, for field ownership: which fields a value has, how two values differ, how
 * they merge, and how fields are taken out. A leaf is a scalar, or a list, map or struct that is owned as a whole.
 */
import { deepEqual, isRecord, put } from '../freeze.ts';
import type { ListSchema, Schema } from '../schema.ts';
import {
  childrenOf,
  FieldSetBuilder,
  isMember,
  union,
  type Element,
  type FieldPath,
  type FieldSet,
} from './field-set.ts';
import { isVoid, itemElement, keysOf, shapeOf, valueAt, type FieldsShape } from './shape.ts';

export type Json = Readonly<Record<string, unknown>>;
type List = readonly unknown[];

/** Every leaf and every item and key that a value mentions. */
export function toFieldSet(schema: Schema, value: unknown): FieldSet {
  const builder = new FieldSetBuilder();
  collect(schema, value, [], builder);
  return builder.build();
}

/** `path` is extended on the way down and restored on the way up. */
function collect(schema: Schema, value: unknown, path: Element[], builder: FieldSetBuilder): void {
  const shape = shapeOf(schema, value);
  if (shape.kind === 'leaf') builder.insert(path);
  else if (shape.kind === 'items') collectItems(shape.list, value, path, builder);
  else if (isRecord(value)) {
    for (const key of Object.keys(value)) {
      const inner = value[key];
      const field = shape.fieldOf(key);
      if (field === undefined || inner === undefined) continue;
      path.push(`f:${key}`);
      collect(field, inner, path, builder);
      const isEmpty = isVoid(inner) && !Array.isArray(inner);
      if (isEmpty || !shape.isNamed(key)) builder.insert(path);
      path.pop();
    }
  }
}

function collectItems(list: ListSchema, value: unknown, path: Element[], builder: FieldSetBuilder): void {
  if (!Array.isArray(value)) return;
  const items = value.map((item: unknown) => ({ item, element: itemElement(list, item) }));
  const counts = new Map<Element, number>();
  for (const { element } of items) counts.set(element, (counts.get(element) ?? 0) + 1);
  for (const { item, element } of items) {
    path.push(element);
    if (counts.get(element) === 1) collect(list.items, item, path, builder);
    builder.insert(path);
    path.pop();
  }
}

/** How `after` differs from `before`. No field is in more than one of the sets. */
export interface Comparison {
  readonly added: FieldSet;
  readonly modified: FieldSet;
  readonly removed: FieldSet;
}

interface Differences {
  readonly added: FieldSetBuilder;
  readonly modified: FieldSetBuilder;
  readonly removed: FieldSetBuilder;
}

export function compare(schema: Schema, before: unknown, after: unknown): Comparison {
  const found = { added: new FieldSetBuilder(), modified: new FieldSetBuilder(), removed: new FieldSetBuilder() };
  contrast(schema, before, after, [], found);
  return { added: found.added.build(), modified: found.modified.build(), removed: found.removed.build() };
}

function contrast(schema: Schema, before: unknown, after: unknown, path: Element[], found: Differences): void {
  if (before === after) return;
  const shape = shapeOf(schema, after ?? before);
  if (shape.kind === 'leaf' || (isVoid(before) && isVoid(after))) {
    noteLeaf(before, after, path, found);
    return;
  }
  if (shape.kind === 'items') contrastItems(shape.list, before, after, path, found);
  else {
    for (const key of keysOf(before, after)) {
      const field = shape.fieldOf(key);
      if (field === undefined) continue;
      path.push(`f:${key}`);
      contrast(field, valueAt(before, key), valueAt(after, key), path, found);
      path.pop();
    }
  }
  if (before === undefined) found.added.insert(path);
  else if (after === undefined) found.removed.insert(path);
}

function noteLeaf(before: unknown, after: unknown, path: FieldPath, found: Differences): void {
  if (before === undefined) found.added.insert(path);
  else if (after === undefined) found.removed.insert(path);
  else if (!deepEqual(before, after)) found.modified.insert(path);
}

function contrastItems(list: ListSchema, before: unknown, after: unknown, path: Element[], found: Differences): void {
  const [left, right] = [itemsOf(list, before), itemsOf(list, after)];
  for (const element of new Set([...left.keys(), ...right.keys()])) {
    path.push(element);
    contrastItem(list, left.get(element) ?? [], right.get(element) ?? [], path, found);
    path.pop();
  }
}

/** Items that repeat are compared as a whole. */
function contrastItem(list: ListSchema, a: List, b: List, path: Element[], found: Differences): void {
  if (a.length <= 1 && b.length <= 1) contrast(list.items, a[0], b[0], path, found);
  else if (a.length >= 2 && b.length >= 2) {
    if (!deepEqual(a, b)) found.modified.insert(path);
  } else if (a.length >= 2) {
    if (b.length > 0) contrast(list.items, undefined, b[0], path, found);
    found.removed.insert(path);
  } else {
    if (a.length > 0) contrast(list.items, a[0], undefined, path, found);
    found.added.insert(path);
  }
}

/** A list's items by their element; several under one where they repeat. */
function itemsOf(list: ListSchema, value: unknown): ReadonlyMap<Element, readonly unknown[]> {
  const items = new Map<Element, unknown[]>();
  if (!Array.isArray(value)) return items;
  for (const item of value as unknown[]) {
    const element = itemElement(list, item);
    const same = items.get(element);
    if (same === undefined) items.set(element, [item]);
    else same.push(item);
  }
  return items;
}

/** Takes out the members of `set`; undefined when nothing is left. */
export function removeItems(schema: Schema, value: unknown, set: FieldSet): unknown {
  if (set.size === 0 || typeof value !== 'object' || value === null) return value;
  const shape = shapeOf(schema, value);
  if (shape.kind === 'items') return removeFromList(shape.list, value, set);
  return shape.kind === 'fields' && isRecord(value) ? removeFields(shape, value, set) : undefined;
}

function removeFields(shape: FieldsShape, value: Json, set: FieldSet): unknown {
  const kept: Record<string, unknown> = {};
  for (const key of Object.keys(value)) {
    const element = `f:${key}`;
    const field = shape.fieldOf(key);
    if (isMember(set, element)) continue;
    const below = childrenOf(set, element);
    const inner = below.size === 0 || field === undefined ? value[key] : removeItems(field, value[key], below);
    put(kept, key, inner === undefined ? null : inner);
  }
  return Object.keys(kept).length > 0 ? kept : undefined;
}

function removeFromList(list: ListSchema, value: unknown, set: FieldSet): unknown {
  if (!Array.isArray(value)) return value;
  const kept: unknown[] = [];
  for (const item of value as unknown[]) {
    const element = itemElement(list, item);
    if (isMember(set, element)) continue;
    const below = childrenOf(set, element);
    kept.push(below.size === 0 ? item : removeItems(list.items, item, below));
  }
  return kept.length > 0 ? kept : undefined;
}

/** The set, with every struct field that leads to a member a member too. */
export function withNamedFields(set: FieldSet, schema: Schema): FieldSet {
  const shape = shapeOf(schema, {});
  if (shape.kind === 'leaf') return set;
  const result = new Map(set);
  for (const [element, node] of set) {
    if (node.children === undefined) continue;
    const name = element.slice(2);
    const inner = shape.kind === 'items' ? shape.list.items : shape.fieldOf(name);
    const named = shape.kind === 'fields' && element.startsWith('f:') && shape.isNamed(name);
    const children = inner === undefined ? node.children : withNamedFields(node.children, inner);
    result.set(element, { member: node.member || named, children });
  }
  return result;
}

const reconciled = new WeakMap<FieldSet, { readonly schema: Schema; readonly set: FieldSet }>();

/**
 * The set as it reads under a schema that has changed since: what lies below a field that is now owned as a
 * whole becomes that field. Returns the set itself when nothing changed.
 */
export function reconcileSet(set: FieldSet, schema: Schema): FieldSet {
  const known = reconciled.get(set);
  if (known?.schema === schema) return known.set;
  const result = collapse(set, schema);
  reconciled.set(set, { schema, set: result });
  return result;
}

function collapse(set: FieldSet, schema: Schema): FieldSet {
  const shape = shapeOf(schema, {});
  if (shape.kind === 'leaf') return set;
  let changed = false;
  const result = new Map(set);
  for (const [element, { member, children }] of set) {
    const inner = shape.kind === 'items' ? shape.list.items : shape.fieldOf(element.slice(2));
    if (children === undefined || inner === undefined) continue;
    const isWhole = shapeOf(inner, {}).kind === 'leaf';
    const below = isWhole ? undefined : collapse(children, inner);
    if (below === children) continue;
    changed = true;
    result.set(element, { member: member || isWhole, children: below });
  }
  return changed ? result : set;
}

/** Everything that a comparison found new or different. */
export function changesOf({ added, modified }: Comparison): FieldSet {
  return union(modified, added);
}
