/** Merging an applied configuration into a live object: what the configuration says wins, nothing is removed. */
import { put } from '../freeze.ts';
import type { ListSchema, Schema } from '../schema.ts';
import type { Element } from './field-set.ts';
import { isVoid, itemElement, keysOf, shapeOf, valueAt } from './shape.ts';

/** Undefined when the result holds nothing. Either side may be undefined. */
export function mergeApplied(schema: Schema, live: unknown, applied: unknown): unknown {
  if (applied === undefined) return live;
  const shape = shapeOf(schema, applied ?? live);
  if (shape.kind === 'leaf' || (isVoid(live) && isVoid(applied))) return applied;
  if (shape.kind === 'items') return mergeLists(shape.list, asList(live), asList(applied));
  const merged: Record<string, unknown> = {};
  for (const key of keysOf(live, applied)) {
    const field = shape.fieldOf(key);
    const [before, change] = [valueAt(live, key), valueAt(applied, key)];
    const value = field === undefined ? (change ?? before) : mergeApplied(field, before, change);
    if (value !== undefined) put(merged, key, value);
  }
  return Object.keys(merged).length > 0 ? merged : undefined;
}

function asList(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

interface Indexed {
  readonly elements: readonly Element[];
  /** Undefined where items repeat: those are not merged. */
  readonly byElement: ReadonlyMap<Element, unknown>;
}

function index(list: ListSchema, items: readonly unknown[]): Indexed {
  const elements = items.map((item) => itemElement(list, item));
  const byElement = new Map<Element, unknown>();
  elements.forEach((element, at) => byElement.set(element, byElement.has(element) ? undefined : items[at]));
  return { elements, byElement };
}

/**
 * The applied items come in their order; items that only the live list has stay where they were relative to
 * the ones that both have.
 *
 *     live a b c d, applied d x b  ->  a c d x b
 */
function mergeLists(list: ListSchema, live: readonly unknown[], applied: readonly unknown[]): unknown {
  const [left, right] = [index(list, live), index(list, applied)];
  /** What both have, in the applied order, as far as it is still to come. */
  const shared = right.elements.filter((element) => left.byElement.has(element));
  const done = new Set<Element>();
  const merged: unknown[] = [];
  let [l, r] = [0, 0];
  while (l < left.elements.length || r < right.elements.length) {
    const [ours, theirs] = [left.elements[l], right.elements[r]];
    const step = nextStep(ours, theirs, right, shared, done);
    if (step === 'keep') merged.push(live[l]);
    if (step === 'take' && theirs !== undefined) {
      done.add(theirs);
      const value = mergeApplied(list.items, left.byElement.get(theirs), right.byElement.get(theirs));
      if (value !== undefined) merged.push(value);
      if (shared[0] === theirs) shared.shift();
    }
    if (step !== 'take' || ours === theirs) l += 1;
    if (step === 'take') r += 1;
  }
  return merged.length > 0 ? merged : undefined;
}

/** Keep the live item, skip it (its turn comes later or is over), or take the applied one. */
function nextStep(
  ours: Element | undefined,
  theirs: Element | undefined,
  right: Indexed,
  shared: readonly Element[],
  done: ReadonlySet<Element>,
): 'keep' | 'skip' | 'take' {
  if (ours === undefined || ours === theirs) return 'take';
  if (!right.byElement.has(ours)) return 'keep';
  const isLater = shared[0] !== undefined && shared[0] !== ours;
  return theirs === undefined || isLater || done.has(ours) ? 'skip' : 'take';
}
