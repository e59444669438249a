/** Plain JSON to Kubernetes' protobuf messages, by the field numbers in the schema. Absent fields stay out. */
import { parseTimestamp } from '../base/clock.ts';
import { durationNanoseconds } from './duration.ts';
import { isRecord } from './freeze.ts';
import { wire, type Writer } from './protobuf-wire.ts';
import { resolve, type FieldSpec, type Schema, type StructSchema } from './schema.ts';

type Json = Record<string, unknown>;
/** Writes a value with its tag in front. */
type WriteValue = (writer: Writer, number: number, value: unknown) => void;

interface FieldPlan {
  readonly number: number;
  readonly write: (writer: Writer, object: Json) => void;
}

/** Highest field first, since the writer goes backwards. */
type Plan = readonly FieldPlan[];

const plans = new WeakMap<StructSchema, Plan>();
const writers = new WeakMap<Schema, WriteValue>();

export function writeMessage(schema: StructSchema, writer: Writer, object: Json): void {
  for (const field of planOf(schema)) field.write(writer, object);
}

function planOf(schema: StructSchema): Plan {
  const known = plans.get(schema);
  if (known !== undefined) return known;
  const plan = makePlan(Object.entries(schema.fields), 0);
  plans.set(schema, plan);
  return plan;
}

/** `level`: how many embedded structs deep these fields are. */
function makePlan(fields: readonly (readonly [string, FieldSpec])[], level: number): Plan {
  const groups = Map.groupBy(fields, ([, { inline }]) => inline?.[level]);
  return descending(
    [...groups].flatMap(([number, group]) =>
      number === undefined ? flatPlan(group) : [embedded(number, group, makePlan(group, level + 1))],
    ),
  );
}

function descending(plan: Plan): Plan {
  return plan.toSorted((a, b) => b.number - a.number);
}

function flatPlan(fields: readonly (readonly [string, FieldSpec])[]): Plan {
  return descending(
    fields.flatMap(([name, spec]) => (spec.number === undefined ? [] : [fieldPlan(name, spec, spec.number)])),
  );
}

/** The message of an embedded struct; written even when empty, as Go does. */
function embedded(number: number, fields: readonly (readonly [string, FieldSpec])[], plan: Plan): FieldPlan {
  const names = fields.map(([name]) => name);
  return {
    number,
    write: (writer, object) => {
      if (!names.some((name) => object[name] !== undefined)) return;
      message(writer, number, () => {
        for (const field of plan) field.write(writer, object);
      });
    },
  };
}

function fieldPlan(name: string, spec: FieldSpec, number: number): FieldPlan {
  const schema = resolve(spec.schema);
  const write = fieldWriter(schema);
  return {
    number,
    write: (writer, object) => {
      const value = object[name];
      if (value !== undefined && value !== null) write(writer, number, value);
    },
  };
}

function fieldWriter(schema: Exclude<Schema, { type: 'lazy' }>): WriteValue {
  if (schema.type === 'list') {
    const write = writerOf(schema.items);
    return (writer, number, value) => {
      if (Array.isArray(value)) for (let at = value.length - 1; at >= 0; at -= 1) write(writer, number, value[at]);
    };
  }
  if (schema.type === 'map') {
    const write = writerOf(schema.values);
    return (writer, number, value) => {
      if (!isRecord(value)) return;
      for (const key of Object.keys(value).toSorted().toReversed()) {
        message(writer, number, () => {
          write(writer, 2, value[key]);
          writeString(writer, 1, key);
        });
      }
    };
  }
  return writerOf(schema);
}

function writerOf(target: Schema): WriteValue {
  if (target.type === 'lazy') return (writer, number, value) => writerOf(resolve(target))(writer, number, value);
  const known = writers.get(target);
  if (known !== undefined) return known;
  const write = makeWriter(target);
  writers.set(target, write);
  return write;
}

function makeWriter(schema: Exclude<Schema, { type: 'lazy' }>): WriteValue {
  if (schema.type === 'struct') {
    return (writer, number, value) =>
      message(writer, number, () => writeMessage(schema, writer, isRecord(value) ? value : {}));
  }
  if (schema.type === 'list' || schema.type === 'map') {
    const write = fieldWriter(schema);
    return (writer, number, value) => message(writer, number, () => write(writer, 1, value));
  }
  return simple[schema.type];
}

const simple = {
  string: writeString,
  integer: writeInteger,
  boolean: (writer, number, value) => writeInteger(writer, number, value === true ? 1 : 0),
  number: (writer, number, value) => {
    writer.double(Number(value));
    writer.tag(number, wire.fixed64);
  },
  bytes: (writer, number, value) => {
    writer.bytes(Buffer.from(String(value), 'base64'));
    writer.tag(number, wire.bytes);
  },
  quantity: (writer, number, value) => message(writer, number, () => writeString(writer, 1, value)),
  time: (writer, number, value) => writeTime(writer, number, value),
  microTime: (writer, number, value) => writeTime(writer, number, value),
  duration: (writer, number, value) =>
    message(writer, number, () => writeInteger(writer, 1, Number(durationNanoseconds(String(value))))),
  intOrString: (writer, number, value) => {
    const isText = typeof value === 'string';
    message(writer, number, () => {
      writeString(writer, 3, isText ? value : '');
      writeInteger(writer, 2, isText ? 0 : value);
      writeInteger(writer, 1, isText ? 1 : 0);
    });
  },
  any: (writer, number, value) => message(writer, number, () => writeString(writer, 1, JSON.stringify(value))),
} as const satisfies Partial<Record<Schema['type'], WriteValue>>;

function message(writer: Writer, number: number, content: () => void): void {
  const before = writer.length;
  content();
  writer.varint(writer.length - before);
  writer.tag(number, wire.bytes);
}

function writeString(writer: Writer, number: number, value: unknown): void {
  writer.string(String(value));
  writer.tag(number, wire.bytes);
}

function writeInteger(writer: Writer, number: number, value: unknown): void {
  writer.varint(Number(value));
  writer.tag(number, wire.varint);
}

function writeTime(writer: Writer, number: number, value: unknown): void {
  const text = String(value);
  const fraction = /\.(\d+)/.exec(text)?.[1] ?? '';
  const seconds = Math.floor(parseTimestamp(`${text.slice(0, 19)}Z`) / 1000);
  message(writer, number, () => {
    writeInteger(writer, 2, Number(fraction.padEnd(9, '0').slice(0, 9)));
    writeInteger(writer, 1, seconds);
  });
}
