/** Values and complaints of patches as Go prints them, which is what clients see. */
import { isRecord } from '../../schema/freeze.ts';

/** Go's `%+v`: `map[spec:map[replicas:x] status:<nil>]`. */
export function goText(value: unknown): string {
  if (value === null || value === undefined) return '<nil>';
  if (Array.isArray(value)) return `[${value.map(goText).join(' ')}]`;
  if (!isRecord(value)) return `${value as string | number | boolean}`;
  const keys = Object.keys(value).sort();
  return `map[${keys.map((key) => `${key}:${goText(value[key])}`).join(' ')}]`;
}

const decoding = /^json: cannot unmarshal (\S+).* into Go (?:struct field \S+|value) of type (.+)$/;

const goKinds: Readonly<Record<string, string>> = {
  array: 'slice',
  object: 'map',
  number: 'int64',
};

const goTypes: Readonly<Record<string, string>> = {
  array: '[]interface {}',
  object: 'map[string]interface {}',
  number: 'int64',
};

/**
 * A strategic merge makes its object from values, not from text, so that what does not fit is told in other
 * words: `json: cannot unmarshal string into Go struct field DeploymentSpec.spec.replicas of type int32` is
 * `cannot convert string to int32`.
 */
export function unconvertible(complaint: string): string {
  const match = decoding.exec(complaint);
  if (match === null) return complaint;
  const [, found = '', wanted = ''] = match;
  const kind = goKinds[found] ?? found;
  if (wanted.startsWith('[]')) return `cannot restore slice from ${kind}`;
  if (wanted.startsWith('map[')) return `cannot restore map from ${kind}`;
  if (/^(?:resource|intstr)\./.test(wanted) || wanted === 'v1.Time') return `error decoding from json: ${complaint}`;
  if (wanted.includes('.')) return `cannot restore struct from: ${kind}`;
  return `cannot convert ${goTypes[found] ?? found} to ${wanted}`;
}
