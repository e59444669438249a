/** Kubernetes' protobuf messages to plain JSON, by the field numbers in the schema. */
import { microTimestamp, timestamp } from '../base/clock.ts';
import { zeroOf } from './decode.ts';
import { formatDuration } from './duration.ts';
import { put } from './freeze.ts';
import { ProtobufError, wire, type Reader } from './protobuf-wire.ts';
import { resolve, type FieldSpec, type ListSchema, type MapSchema, type Schema, type StructSchema } from './schema.ts';

type Json = Record<string, unknown>;
/** Reads one value from behind its tag. */
type ReadValue = (reader: Reader, type: number, depth: number) => unknown;
/** Reads one occurrence of a field into the object. */
type ReadField = (reader: Reader, type: number, object: Json, depth: number) => void;

const deepest = 500;
const plans = new WeakMap<StructSchema, ReadonlyMap<number, ReadField>>();
const readers = new WeakMap<Schema, ReadValue>();

/** Reads fields until the reader's message ends. Unknown ones are skipped. Throws ProtobufError. */
export function readMessage(schema: StructSchema, reader: Reader, object: Json = {}, depth = 0): Json {
  if (depth > deepest) throw new ProtobufError('proto: message is nested too deeply');
  return readFields(planOf(schema), reader, object, depth);
}

function readFields(plan: ReadonlyMap<number, ReadField>, reader: Reader, object: Json, depth: number): Json {
  while (!reader.done) {
    const tag = reader.tag();
    const type = tag & 7;
    const field = plan.get(tag >>> 3);
    if (field === undefined) reader.skip(type);
    else field(reader, type, object, depth);
  }
  return object;
}

function planOf(schema: StructSchema): ReadonlyMap<number, ReadField> {
  const known = plans.get(schema);
  if (known !== undefined) return known;
  const plan = makePlan(Object.entries(schema.fields), 0);
  plans.set(schema, plan);
  return plan;
}

/** `level`: how many embedded structs deep these fields are. */
function makePlan(fields: readonly (readonly [string, FieldSpec])[], level: number): ReadonlyMap<number, ReadField> {
  const plan = new Map<number, ReadField>();
  const inlined = Map.groupBy(fields, ([, { inline }]) => inline?.[level]);
  for (const [inline, group] of inlined) {
    if (inline !== undefined) plan.set(inline, inlineReader(makePlan(group, level + 1)));
    else for (const [number, read] of makeFlatPlan(group)) plan.set(number, read);
  }
  return plan;
}

function makeFlatPlan(fields: readonly (readonly [string, FieldSpec])[]): ReadonlyMap<number, ReadField> {
  return new Map(
    fields.flatMap(([name, spec]) => (spec.number === undefined ? [] : [[spec.number, fieldReader(name, spec)]])),
  );
}

/** The message of an embedded struct, whose fields are the outer object's in JSON. */
function inlineReader(plan: ReadonlyMap<number, ReadField>): ReadField {
  return (reader, type, object, depth) => {
    expect(type, wire.bytes, 'embedded struct');
    const outer = reader.enter();
    readFields(plan, reader, object, depth + 1);
    reader.leave(outer);
  };
}

function fieldReader(name: string, spec: FieldSpec): ReadField {
  const schema = resolve(spec.schema);
  if (schema.type === 'map') return mapReader(name, schema);
  if (schema.type === 'list') return listReader(name, schema);
  const read = readerOf(schema);
  return (reader, type, object, depth) => {
    object[name] = read(reader, type, depth);
  };
}

const numeric = new Set<Schema['type']>(['integer', 'number', 'boolean']);

function listReader(name: string, schema: ListSchema): ReadField {
  const read = readerOf(schema.items);
  const item = resolve(schema.items).type;
  const packed = numeric.has(item);
  const itemType = item === 'number' ? wire.fixed64 : wire.varint;
  return (reader, type, object, depth) => {
    const list = (object[name] ??= []) as unknown[];
    if (!packed || type !== wire.bytes) {
      list.push(read(reader, type, depth));
      return;
    }
    const outer = reader.enter();
    while (!reader.done) list.push(read(reader, itemType, depth));
    reader.leave(outer);
  };
}

function mapReader(name: string, schema: MapSchema): ReadField {
  const read = readerOf(schema.values);
  return (reader, type, object, depth) => {
    expect(type, wire.bytes, name);
    const map = (object[name] ??= {}) as Json;
    const outer = reader.enter();
    let key = '';
    let value: unknown;
    while (!reader.done) {
      const tag = reader.tag();
      if (tag >>> 3 === 1) key = readString(reader, tag & 7);
      else if (tag >>> 3 === 2) value = read(reader, tag & 7, depth + 1);
      else reader.skip(tag & 7);
    }
    reader.leave(outer);
    put(map, key, value === undefined ? zeroOf(schema.values) : value);
  };
}

function readerOf(target: Schema): ReadValue {
  if (target.type === 'lazy') return (reader, type, depth) => readerOf(resolve(target))(reader, type, depth);
  const known = readers.get(target);
  if (known !== undefined) return known;
  const read = makeReader(target);
  readers.set(target, read);
  return read;
}

const simple = {
  string: readString,
  integer: (reader, type) => varint(reader, type, 'integer'),
  boolean: (reader, type) => varint(reader, type, 'boolean') !== 0,
  number: (reader, type) => {
    expect(type, wire.fixed64, 'double');
    return reader.double();
  },
  bytes: (reader, type) => {
    expect(type, wire.bytes, 'bytes');
    return reader.base64();
  },
  quantity: (reader, type) => {
    const { 1: text } = parts(reader, type, { 1: 'string' });
    return text === undefined || text === '' ? '0' : text;
  },
  time: (reader, type) => readTime(reader, type, (seconds) => timestamp(seconds * 1000)),
  microTime: (reader, type) =>
    readTime(reader, type, (seconds, nanoseconds) => {
      const micro = Math.floor(nanoseconds / 1000);
      return `${microTimestamp(seconds * 1000).slice(0, 19)}.${String(micro).padStart(6, '0')}Z`;
    }),
  duration: (reader, type) => formatDuration(BigInt(Number(parts(reader, type, { 1: 'varint' })[1] ?? 0))),
  intOrString: (reader, type) => {
    const { 1: kind, 2: number, 3: text } = parts(reader, type, { 1: 'varint', 2: 'varint', 3: 'string' });
    return kind === 1 ? (text ?? '') : (number ?? 0);
  },
  any: (reader, type) => readJson(parts(reader, type, { 1: 'bytes' })[1]),
} as const satisfies Partial<Record<Schema['type'], ReadValue>>;

function makeReader(schema: Exclude<Schema, { type: 'lazy' }>): ReadValue {
  if (schema.type === 'struct') {
    return (reader, type, depth) => {
      expect(type, wire.bytes, schema.name);
      const outer = reader.enter();
      const object = readMessage(schema, reader, {}, depth + 1);
      reader.leave(outer);
      return object;
    };
  }
  if (schema.type === 'list') return wrappedReader(schema);
  if (schema.type === 'map') throw new ProtobufError('proto: a map can only be a field');
  return simple[schema.type];
}

/** A list as a map's value is a message of its own, with the items in field 1. */
function wrappedReader(schema: ListSchema): ReadValue {
  const field = listReader('items', schema);
  return (reader, type, depth) => {
    expect(type, wire.bytes, 'list');
    const outer = reader.enter();
    const holder = readFields(new Map([[1, field]]), reader, {}, depth + 1);
    reader.leave(outer);
    return holder['items'] ?? [];
  };
}

type Part = 'string' | 'varint' | 'bytes';
interface Parts {
  1?: unknown;
  2?: unknown;
  3?: unknown;
}

/** The fields of one of the small messages that stand for a scalar. */
function parts(reader: Reader, type: number, wanted: Partial<Record<1 | 2 | 3, Part>>): Parts {
  expect(type, wire.bytes, 'message');
  const outer = reader.enter();
  const found: Parts = {};
  while (!reader.done) {
    const tag = reader.tag();
    const number = tag >>> 3;
    const part = number === 1 || number === 2 || number === 3 ? wanted[number] : undefined;
    if (part === undefined) reader.skip(tag & 7);
    else found[number as 1 | 2 | 3] = readPart(reader, tag & 7, part);
  }
  reader.leave(outer);
  return found;
}

function readPart(reader: Reader, type: number, part: Part): unknown {
  if (part === 'varint') return varint(reader, type, 'integer');
  return part === 'string' ? readString(reader, type) : readBytes(reader, type);
}

function readString(reader: Reader, type: number): string {
  expect(type, wire.bytes, 'string');
  return reader.string();
}

function readBytes(reader: Reader, type: number): Buffer {
  expect(type, wire.bytes, 'bytes');
  return reader.bytes();
}

function varint(reader: Reader, type: number, what: string): number {
  expect(type, wire.varint, what);
  return reader.varint();
}

/** An empty message is the zero time: null. */
function readTime(reader: Reader, type: number, format: (seconds: number, nanoseconds: number) => string): unknown {
  const found = parts(reader, type, { 1: 'varint', 2: 'varint' });
  if (found[1] === undefined && found[2] === undefined) return null;
  const seconds = Number(found[1] ?? 0);
  if (Math.abs(seconds) > 253_402_300_799) throw new ProtobufError(`proto: time ${seconds} is out of range`);
  return format(seconds, Number(found[2] ?? 0));
}

function readJson(raw: unknown): unknown {
  if (!Buffer.isBuffer(raw) || raw.length === 0) return null;
  try {
    return JSON.parse(raw.toString()) as unknown;
  } catch {
    throw new ProtobufError('proto: an embedded object must be JSON');
  }
}

function expect(type: number, wanted: number, what: string): void {
  if (type !== wanted) throw new ProtobufError(`proto: wrong wireType = ${type} for field ${what}`);
}
