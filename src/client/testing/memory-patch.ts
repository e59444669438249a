/**
 * Patches of the memory client. Strategic, merge and JSON patches are complete. Apply patches merge lists by the
 * keys that the kind's schema names; ownership is not known.
 */
import jsonPatch, { type Operation } from 'fast-json-patch';
import type { Kind } from '../../api/kind.ts';
import { resolve, type Schema } from '../../schema/schema.ts';
import { applyStrategicMergePatch } from '../../schema/strategic-merge.ts';
import type { PatchType } from '../client.ts';
import type { Plain } from './memory-objects.ts';
import { isRecord } from '../../schema/freeze.ts';

/** The patched object; `object` may be changed on the way. */
export function applyPatch(kind: Kind, object: Plain, patch: unknown, type: PatchType): Plain {
  if (type === 'json') return jsonPatch.applyPatch(object, patch as Operation[]).newDocument;
  if (type === 'strategic') return applyStrategicMergePatch(kind.schema, object, patch) as Plain;
  return merge(object, patch, type === 'merge' ? undefined : kind.schema) as Plain;
}

/** RFC 7386, and lists by their keys where a schema is given. */
function merge(target: unknown, patch: unknown, schema: Schema | undefined): unknown {
  const known = schema === undefined ? undefined : resolve(schema);
  if (Array.isArray(patch)) return mergeLists(target, patch, known);
  if (!isRecord(patch)) return patch;
  const result: Record<string, unknown> = isRecord(target) ? { ...target } : {};
  for (const [field, value] of Object.entries(patch)) {
    if (value === null) delete result[field];
    else result[field] = merge(result[field], value, childOf(known, field));
  }
  return result;
}

function mergeLists(target: unknown, patch: readonly unknown[], schema: Schema | undefined): unknown {
  if (schema?.type !== 'list' || schema.mergeKey === undefined || !Array.isArray(target)) return patch;
  return schema.mergeKey === '' ? union(target, patch) : mergeByKey(target, patch, schema.mergeKey, schema.items);
}

function childOf(schema: Schema | undefined, field: string): Schema | undefined {
  if (schema?.type === 'struct') return schema.fields[field]?.schema;
  return schema?.type === 'map' ? schema.values : undefined;
}

function union(target: readonly unknown[], patch: readonly unknown[]): unknown[] {
  return [...new Set([...target, ...patch])];
}

function mergeByKey(target: readonly unknown[], patch: readonly unknown[], key: string, items: Schema): unknown[] {
  const result = [...target];
  for (const item of patch) {
    const at = result.findIndex((each) => isRecord(each) && isRecord(item) && each[key] === item[key]);
    if (at === -1) result.push(item);
    else result[at] = merge(result[at], item, items);
  }
  return result;
}
