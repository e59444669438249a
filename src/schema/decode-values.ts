/** How single values are read from JSON: Go's rules and Go's complaints, which kubectl shows as they are. */
import { canonicalDuration } from './duration.ts';
import { canonicalQuantity } from './quantity.ts';
import { resolve, type Schema } from './schema.ts';
import { canonicalMicroTime, canonicalTime } from './time.ts';

/** A value of the wrong type; the walker that knows where it is words the message. */
export class MismatchError extends Error {
  override readonly name = 'MismatchError';
  /** Such as `string` or `number 1.5`. */
  readonly found: string;
  /** Go's name of the type, such as `int32`. */
  readonly wanted: string;

  constructor(found: string, wanted: string) {
    super(`json: cannot unmarshal ${found} into Go value of type ${wanted}`);
    this.found = found;
    this.wanted = wanted;
  }
}

/** A value that has the right type but can't be read, such as a quantity's text. */
class ValueError extends Error {
  override readonly name = 'ValueError';
}

export function mismatch(value: unknown, wanted: string): never {
  throw new MismatchError(foundType(value), wanted);
}

function foundType(value: unknown): string {
  if (typeof value === 'boolean') return 'bool';
  if (Array.isArray(value)) return 'array';
  return typeof value;
}

/** Go's name of the type that a schema stands for. */
export function goType(schema: Schema): string {
  const resolved = resolve(schema);
  switch (resolved.type) {
    case 'integer':
      return `int${resolved.bits}`;
    case 'number':
      return 'float64';
    case 'boolean':
      return 'bool';
    case 'bytes':
      return '[]uint8';
    case 'list':
      return `[]${goType(resolved.items)}`;
    case 'map':
      return `map[string]${goType(resolved.values)}`;
    case 'struct':
      return resolved.name.split('.').slice(-2).join('.');
    case 'quantity':
      return 'resource.Quantity';
    case 'intOrString':
      return 'intstr.IntOrString';
    case 'any':
      return 'interface {}';
    default:
      return 'string';
  }
}

export function readString(value: unknown): string {
  return typeof value === 'string' ? value : mismatch(value, 'string');
}

export function readBoolean(value: unknown): boolean {
  return typeof value === 'boolean' ? value : mismatch(value, 'bool');
}

export function readNumber(value: unknown): number {
  return typeof value === 'number' ? value : mismatch(value, 'float64');
}

export function readInt32(value: unknown): number {
  if (typeof value === 'number' && (value | 0) === value) return value + 0;
  return notAnInteger(value, 'int32');
}

export function readInt64(value: unknown): number {
  if (typeof value === 'number' && Number.isInteger(value) && value <= 2 ** 63 && value >= -(2 ** 63)) return value;
  return notAnInteger(value, 'int64');
}

function notAnInteger(value: unknown, wanted: string): never {
  if (typeof value === 'number') throw new MismatchError(`number ${value}`, wanted);
  return mismatch(value, wanted);
}

const base64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

/** Base64 as Go writes it: line breaks are dropped. */
export function readBytes(value: unknown): string {
  const text = typeof value === 'string' ? value : mismatch(value, '[]uint8');
  const compact = /[\r\n]/.test(text) ? text.replace(/[\r\n]/g, '') : text;
  if (compact.length % 4 === 0 && base64.test(compact)) return compact;
  throw new ValueError(`illegal base64 data at input byte ${firstBadByte(text)}`);
}

function firstBadByte(text: string): number {
  const bad = text.search(/[^A-Za-z0-9+/\r\n]/);
  if (bad >= 0 && text[bad] !== '=') return bad;
  const padding = text.search(/=[^=]/);
  if (padding >= 0) return padding + 1;
  return Math.floor(text.length / 4) * 4;
}

export function readTime(value: unknown): string {
  return canonicalTime(readString(value));
}

export function readMicroTime(value: unknown): string {
  return canonicalMicroTime(readString(value));
}

export function readDuration(value: unknown): string {
  return canonicalDuration(readString(value));
}

export function readQuantity(value: unknown): string {
  if (typeof value === 'string' || typeof value === 'number') return canonicalQuantity(value);
  return canonicalQuantity(JSON.stringify(value) ?? '');
}

export function readIntOrString(value: unknown): number | string {
  return typeof value === 'string' ? value : readInt32(value);
}
