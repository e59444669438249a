/** Protobuf leaves zero values out; here they are filled in, so that only absent messages are undefined. */
import { isRecord } from '../../schema/freeze.ts';
import { resolve, type Schema, type StructSchema } from '../../schema/schema.ts';

type Filled<V> = V extends string | number | boolean
  ? V
  : V extends readonly (infer E)[]
    ? readonly NonNullable<Filled<E>>[]
    : string extends keyof V
      ? V
      : Complete<V> | undefined;

/** A message with its zero values. */
export type Complete<M> = { readonly [K in keyof M]-?: Filled<NonNullable<M[K]>> };

export function complete(schema: StructSchema, message: Record<string, unknown>): Record<string, unknown> {
  const entries = Object.entries(schema.fields).map(([name, field]) => [
    name,
    filled(resolve(field.schema), message[name]),
  ]);
  return Object.fromEntries(entries) as Record<string, unknown>;
}

function filled(schema: Schema, value: unknown): unknown {
  switch (schema.type) {
    case 'struct':
      return isRecord(value) ? complete(schema, value) : undefined;
    case 'list':
      return ((value as readonly unknown[] | undefined) ?? []).map((item) => filled(resolve(schema.items), item));
    case 'map':
      return value ?? {};
    case 'integer':
      return value ?? 0;
    case 'boolean':
      return value ?? false;
    default:
      return value ?? '';
  }
}
