/**
 * Sets of fields, as metadata.managedFields holds them (FieldsV1): a tree whose keys name a struct's field or
 * map's key (`f:spec`), a list's item by its keys (`k:{"name":"web"}`), by its value (`v:"x"`) or place (`i:0`).
 *
 *     { 'f:spec': { 'f:replicas': {}, 'f:template': { '.': {}, 'f:metadata': {} } } }
 *
 * `{}` is a member; `.` says that a node with children is one too. Sets are never changed once built.
 */
import { isRecord, put } from '../freeze.ts';

/** A step of a path, in the form above. */
export type Element = string;
export type FieldPath = readonly Element[];

interface Node {
  readonly member: boolean;
  readonly children: FieldSet | undefined;
}

export type FieldSet = ReadonlyMap<Element, Node>;

export const emptySet: FieldSet = new Map();

class FieldsError extends Error {
  override readonly name = 'FieldsError';
}

/** Collects paths into a set. */
export class FieldSetBuilder {
  readonly #root = new Map<Element, MutableNode>();

  /** The path of the whole object is nobody's to own and is ignored. */
  insert(path: FieldPath): void {
    let nodes = this.#root;
    for (let at = 0; at < path.length; at += 1) {
      const element = path[at] ?? '';
      let node = nodes.get(element);
      if (node === undefined) nodes.set(element, (node = { member: false, children: undefined }));
      if (at === path.length - 1) node.member = true;
      else nodes = node.children ??= new Map();
    }
  }

  build(): FieldSet {
    return this.#root;
  }
}

interface MutableNode {
  member: boolean;
  children: Map<Element, MutableNode> | undefined;
}

/** A set of paths of struct fields: `fieldSet(['metadata', 'name'], ['status'])`. */
export function fieldSet(...paths: readonly (readonly string[])[]): FieldSet {
  const builder = new FieldSetBuilder();
  for (const path of paths) builder.insert(path.map((name) => `f:${name}`));
  return builder.build();
}

export function isEmptySet(set: FieldSet): boolean {
  return set.size === 0;
}

export function childrenOf(set: FieldSet, element: Element): FieldSet {
  return set.get(element)?.children ?? emptySet;
}

export function isMember(set: FieldSet, element: Element): boolean {
  return set.get(element)?.member === true;
}

export function hasPath(set: FieldSet, path: FieldPath): boolean {
  let current = set;
  for (const element of path.slice(0, -1)) current = childrenOf(current, element);
  const last = path.at(-1);
  return last !== undefined && isMember(current, last);
}

/** A node, unless it would say nothing. */
function addNode(target: Map<Element, Node>, element: Element, member: boolean, children: FieldSet): void {
  if (member || children.size > 0) target.set(element, { member, children: children.size > 0 ? children : undefined });
}

export function union(a: FieldSet, b: FieldSet): FieldSet {
  if (a.size === 0 || a === b) return b;
  if (b.size === 0) return a;
  const result = new Map(a);
  for (const [element, node] of b) {
    const own = a.get(element);
    if (own === undefined) result.set(element, node);
    else {
      const children = union(own.children ?? emptySet, node.children ?? emptySet);
      addNode(result, element, own.member || node.member, children);
    }
  }
  return result;
}

export function intersection(a: FieldSet, b: FieldSet): FieldSet {
  const result = new Map<Element, Node>();
  const [small, large] = a.size <= b.size ? [a, b] : [b, a];
  for (const [element, node] of small) {
    const other = large.get(element);
    if (other === undefined) continue;
    const children = intersection(node.children ?? emptySet, other.children ?? emptySet);
    addNode(result, element, node.member && other.member, children);
  }
  return result;
}

/** Without the members of `b`; what lies below them stays. Returns `a` itself when nothing goes. */
export function difference(a: FieldSet, b: FieldSet): FieldSet {
  return subtract(a, b, false);
}

/** Without the members of `b` and everything below them. */
export function recursiveDifference(a: FieldSet, b: FieldSet): FieldSet {
  return subtract(a, b, true);
}

function subtract(a: FieldSet, b: FieldSet, recursive: boolean): FieldSet {
  if (a.size === 0 || b.size === 0) return a;
  let changed = false;
  const result = new Map<Element, Node>();
  for (const [element, node] of a) {
    const other = b.get(element);
    const left = other === undefined ? node : subtractNode(node, other, recursive);
    changed ||= left !== node;
    addNode(result, element, left.member, left.children ?? emptySet);
  }
  return changed ? result : a;
}

function subtractNode(node: Node, other: Node, recursive: boolean): Node {
  const before = node.children ?? emptySet;
  const children = recursive && other.member ? emptySet : subtract(before, other.children ?? emptySet, recursive);
  const member = node.member && !other.member;
  return member === node.member && children === before ? node : { member, children };
}

/** Every member's path, sorted. */
export function pathsOf(set: FieldSet): readonly FieldPath[] {
  const paths: FieldPath[] = [];
  const walk = (current: FieldSet, prefix: FieldPath): void => {
    for (const [element, node] of sorted(current)) {
      const path = [...prefix, element];
      if (node.member) paths.push(path);
      if (node.children !== undefined) walk(node.children, path);
    }
  };
  walk(set, []);
  return paths;
}

const ranks: Readonly<Record<string, number>> = { f: 0, k: 1, v: 2, i: 3 };

function sorted(set: FieldSet): readonly (readonly [Element, Node])[] {
  if (set.size < 2) return [...set];
  return [...set].toSorted(([a], [b]) => {
    const order = (ranks[a.charAt(0)] ?? 0) - (ranks[b.charAt(0)] ?? 0);
    if (order !== 0) return order;
    return a < b ? -1 : 1;
  });
}

/** Sets are built once and written often; stored objects are frozen and read often. Both remember the other. */
const encoded = new WeakMap<FieldSet, object>();
const decoded = new WeakMap<object, FieldSet>();

/**
 * The value of `fieldsV1`, frozen. What was made alike (the pods of a Deployment, say) has the same fields, and one
 * tree serves all of it: trees of their own would take a third of a pod's memory.
 */
export function encodeFields(set: FieldSet): object {
  const known = encoded.get(set);
  if (known !== undefined) return known;
  const text = textOf(set);
  const alike = trees.get(text);
  if (alike !== undefined) return alike;
  const json = encodeTree(set, false);
  encoded.set(set, json);
  decoded.set(json, set);
  if (trees.size === mostTrees) for (const [oldest] of trees.entries().take(1)) trees.delete(oldest);
  trees.set(text, json);
  return json;
}

/** By the text of their sets, oldest first. */
const trees = new Map<string, object>();
const mostTrees = 2048;

/** Tells sets apart. Lengths stand before elements, which may hold anything. */
function textOf(set: FieldSet): string {
  let text = '';
  for (const [element, { member, children }] of set) {
    text += `${element.length}:${element}`;
    if (children !== undefined) text += `${member ? '.' : ''}{${textOf(children)}}`;
  }
  return text;
}

const leaf = Object.freeze({});

function encodeTree(set: FieldSet, isSelfMember: boolean): object {
  const json: Record<string, unknown> = isSelfMember ? { '.': leaf } : {};
  for (const [element, { member, children }] of sorted(set)) {
    put(json, element, children === undefined ? leaf : encodeTree(children, member));
  }
  return Object.freeze(json);
}

/** Reads `fieldsV1`. Elements of a kind that we don't know are dropped. Throws FieldsError. */
export function decodeFields(fields: unknown): FieldSet {
  if (fields === undefined || fields === null) return emptySet;
  if (!isRecord(fields)) throw new FieldsError('fieldsV1 must be an object');
  const known = decoded.get(fields);
  if (known !== undefined) return known;
  const set = decodeTree(fields);
  if (Object.isFrozen(fields)) {
    decoded.set(fields, set);
    encoded.set(set, fields);
  }
  return set;
}

function decodeTree(fields: Record<string, unknown>): FieldSet {
  const set = new Map<Element, Node>();
  for (const key of Object.keys(fields)) {
    const element = key === '.' ? undefined : canonicalElement(key);
    if (element === undefined) continue;
    const below = fields[key];
    const children = isRecord(below) ? decodeTree(below) : emptySet;
    addNode(set, element, children.size === 0 || (isRecord(below) && Object.hasOwn(below, '.')), children);
  }
  return set;
}

function canonicalElement(text: string): Element | undefined {
  if (text.length < 2) throw new FieldsError('key must be 2 characters long:');
  if (text[1] !== ':') throw new FieldsError(`missing colon: ${text}`);
  const rest = text.slice(2);
  switch (text[0]) {
    case 'f':
      return text;
    case 'i':
      if (!/^-?\d+$/.test(rest)) throw new FieldsError(`invalid index: ${rest}`);
      return text;
    case 'k':
      return keyElement(asRecord(parse(rest)));
    case 'v':
      return valueElement(parse(rest));
    default:
      return undefined;
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    throw new FieldsError(`invalid JSON in field path: ${text}`);
  }
}

function asRecord(value: unknown): Record<string, unknown> {
  if (isRecord(value)) return value;
  throw new FieldsError('the keys of a list item must be an object');
}

/** The element of a list item that these keys tell apart. */
export function keyElement(keys: Record<string, unknown>): Element {
  const names = Object.keys(keys);
  if (names.length === 1) return `k:${JSON.stringify(keys)}`;
  return `k:${JSON.stringify(Object.fromEntries(names.toSorted().map((name) => [name, keys[name]])))}`;
}

export function valueElement(value: unknown): Element {
  return `v:${JSON.stringify(value)}`;
}

/** As conflicts show it: `.spec.containers[name="web"].image`. */
export function formatFieldPath(path: FieldPath): string {
  return path.map(formatElement).join('');
}

export function formatElement(element: Element): string {
  const rest = element.slice(2);
  if (element.startsWith('f:')) return `.${rest}`;
  if (element.startsWith('v:')) return `[=${rest}]`;
  if (element.startsWith('i:')) return `[${rest}]`;
  const keys = Object.entries(asRecord(parse(rest)));
  return `[${keys.map(([name, value]) => `${name}=${JSON.stringify(value)}`).join(',')}]`;
}
