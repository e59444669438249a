/**
 * Combinators that write a schema tree and its TypeScript type in one go.
 *
 *     export const EnvVar = struct('io.k8s.api.core.v1.EnvVar', 'One environment variable.', {
 *       name: string(1).required().doc('Name of the variable.'),
 *       value: string(2).doc('Its text; $(OTHER) is expanded.'),
 *       valueFrom: of(3, EnvVarSource),
 *     });
 *     export interface EnvVar extends Infer<typeof EnvVar> {}
 *
 * The first argument of a field is its protobuf number. Every call returns a new frozen field.
 */
import type { FieldSpec, ListSchema, Rules, Schema, StructSchema } from './schema.ts';

declare const type: unique symbol;

/** A field of a struct under construction; T is its value's type, R whether it must be present. */
export class Field<T, R extends boolean = false> {
  declare readonly [type]: [T, R];
  readonly spec: FieldSpec;

  constructor(spec: FieldSpec) {
    this.spec = Object.freeze(spec);
    Object.freeze(this);
  }

  #with<U = T, S extends boolean = R>(changes: Partial<FieldSpec>): Field<U, S> {
    return new Field<U, S>({ ...this.spec, ...changes });
  }

  #schema<U = T>(changes: object): Field<U, R> {
    return this.#with<U>({ schema: { ...this.spec.schema, ...changes } });
  }

  /** Must be present in a valid object, and is written even when zero. */
  required(): Field<T, true> {
    return this.#with<T, true>({ required: true, always: true });
  }

  /** Written even when it has the zero value, though a client may leave it out. */
  always(): Field<T, R> {
    return this.#with({ always: true });
  }

  /** Always there with the zero value at least, but leaving it out is no fault. */
  present(): Field<T, true> {
    return this.#with<T, true>({ always: true });
  }

  /** Zero and absent differ, as for Kubernetes' pointer fields. */
  pointer(): Field<T, R> {
    return this.#with({ pointer: true });
  }

  /** Filled in when absent. */
  default(value: NoInfer<T>): Field<T, R> {
    return this.#with({ default: Object.freeze(value) });
  }

  immutable(): Field<T, R> {
    return this.#with({ immutable: true });
  }

  /** One sentence of our own, shown by `kubectl explain`. */
  doc(text: string): Field<T, R> {
    return this.#with({ doc: text });
  }

  /** Adds value rules (CRD-style) that the validator checks. */
  rules(rules: Rules): Field<T, R> {
    return this.#schema({ rules: { ...this.spec.schema.rules, ...rules } });
  }

  min(minimum: number): Field<T, R> {
    return this.rules({ minimum });
  }

  max(maximum: number): Field<T, R> {
    return this.rules({ maximum });
  }

  /** The only texts allowed. */
  enum<const E extends string>(...values: readonly E[]): Field<E, R> {
    return this.#schema<E>({ rules: { ...this.spec.schema.rules, enum: values } });
  }

  /** Narrows the TypeScript type to known texts without a rule of its own (a kind's validator checks it). */
  known<const E extends string>(): Field<E, R> {
    return this.#schema<E>({});
  }

  /** List whose items server-side apply owns one by one, told apart by these keys. */
  listMap(...mapKeys: readonly string[]): Field<T, R> {
    return this.#schema({ listType: 'map', mapKeys });
  }

  /** List of distinct scalars that server-side apply owns one by one. */
  listSet(): Field<T, R> {
    return this.#schema({ listType: 'set' });
  }

  /** Strategic merge patches merge this list by `key`; without a key, as a set of scalars. */
  merge(key = ''): Field<T, R> {
    return this.#schema({ mergeKey: key });
  }

  /** Strategic merge patches may carry `$retainKeys` here. */
  retainKeys(): Field<T, R> {
    return this.#with({ retainKeys: true });
  }

  /** Strategic merge patches replace this struct as a whole. */
  replace(): Field<T, R> {
    return this.#with({ replace: true });
  }

  /** Server-side apply owns this map or struct as a whole. */
  atomic(): Field<T, R> {
    const { schema } = this.spec;
    if (schema.type === 'map') return this.#schema({ mapType: 'atomic' });
    if (schema.type === 'struct') return this.#schema({ structType: 'atomic' });
    return this.#schema({ listType: 'atomic' });
  }
}

/** A named struct: its schema, and by its fields its TypeScript type. */
export interface Struct<F extends Fields = Fields> {
  readonly schema: StructSchema;
  readonly fields: F;
}

// oxlint-disable-next-line typescript/no-explicit-any -- any field, whatever its type
export type Fields = Readonly<Record<string, Field<any, boolean>>>;

type ValueOf<X> = X extends Field<infer T, boolean> ? T : never;
type RequiredKeys<F> = { [K in keyof F]: F[K] extends Field<unknown, true> ? K : never }[keyof F];

/** The TypeScript type of a struct or of a set of fields. */
export type Infer<S> = S extends { readonly fields: infer F } ? InferFields<F> : never;
export type InferFields<F> = {
  readonly [K in RequiredKeys<F>]: ValueOf<F[K]>;
} & {
  readonly [K in Exclude<keyof F, RequiredKeys<F>>]?: ValueOf<F[K]>;
};

function field<T>(number: number | undefined, schema: Schema): Field<T> {
  return new Field<T>({
    schema,
    ...(number === undefined ? {} : { number }),
    required: false,
    always: false,
    immutable: false,
    retainKeys: false,
    replace: false,
    doc: '',
  });
}

export const string = (number?: number): Field<string> => field(number, { type: 'string' });
export const int32 = (number?: number): Field<number> => field(number, { type: 'integer', bits: 32 });
export const int64 = (number?: number): Field<number> => field(number, { type: 'integer', bits: 64 });
export const double = (number?: number): Field<number> => field(number, { type: 'number' });
export const boolean = (number?: number): Field<boolean> => field(number, { type: 'boolean' });
/** Base64 text. */
export const bytes = (number?: number): Field<string> => field(number, { type: 'bytes' });
/** RFC 3339 text; null stands for the zero time where a client wrote it. */
export const time = (number?: number): Field<string> => field(number, { type: 'time' });
export const microTime = (number?: number): Field<string> => field(number, { type: 'microTime' });
export const duration = (number?: number): Field<string> => field(number, { type: 'duration' });
export const quantity = (number?: number): Field<string> => field(number, { type: 'quantity' });
export const intOrString = (number?: number): Field<number | string> => field(number, { type: 'intOrString' });
/** Any JSON value. */
export const json = (number?: number): Field<unknown> => field(number, { type: 'any', as: 'json' });
export const rawExtension = (number?: number): Field<unknown> => field(number, { type: 'any', as: 'rawExtension' });
export const fieldsV1 = (number?: number): Field<unknown> => field(number, { type: 'any', as: 'fieldsV1' });

/** A struct as a field. */
export function of<F extends Fields>(number: number | undefined, target: Struct<F>): Field<InferFields<F>> {
  return field(number, target.schema);
}

/** A list of structs, or of what a numberless field describes: `list(1, string())`. */
export function list<T>(number: number | undefined, items: Field<T>): Field<readonly T[]>;
export function list<F extends Fields>(number: number | undefined, items: Struct<F>): Field<readonly InferFields<F>[]>;
export function list(number: number | undefined, items: Field<unknown> | Struct): Field<readonly unknown[]> {
  return field(number, { type: 'list', items: schemaOf(items), listType: 'atomic' });
}

/** A map from text to structs, or to what a numberless field describes. */
export function map<T>(number: number | undefined, values: Field<T>): Field<Readonly<Record<string, T>>>;
export function map<F extends Fields>(
  number: number | undefined,
  values: Struct<F>,
): Field<Readonly<Record<string, InferFields<F>>>>;
export function map(
  number: number | undefined,
  values: Field<unknown> | Struct,
): Field<Readonly<Record<string, unknown>>> {
  return field(number, { type: 'map', values: wrapLists(schemaOf(values)), mapType: 'granular' });
}

/** A field whose schema is defined later or contains itself; T is its hand-written interface. */
export function lazy<T>(number: number | undefined, get: () => Schema): Field<T> {
  return field(number, { type: 'lazy', get });
}

/**
 * The fields of an embedded struct: flat in JSON, one message under `number` in protobuf.
 * `{ name: string(1), ...inline(2, VolumeSource) }`
 */
export function inline<F extends Fields>(number: number, target: Struct<F>): F {
  const entries = Object.entries(target.fields).map(([name, each]) => [
    name,
    new Field({ ...each.spec, inline: [number, ...(each.spec.inline ?? [])] }),
  ]);
  return Object.fromEntries(entries) as F;
}

export interface StructOptions {
  /** Server-side apply owns it as a whole. */
  readonly atomic?: boolean;
  readonly preserveUnknown?: boolean;
  /** Defaults that depend on the struct's other fields. Changes the draft. */
  readonly defaults?: (draft: Record<string, unknown>) => void;
}

/** Defines a named struct. `name` is its OpenAPI name, `doc` a sentence of our own. */
export function struct<F extends Fields>(name: string, doc: string, fields: F, options: StructOptions = {}): Struct<F> {
  const specs = Object.fromEntries(Object.entries(fields).map(([key, each]) => [key, each.spec]));
  const schema: StructSchema = Object.freeze({
    type: 'struct',
    name,
    doc,
    fields: Object.freeze(specs),
    structType: options.atomic === true ? 'atomic' : 'granular',
    ...(options.preserveUnknown === true ? { preserveUnknown: true } : {}),
    ...(options.defaults === undefined ? {} : { defaults: options.defaults }),
  });
  return Object.freeze({ schema, fields });
}

function schemaOf(target: Field<unknown> | Struct): Schema {
  return target instanceof Field ? target.spec.schema : target.schema;
}

/** A map's list values are messages of their own in protobuf. */
function wrapLists(schema: Schema): Schema {
  return schema.type === 'list' ? ({ ...schema, wrapped: true } satisfies ListSchema) : schema;
}
