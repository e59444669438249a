/**
 * Plain JSON to the object that a built-in kind's schema describes, as Kubernetes' Go types read and write it:
 *
 * - values of the wrong type throw a DecodeError in Go's words;
 * - nulls and unknown fields go, the latter are reported;
 * - zero values go unless the field is `always` or `pointer`, and `always` fields are filled in;
 * - quantities, times, durations and base64 become canonical.
 *
 * The input is left as it is. Work per struct is prepared once.
 */
import {
  mismatch,
  goType,
  MismatchError,
  readBoolean,
  readBytes,
  readDuration,
  readInt32,
  readInt64,
  readIntOrString,
  readMicroTime,
  readNumber,
  readQuantity,
  readString,
  readTime,
} from './decode-values.ts';
import { quoteText } from './fault.ts';
import { put } from './freeze.ts';
import { resolve, type FieldSpec, type ListSchema, type MapSchema, type Schema, type StructSchema } from './schema.ts';

/** The request's body can't be read as its kind: 400 BadRequest. The message is upstream's. */
export class DecodeError extends Error {
  override readonly name = 'DecodeError';
}

export interface Decoded {
  readonly value: Record<string, unknown>;
  /** What strict field validation complains about: `unknown field "spec.foo"`. At most a hundred. */
  readonly unknown: readonly string[];
}

const mostReports = 100;
/** Values inside free-form fields; Go's own limit is higher than our stack. */
const deepestValue = 1000;

type Segment = string | number;
type Read = (value: unknown, at: Position) => unknown;

/** Where the walker is. Struct fields and map keys are texts, list positions numbers. */
interface Position {
  readonly path: Segment[];
  /** For each segment of the path, whether it is a struct's field (Go's messages name only those). */
  readonly named: boolean[];
  struct: string;
  readonly unknown: Set<string>;
}

interface FieldPlan {
  readonly read: Read;
  readonly zero: Zero;
}

interface StructPlan {
  readonly fields: ReadonlyMap<string, FieldPlan>;
  /** Fields that are there even when nobody set them, with what makes their zero value. */
  readonly always: readonly { readonly name: string; readonly zero: () => unknown }[];
  readonly additional: Read | undefined;
  readonly preserveUnknown: boolean;
  readonly name: string;
}

const plans = new WeakMap<StructSchema, StructPlan>();
const readers = new WeakMap<Schema, Read>();

/** Throws DecodeError. */
export function decodeObject(schema: StructSchema, json: unknown): Decoded {
  const at: Position = { path: [], named: [], struct: '', unknown: new Set() };
  try {
    const value = readStruct(schema, json, at);
    return { value, unknown: [...at.unknown] };
  } catch (error) {
    throw describe(error, at);
  }
}

function describe(error: unknown, at: Position): Error {
  if (!(error instanceof Error)) return new DecodeError(String(error));
  if (error instanceof RangeError || error instanceof TypeError) return error;
  if (!(error instanceof MismatchError) || at.path.length === 0) return new DecodeError(error.message);
  const fields = at.path.filter((_, index) => at.named[index] === true).join('.');
  return new DecodeError(
    `json: cannot unmarshal ${error.found} into Go struct field ${at.struct}.${fields} of type ${error.wanted}`,
  );
}

function planOf(schema: StructSchema): StructPlan {
  const known = plans.get(schema);
  if (known !== undefined) return known;
  const entries = Object.entries(schema.fields);
  const plan: StructPlan = {
    fields: new Map(entries.map(([name, spec]) => [name, { read: readerOf(spec.schema), zero: zeroKind(spec) }])),
    always: entries.flatMap(([name, spec]) => {
      const zero = fillerOf(spec);
      return zero === undefined ? [] : [{ name, zero }];
    }),
    additional: schema.additional === undefined ? undefined : readerOf(schema.additional),
    preserveUnknown: schema.preserveUnknown === true,
    name: schema.name.slice(schema.name.lastIndexOf('.') + 1),
  };
  plans.set(schema, plan);
  return plan;
}

/** Times and pointers stay absent: Go would write null. */
function fillerOf(spec: FieldSpec): (() => unknown) | undefined {
  if (!spec.always || spec.pointer === true) return undefined;
  const schema = resolve(spec.schema);
  if (schema.type === 'time' || schema.type === 'microTime' || schema.type === 'any') return undefined;
  return () => zeroOf(schema);
}

const scalarZeros: Readonly<Partial<Record<Schema['type'], unknown>>> = {
  string: '',
  bytes: '',
  integer: 0,
  number: 0,
  intOrString: 0,
  boolean: false,
  quantity: '0',
  duration: '0s',
};

/** What Go's zero value of this type looks like in JSON. */
export function zeroOf(target: Schema): unknown {
  const schema = resolve(target);
  if (schema.type === 'list') return [];
  if (schema.type === 'map') return {};
  if (schema.type === 'struct') return fillAlways(planOf(schema), {});
  return scalarZeros[schema.type] ?? null;
}

function fillAlways(plan: StructPlan, object: Record<string, unknown>): Record<string, unknown> {
  for (const { name, zero } of plan.always) if (object[name] === undefined) object[name] = zero();
  return object;
}

function readerOf(schema: Schema): Read {
  if (schema.type === 'lazy') return (value, at) => readerOf(resolve(schema))(value, at);
  const known = readers.get(schema);
  if (known !== undefined) return known;
  const read = makeReader(schema);
  readers.set(schema, read);
  return read;
}

const scalarReaders = {
  string: readString,
  number: readNumber,
  boolean: readBoolean,
  bytes: readBytes,
  time: readTime,
  microTime: readMicroTime,
  duration: readDuration,
  quantity: readQuantity,
  intOrString: readIntOrString,
} as const;

function makeReader(schema: Exclude<Schema, { type: 'lazy' }>): Read {
  switch (schema.type) {
    case 'struct':
      return (value, at) => readStruct(schema, value, at);
    case 'list':
      return listReader(schema);
    case 'map':
      return mapReader(schema);
    case 'integer':
      return schema.bits === 32 ? readInt32 : readInt64;
    case 'any':
      return readAny;
    default:
      return scalarReaders[schema.type];
  }
}

function readAny(value: unknown): unknown {
  if (typeof value === 'object') limitDepth(value, deepestValue);
  return value;
}

/** Throws DecodeError when a value is nested too deeply to be walked safely. */
function limitDepth(value: unknown, left: number): void {
  if (typeof value !== 'object' || value === null) return;
  if (left === 0) throw new DecodeError('exceeded max depth');
  for (const inner of Object.values(value)) limitDepth(inner, left - 1);
}

function readStruct(schema: StructSchema, value: unknown, at: Position): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) mismatch(value, goType(schema));
  const plan = planOf(schema);
  const outer = at.struct;
  const input = value as Record<string, unknown>;
  const object: Record<string, unknown> = {};
  at.struct = plan.name;
  for (const key of Object.keys(input)) {
    const field = plan.fields.get(key);
    if (field === undefined) {
      readUnknown(plan, key, input[key], object, at);
      continue;
    }
    const raw = input[key];
    if (raw === null || raw === undefined) continue;
    at.path.push(key);
    at.named.push(true);
    const read = field.read(raw, at);
    if (!isZeroValue(read, field.zero)) object[key] = read;
    at.path.pop();
    at.named.pop();
  }
  at.struct = outer;
  return fillAlways(plan, object);
}

function readUnknown(
  plan: StructPlan,
  key: string,
  value: unknown,
  object: Record<string, unknown>,
  at: Position,
): void {
  if (plan.additional !== undefined) {
    at.path.push(key);
    at.named.push(false);
    put(object, key, plan.additional(value, at));
    at.path.pop();
    at.named.pop();
  } else if (plan.preserveUnknown) {
    put(object, key, readAny(value));
  } else if (at.unknown.size < mostReports) {
    at.unknown.add(`unknown field ${quoteText(formatPath([...at.path, key]))}`);
  }
}

type Zero = 'scalar' | 'list' | 'map' | 'never';

/** What omitempty leaves out: structs (also those that JSON writes as text) never are. */
function zeroKind(spec: FieldSpec): Zero {
  if (spec.always || spec.pointer === true) return 'never';
  const { type } = resolve(spec.schema);
  if (type === 'list' || type === 'map') return type;
  return type === 'string' || type === 'bytes' || type === 'integer' || type === 'number' || type === 'boolean'
    ? 'scalar'
    : 'never';
}

function isZeroValue(value: unknown, kind: Zero): boolean {
  if (kind === 'scalar') return value === '' || value === 0 || value === false;
  if (kind === 'list') return Array.isArray(value) && value.length === 0;
  return kind === 'map' && Object.keys(value as object).length === 0;
}

function listReader(schema: ListSchema): Read {
  const read = readerOf(schema.items);
  const wanted = goType(schema);
  return (value, at) => {
    if (!Array.isArray(value)) return mismatch(value, wanted);
    const list: unknown[] = [];
    const depth = at.path.length;
    at.path.push(0);
    at.named.push(false);
    for (let index = 0; index < value.length; index += 1) {
      at.path[depth] = index;
      const item: unknown = value[index];
      list.push(item === null || item === undefined ? zeroOf(schema.items) : read(item, at));
    }
    at.path.pop();
    at.named.pop();
    return list;
  };
}

function mapReader(schema: MapSchema): Read {
  const read = readerOf(schema.values);
  const wanted = goType(schema);
  return (value, at) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return mismatch(value, wanted);
    const input = value as Record<string, unknown>;
    const keys = Object.keys(input);
    const map: Record<string, unknown> = {};
    const depth = at.path.length;
    at.path.push('');
    at.named.push(false);
    for (const key of keys) {
      at.path[depth] = key;
      const item = input[key];
      put(map, key, item === null || item === undefined ? zeroOf(schema.values) : read(item, at));
    }
    at.path.pop();
    at.named.pop();
    return map;
  };
}

/** `spec.containers[0].name`. */
export function formatPath(path: readonly Segment[]): string {
  let text = '';
  for (const segment of path) {
    if (typeof segment === 'number') text += `[${segment}]`;
    else text += text === '' ? segment : `.${segment}`;
  }
  return text;
}
