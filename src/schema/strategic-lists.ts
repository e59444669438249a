/** The lists of strategic merge patches: merging by a key or as a set of scalars, and keeping their order. */
import { isRecord } from './freeze.ts';

/** The patch is malformed (400), or can't be applied to this kind (500, as upstream answers). */
export class StrategicMergeError extends Error {
  override readonly name = 'StrategicMergeError';
  readonly code: 400 | 500;

  constructor(code: 400 | 500, message: string) {
    super(message);
    this.code = code;
  }
}

type Json = Record<string, unknown>;
type List = readonly unknown[];
type Merge = (before: Json, patch: Json) => Json;

/** Merges the patch's items into the live ones and orders the result. `''` as key merges scalars. */
export function mergeItems(live: List, patch: List, mergeKey: string, name: string, merge: Merge): List {
  if (live.length === 0 && patch.length === 0) return live;
  if (![...live, ...patch].some(isRecord)) {
    return orderItems([...new Set([...live, ...patch])], patch, live, '');
  }
  if (mergeKey === '') throw new StrategicMergeError(500, `cannot merge lists without merge key for ${name}`);
  const { kept, changes, replace } = applyDirectives(live, patch, mergeKey);
  if (replace) return changes;
  const merged = [...kept];
  for (const change of changes) {
    const at = indexOfKey(merged, mergeKey, keyOf(change, mergeKey));
    const before = merged[at];
    if (isRecord(before)) merged[at] = merge(before, change);
    else merged.push(change);
  }
  return orderItems(merged, changes, kept, mergeKey);
}

/** Splits the patch's items into those that delete or replace, and those that change something. */
function applyDirectives(live: List, patch: List, mergeKey: string): { kept: List; changes: Json[]; replace: boolean } {
  let kept = live;
  let replace = false;
  const changes: Json[] = [];
  for (const item of patch) {
    const change = asRecord(item);
    const kind = change['$patch'];
    if (kind === undefined) changes.push(change);
    else if (kind === 'replace') replace = true;
    else if (kind === 'delete') kept = kept.filter((each) => asRecord(each)[mergeKey] !== keyOf(change, mergeKey));
    else if (kind === 'merge') {
      throw new StrategicMergeError(500, 'merging lists cannot yet be specified in the patch');
    } else {
      throw new StrategicMergeError(
        500,
        `unknown patch type: ${JSON.stringify(kind)} in map: ${JSON.stringify(change)}`,
      );
    }
  }
  return { kept, changes, replace };
}

export function deleteItems(live: List, items: List): List {
  const gone = new Set(items);
  return live.filter((item) => !gone.has(item));
}

/** Throws unless the patch's items come in the order that `$setElementOrder` gives. */
export function setOrder(patch: List, order: List, mergeKey: string): void {
  if (patch.length > 0 && order.length === 0) throw outOfOrder(patch, order);
  const identity = identityOf(mergeKey);
  let at = 0;
  for (const item of patch) {
    if (isRecord(item) && item['$patch'] !== undefined) continue;
    while (at < order.length && identity(order[at]) !== identity(item)) at += 1;
    if (at >= order.length) throw outOfOrder(patch, order);
    at += 1;
  }
}

function outOfOrder(patch: List, order: List): StrategicMergeError {
  const [shown, wanted] = [JSON.stringify(patch), JSON.stringify(order)];
  return new StrategicMergeError(
    500,
    `The order in patch list:\n${shown}\n doesn't match $setElementOrder list:\n${wanted}\n`,
  );
}

/**
 * Items that `order` names come in that order; the others keep their places of the live list relative to
 * them: one that stood before a named item stays before it.
 */
export function orderItems(merged: List, order: List, live: List, mergeKey: string): List {
  const identity = identityOf(mergeKey);
  const ranks = positions(order, identity);
  const before = positions(live, identity);
  const rankOf = (item: unknown, in_: ReadonlyMap<unknown, number>): number => in_.get(identity(item)) ?? Infinity;
  const named = merged
    .filter((item) => ranks.has(identity(item)))
    .toSorted((a, b) => rankOf(a, ranks) - rankOf(b, ranks));
  const others = merged.filter((item) => !ranks.has(identity(item)));
  const result: unknown[] = [];
  let [other, next] = [0, 0];
  while (other < others.length && next < named.length) {
    const [a, b] = [before.get(identity(others[other])), before.get(identity(named[next]))];
    if (a !== undefined && b !== undefined && a < b) result.push(others[other++]);
    else result.push(named[next++]);
  }
  return [...result, ...named.slice(next), ...others.slice(other)];
}

function identityOf(mergeKey: string): (item: unknown) => unknown {
  return mergeKey === '' ? (item) => item : (item) => (isRecord(item) ? item[mergeKey] : item);
}

function positions(list: List, identity: (item: unknown) => unknown): ReadonlyMap<unknown, number> {
  const found = new Map<unknown, number>();
  list.forEach((item, at) => {
    if (!found.has(identity(item))) found.set(identity(item), at);
  });
  return found;
}

function indexOfKey(list: List, mergeKey: string, value: unknown): number {
  return list.findIndex((item) => isRecord(item) && item[mergeKey] === value);
}

function keyOf(item: Json, mergeKey: string): unknown {
  if (Object.hasOwn(item, mergeKey)) return item[mergeKey];
  const shown = JSON.stringify(item);
  throw new StrategicMergeError(500, `map: ${shown} does not contain declared merge key: ${mergeKey}`);
}

function asRecord(item: unknown): Json {
  if (isRecord(item)) return item;
  throw new StrategicMergeError(500, `expected a map[string]interface {}, but received a ${typeof item}`);
}
