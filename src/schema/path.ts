/** Reaching into plain values by paths such as `spec.replicas` (no lists; keys may not hold dots). */
import { isRecord } from './freeze.ts';

/** A leading dot is ignored, as custom resources write `.spec.replicas`. */
function splitPath(path: string): readonly string[] {
  return path.split('.').filter((part) => part !== '');
}

/** Undefined where anything on the way is absent. */
export function getPath(object: unknown, path: string): unknown {
  let current: unknown = object;
  for (const key of splitPath(path)) {
    if (!isRecord(current) || !Object.hasOwn(current, key)) return undefined;
    current = current[key];
  }
  return current;
}

/** Sets a value, making the objects on the way; changes the draft. */
export function setPath(draft: Record<string, unknown>, path: string, value: unknown): void {
  const keys = splitPath(path);
  const last = keys.at(-1);
  if (last === undefined) return;
  let current = draft;
  for (const key of keys.slice(0, -1)) {
    const next = Object.hasOwn(current, key) ? current[key] : undefined;
    current = isRecord(next) ? next : (current[key] = {});
  }
  current[last] = value;
}

/** Removes a value; objects on the way stay. */
export function deletePath(draft: Record<string, unknown>, path: string): void {
  const keys = splitPath(path);
  const last = keys.at(-1);
  const parent = getPath(draft, keys.slice(0, -1).join('.'));
  if (last !== undefined && isRecord(parent)) delete parent[last];
}
