/**
 * The working set: entries in key order, in a B-tree whose nodes know how many entries they hold, so that
 * counting a prefix costs as much as finding a key.
 *
 * `snapshot()` is free: it hands out the present root, and later writes copy the nodes on their way
 * instead of changing them. Without snapshots, writes change nodes in place.
 *
 *     const tree = new EntryTree();
 *     tree.put(a);
 *     const before = tree.snapshot();
 *     tree.put(b);
 *     before.count('');   // 1
 */
import type { Key } from './store.ts';

/** What the tree needs to know about an entry. */
export interface Keyed {
  readonly key: Key;
}

/** Entries of a leaf and children of a branch, at most. */
const usualWidth = 64;

interface Leaf<E> {
  readonly owner: object;
  readonly entries: E[];
}

interface Branch<E> {
  readonly owner: object;
  readonly children: TreeNode<E>[];
  /** The lowest key of each child. */
  readonly lows: Key[];
  size: number;
}

type TreeNode<E> = Leaf<E> | Branch<E>;

/** A picture of the tree at one moment; never changes. */
export class Snapshot<E extends Keyed> {
  readonly #root: TreeNode<E>;

  constructor(root: TreeNode<E>) {
    this.#root = root;
  }

  get(key: Key): E | undefined {
    let node = this.#root;
    while (isBranch(node)) node = childAt(node, childIndex(node, key));
    const entry = node.entries[lowerBound(node.entries, key)];
    return entry?.key === key ? entry : undefined;
  }

  /** How many keys start with the prefix. */
  count(prefix: Key): number {
    return this.#rank(endOf(prefix)) - this.#rank(prefix);
  }

  snapshot(): this {
    return this;
  }

  /** Up to `limit` entries that start with `prefix` and lie after `after`, and how many follow them. */
  range(prefix: Key, after: Key | undefined, limit: number): { entries: E[]; remaining: number } {
    const from = after === undefined || after < prefix ? prefix : `${after}\0`;
    const end = endOf(prefix);
    const total = Math.max(0, this.#rank(end) - this.#rank(from));
    const entries: E[] = [];
    collect(this.#root, from, Math.min(limit, total), entries);
    return { entries, remaining: total - entries.length };
  }

  /** Number of keys lower than `key`. */
  #rank(key: Key): number {
    let before = 0;
    let node = this.#root;
    while (isBranch(node)) {
      const index = childIndex(node, key);
      for (let at = 0; at < index; at += 1) before += sizeOf(childAt(node, at));
      node = childAt(node, index);
    }
    return before + lowerBound(node.entries, key);
  }
}

export class EntryTree<E extends Keyed> {
  readonly #width: number;
  #owner: object = {};
  #root: TreeNode<E>;
  #view: Snapshot<E> | undefined;
  /** What the last put or delete took out. */
  #replaced: E | undefined;

  constructor(width = usualWidth) {
    this.#width = width;
    this.#root = { owner: this.#owner, entries: [] };
  }

  get size(): number {
    return sizeOf(this.#root);
  }

  get(key: Key): E | undefined {
    return this.#look().get(key);
  }

  count(prefix: Key): number {
    return this.#look().count(prefix);
  }

  range(prefix: Key, after: Key | undefined, limit: number): { entries: E[]; remaining: number } {
    return this.#look().range(prefix, after, limit);
  }

  snapshot(): Snapshot<E> {
    const snapshot = new Snapshot(this.#root);
    this.#owner = {};
    return snapshot;
  }

  static from<E extends Keyed>(entries: Iterable<E>): EntryTree<E> {
    const tree = new EntryTree<E>();
    for (const entry of entries) tree.put(entry);
    return tree;
  }

  /** A copy that shares everything until either is written. */
  fork(): EntryTree<E> {
    const copy = new EntryTree<E>(this.#width);
    copy.#root = this.#root;
    this.#owner = {};
    return copy;
  }

  /** Puts the entry in place of the one with its key, which is returned. */
  put(entry: E): E | undefined {
    this.#replaced = undefined;
    const parts = this.#insert(this.#root, entry);
    const [only] = parts;
    this.#setRoot(parts.length === 1 && only !== undefined ? only : branchOf(this.#owner, parts));
    return this.#replaced;
  }

  /** Takes out the entry with this key and returns it. */
  delete(key: Key): E | undefined {
    this.#replaced = undefined;
    let root = this.#remove(this.#root, key) ?? { owner: this.#owner, entries: [] };
    while (isBranch(root) && root.children.length === 1) root = childAt(root, 0);
    this.#setRoot(root);
    return this.#replaced;
  }

  #look(): Snapshot<E> {
    this.#view ??= new Snapshot(this.#root);
    return this.#view;
  }

  #setRoot(root: TreeNode<E>): void {
    if (root !== this.#root) this.#view = undefined;
    this.#root = root;
  }

  /** The node, changed or copied, in one or two parts. */
  #insert(node: TreeNode<E>, entry: E): TreeNode<E>[] {
    if (!isBranch(node)) return this.#insertLeaf(node, entry);
    const index = childIndex(node, entry.key);
    const parts = this.#insert(childAt(node, index), entry);
    const own = this.#ownBranch(node);
    if (this.#replaced === undefined) own.size += 1;
    if (parts.length === 1) {
      replaceChild(own, index, parts);
      return [own];
    }
    replaceChild(own, index, parts);
    return own.children.length <= this.#width ? [own] : this.#splitBranch(own);
  }

  #insertLeaf(node: Leaf<E>, entry: E): TreeNode<E>[] {
    const own = this.#ownLeaf(node);
    const { entries } = own;
    const index = lowerBound(entries, entry.key);
    if (entries[index]?.key === entry.key) {
      this.#replaced = entries[index];
      entries[index] = entry;
      return [own];
    }
    // Keys often come in order; a full last leaf is then left full instead of half empty.
    if (entries.length === this.#width && index === this.#width) return [own, { owner: this.#owner, entries: [entry] }];
    entries.splice(index, 0, entry);
    if (entries.length <= this.#width) return [own];
    return [own, { owner: this.#owner, entries: entries.splice(entries.length >> 1) }];
  }

  #splitBranch(own: Branch<E>): TreeNode<E>[] {
    const right = branchOf(this.#owner, own.children.splice(own.children.length >> 1));
    own.lows.splice(own.children.length);
    own.size -= right.size;
    return [own, right];
  }

  /** The node without the key; undefined when nothing is left of it. */
  #remove(node: TreeNode<E>, key: Key): TreeNode<E> | undefined {
    if (!isBranch(node)) return this.#removeFromLeaf(node, key);
    const index = childIndex(node, key);
    const child = this.#remove(childAt(node, index), key);
    if (this.#replaced === undefined) return node;
    const own = this.#ownBranch(node);
    own.size -= 1;
    replaceChild(own, index, child === undefined ? [] : [child]);
    if (child !== undefined) this.#mergeSmall(own, index);
    return own.children.length === 0 ? undefined : own;
  }

  #removeFromLeaf(node: Leaf<E>, key: Key): TreeNode<E> | undefined {
    const index = lowerBound(node.entries, key);
    const entry = node.entries[index];
    if (entry?.key !== key) return node;
    this.#replaced = entry;
    if (node.entries.length === 1) return undefined;
    const own = this.#ownLeaf(node);
    own.entries.splice(index, 1);
    return own;
  }

  /** Joins the child with its neighbour when both fit into half a node. */
  #mergeSmall(parent: Branch<E>, index: number): void {
    if (parent.children.length < 2) return;
    const at = index === 0 ? 0 : index - 1;
    const left = childAt(parent, at);
    const right = childAt(parent, at + 1);
    if (lengthOf(left) + lengthOf(right) > this.#width / 2) return;
    const joined: TreeNode<E> =
      isBranch(left) && isBranch(right)
        ? branchOf(this.#owner, [...left.children, ...right.children])
        : { owner: this.#owner, entries: [...(left as Leaf<E>).entries, ...(right as Leaf<E>).entries] };
    parent.children.splice(at, 2, joined);
    parent.lows.splice(at, 2, lowOf(joined));
  }

  #ownLeaf(node: Leaf<E>): Leaf<E> {
    return node.owner === this.#owner ? node : { owner: this.#owner, entries: node.entries.slice() };
  }

  #ownBranch(node: Branch<E>): Branch<E> {
    if (node.owner === this.#owner) return node;
    return { owner: this.#owner, children: node.children.slice(), lows: node.lows.slice(), size: node.size };
  }
}

function isBranch<E>(node: TreeNode<E>): node is Branch<E> {
  return 'children' in node;
}

function sizeOf<E>(node: TreeNode<E>): number {
  return isBranch(node) ? node.size : node.entries.length;
}

function lengthOf<E>(node: TreeNode<E>): number {
  return isBranch(node) ? node.children.length : node.entries.length;
}

function childAt<E>(node: Branch<E>, index: number): TreeNode<E> {
  return node.children[index] as TreeNode<E>;
}

function lowOf<E extends Keyed>(node: TreeNode<E>): Key {
  return isBranch(node) ? (node.lows[0] as Key) : (node.entries[0]?.key ?? '');
}

function branchOf<E extends Keyed>(owner: object, children: TreeNode<E>[]): Branch<E> {
  let size = 0;
  for (const child of children) size += sizeOf(child);
  return { owner, children, lows: children.map(lowOf), size };
}

function replaceChild<E extends Keyed>(parent: Branch<E>, index: number, parts: TreeNode<E>[]): void {
  const [only] = parts;
  if (parts.length === 1 && only !== undefined) {
    parent.children[index] = only;
    parent.lows[index] = lowOf(only);
    return;
  }
  parent.children.splice(index, 1, ...parts);
  parent.lows.splice(index, 1, ...parts.map(lowOf));
}

/** The last child whose lowest key is not above `key`. */
function childIndex<E>(node: Branch<E>, key: Key): number {
  const { lows } = node;
  let low = 1;
  let high = lows.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((lows[middle] as Key) <= key) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

/** The first position whose key is not lower than `key`. */
function lowerBound<E extends Keyed>(entries: readonly E[], key: Key): number {
  let low = 0;
  let high = entries.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((entries[middle] as E).key < key) low = middle + 1;
    else high = middle;
  }
  return low;
}

function collect<E extends Keyed>(node: TreeNode<E>, from: Key, limit: number, into: E[]): void {
  if (into.length >= limit) return;
  if (!isBranch(node)) {
    for (let at = lowerBound(node.entries, from); at < node.entries.length && into.length < limit; at += 1) {
      into.push(node.entries[at] as E);
    }
    return;
  }
  for (let at = childIndex(node, from); at < node.children.length && into.length < limit; at += 1) {
    collect(childAt(node, at), from, limit, into);
  }
}

/** Above every key that starts with the prefix; keys hold no U+FFFF. */
function endOf(prefix: Key): Key {
  return `${prefix}\uffff`;
}
