/**
 * A CustomResourceDefinition's openAPIV3Schema as the same tree that built-in kinds have, so that custom
 * resources are pruned, defaulted, validated, merged and applied by the same engines.
 */
import type { CelRule, FieldSpec, ListSchema, Rules, Schema, SchemaRule, StructSchema } from './schema.ts';

/** JSONSchemaProps, as far as a structural schema may use it. */
export interface JsonSchema {
  readonly type?: string;
  readonly description?: string;
  readonly format?: string;
  readonly default?: unknown;
  readonly nullable?: boolean;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly additionalProperties?: JsonSchema | boolean;
  readonly items?: JsonSchema;
  readonly required?: readonly string[];
  readonly enum?: readonly unknown[];
  readonly allOf?: readonly JsonSchema[];
  readonly anyOf?: readonly JsonSchema[];
  readonly oneOf?: readonly JsonSchema[];
  readonly not?: JsonSchema;
  readonly 'x-kubernetes-preserve-unknown-fields'?: boolean;
  readonly 'x-kubernetes-embedded-resource'?: boolean;
  readonly 'x-kubernetes-int-or-string'?: boolean;
  readonly 'x-kubernetes-list-type'?: string;
  readonly 'x-kubernetes-list-map-keys'?: readonly string[];
  readonly 'x-kubernetes-map-type'?: string;
  readonly 'x-kubernetes-validations'?: readonly CelRule[];
  readonly [keyword: string]: unknown;
}

export interface StructuralOptions {
  /** OpenAPI name, such as `io.example.stable.v1.CronTab`. */
  readonly name: string;
  /** ObjectMeta, which custom resources share with all others. */
  readonly metadata: StructSchema;
}

const flags = { always: false, pointer: true, immutable: false, retainKeys: false, replace: false } as const;

/** The whole object's schema. The JSON schema must be structural (its definition was validated); absent keeps everything. */
export function buildStructural(schema: JsonSchema | undefined, options: StructuralOptions): StructSchema {
  const root = schema ?? { type: 'object', 'x-kubernetes-preserve-unknown-fields': true };
  const { metadata: _, ...properties } = root.properties ?? {};
  const struct = structOf({ ...root, properties }, options.metadata);
  return Object.freeze({
    ...struct,
    name: options.name,
    fields: Object.freeze({ ...typeMeta, metadata: metadataField(options.metadata, true), ...struct.fields }),
  });
}

/** The three fields of every object are part of embedded ones too. */
function metadataField(metadata: StructSchema, always: boolean): FieldSpec {
  return { ...field({ type: 'object' }, metadata, false), schema: metadata, always, doc: 'Name, labels and the like.' };
}

const typeMeta = {
  apiVersion: text('Version of the schema that this object is written in.'),
  kind: text('Which kind of object this is.'),
};

function text(doc: string): FieldSpec {
  return { schema: { type: 'string' }, ...flags, required: false, doc };
}

function field(schema: JsonSchema, metadata: StructSchema, required: boolean): FieldSpec {
  return Object.freeze({
    schema: convert(schema, metadata),
    ...flags,
    required,
    ...(schema.default === undefined ? {} : { default: schema.default }),
    doc: schema.description ?? '',
  });
}

function convert(schema: JsonSchema, metadata: StructSchema): Schema {
  const rules = rulesOf(schema);
  const common = rules === undefined ? {} : { rules };
  if (schema['x-kubernetes-int-or-string'] === true) return Object.freeze({ type: 'intOrString', ...common });
  switch (schema.type) {
    case 'object':
      return Object.freeze(isMap(schema) ? mapOf(schema, metadata, common) : structOf(schema, metadata));
    case 'array':
      return Object.freeze({ ...listOf(schema, metadata), ...common });
    case 'string':
    case 'number':
    case 'boolean':
      return Object.freeze({ type: schema.type, ...common });
    case 'integer':
      return Object.freeze({ type: 'integer', bits: schema.format === 'int32' ? 32 : 64, ...common });
    default:
      return Object.freeze({ type: 'any', as: 'untyped', ...common });
  }
}

/** Only values of one sort, under any key. */
function isMap(schema: JsonSchema): boolean {
  const { properties, additionalProperties } = schema;
  const open =
    schema['x-kubernetes-preserve-unknown-fields'] === true || schema['x-kubernetes-embedded-resource'] === true;
  return (
    additionalProperties !== undefined &&
    additionalProperties !== false &&
    Object.keys(properties ?? {}).length === 0 &&
    !open
  );
}

function mapOf(schema: JsonSchema, metadata: StructSchema, common: { readonly rules?: Rules }): Schema {
  const mapType = schema['x-kubernetes-map-type'] === 'atomic' ? 'atomic' : 'granular';
  const required = schema.required ?? [];
  const values = additionalOf(schema, metadata) ?? anything;
  if (required.length === 0) return { type: 'map', values, mapType, ...common };
  return { ...structOf(schema, metadata), additional: values, requiredKeys: required };
}

const anything: Schema = Object.freeze({ type: 'any', as: 'untyped', rules: { nullable: true } });

function additionalOf({ additionalProperties }: JsonSchema, metadata: StructSchema): Schema | undefined {
  if (additionalProperties === undefined || additionalProperties === false) return undefined;
  return additionalProperties === true ? anything : convert(additionalProperties, metadata);
}

function structOf(schema: JsonSchema, metadata: StructSchema): StructSchema {
  const required = new Set(schema.required ?? []);
  const properties = Object.entries(schema.properties ?? {});
  const embedded = schema['x-kubernetes-embedded-resource'] === true;
  const fields = Object.fromEntries(
    properties.map(([name, each]) => [name, field(each, metadata, required.has(name))]),
  );
  const additional = additionalOf(schema, metadata);
  const unlisted = [...required].filter((name) => !Object.hasOwn(fields, name));
  const rules = rulesOf(schema);
  return {
    type: 'struct',
    name: '',
    doc: schema.description ?? '',
    fields: Object.freeze(embedded ? { ...typeMeta, ...fields, metadata: metadataField(metadata, false) } : fields),
    structType: schema['x-kubernetes-map-type'] === 'atomic' ? 'atomic' : 'granular',
    ...(schema['x-kubernetes-preserve-unknown-fields'] === true ? { preserveUnknown: true } : {}),
    ...(embedded ? { embedded: true } : {}),
    ...(additional === undefined ? {} : { additional }),
    ...(unlisted.length === 0 ? {} : { requiredKeys: unlisted }),
    ...(rules === undefined ? {} : { rules }),
  };
}

function listOf(schema: JsonSchema, metadata: StructSchema): ListSchema {
  const listType = schema['x-kubernetes-list-type'];
  const items = schema.items === undefined ? anything : convert(schema.items, metadata);
  if (listType === 'set') return { type: 'list', items, listType: 'set' };
  if (listType !== 'map') return { type: 'list', items, listType: 'atomic' };
  return { type: 'list', items, listType: 'map', mapKeys: schema['x-kubernetes-list-map-keys'] ?? [] };
}

const keywords = [
  'enum',
  'minimum',
  'maximum',
  'exclusiveMinimum',
  'exclusiveMaximum',
  'multipleOf',
  'minLength',
  'maxLength',
  'pattern',
  'format',
  'minItems',
  'maxItems',
  'uniqueItems',
  'minProperties',
  'maxProperties',
  'nullable',
] as const;

function rulesOf(schema: JsonSchema): Rules | undefined {
  const rules: Record<string, unknown> = {};
  for (const keyword of keywords) if (schema[keyword] !== undefined) rules[keyword] = schema[keyword];
  const validations = schema['x-kubernetes-validations'];
  if (validations !== undefined && validations.length > 0) rules['validations'] = validations;
  for (const branch of ['allOf', 'anyOf', 'oneOf'] as const) {
    if (schema[branch] !== undefined) rules[branch] = schema[branch].map(ruleOf);
  }
  if (schema.not !== undefined) rules['not'] = ruleOf(schema.not);
  return Object.keys(rules).length === 0 ? undefined : Object.freeze(rules);
}

/** A branch of allOf, anyOf, oneOf or not. */
function ruleOf(schema: JsonSchema): SchemaRule {
  const { properties, items, additionalProperties, required } = schema;
  return Object.freeze({
    ...rulesOf(schema),
    ...(schema.type === undefined ? {} : { type: schema.type }),
    ...(required === undefined ? {} : { required }),
    ...(properties === undefined
      ? {}
      : { properties: Object.fromEntries(Object.entries(properties).map(([name, each]) => [name, ruleOf(each)])) }),
    ...(items === undefined ? {} : { items: ruleOf(items) }),
    ...(typeof additionalProperties === 'object' ? { additionalProperties: ruleOf(additionalProperties) } : {}),
  });
}
