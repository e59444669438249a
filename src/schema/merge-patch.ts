/** RFC 7386 merge patches. */
import { isRecord, put } from './freeze.ts';

/** The patch is no JSON object: 400 BadRequest. */
export class MergePatchError extends Error {
  override readonly name = 'MergePatchError';
}

/** Leaves both arguments as they are; the result shares what did not change. Throws MergePatchError. */
export function applyMergePatch(document: Record<string, unknown>, patch: unknown): Record<string, unknown> {
  if (!isRecord(patch)) throw new MergePatchError('Invalid JSON Patch');
  return merge(document, patch);
}

function merge(target: Record<string, unknown>, patch: Record<string, unknown>): Record<string, unknown> {
  const result: Record<string, unknown> = {};
  for (const key of Object.keys(target)) if (!Object.hasOwn(patch, key)) put(result, key, target[key]);
  for (const key of Object.keys(patch)) {
    const value = patch[key];
    if (value === null) continue;
    const before = Object.hasOwn(target, key) ? target[key] : undefined;
    put(result, key, isRecord(value) ? merge(isRecord(before) ? before : {}, value) : value);
  }
  return result;
}
