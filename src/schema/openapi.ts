/**
 * OpenAPI schemas of kinds and structs, version 2 (Swagger) and 3, from the schema tree: types, docs, defaults,
 * rules and the x-kubernetes extensions that clients read (patch keys, list types, kinds).
 *
 * Paths and operations are the API server's; it collects the components of the kinds it serves here.
 */
import { isRecord, put } from './freeze.ts';
import {
  resolve,
  type AnySchema,
  type FieldSpec,
  type ListSchema,
  type MapSchema,
  type Rules,
  type Schema,
  type StructSchema,
} from './schema.ts';

export type OpenApiVersion = 2 | 3;
export type OpenApiSchema = Readonly<Record<string, unknown>>;

export interface GroupVersionKind {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
}

export interface ComponentRoot {
  readonly schema: StructSchema;
  /** Which kinds the struct is the body of; shown as x-kubernetes-group-version-kind. */
  readonly kinds?: readonly GroupVersionKind[];
}

interface Context {
  readonly version: OpenApiVersion;
  readonly components: Map<string, OpenApiSchema>;
}

/** The schemas of `roots` and of everything they refer to, by name, sorted. */
export function collectComponents(
  version: OpenApiVersion,
  roots: readonly ComponentRoot[],
): Readonly<Record<string, OpenApiSchema>> {
  const context: Context = { version, components: new Map() };
  for (const { schema, kinds } of roots) {
    addStruct(schema, context);
    if (kinds !== undefined && kinds.length > 0) tagKinds(schema.name, kinds, context);
  }
  return Object.fromEntries([...context.components].toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

function tagKinds(name: string, kinds: readonly GroupVersionKind[], { components }: Context): void {
  components.set(name, { ...components.get(name), 'x-kubernetes-group-version-kind': kinds });
}

export function referenceTo(version: OpenApiVersion, name: string): OpenApiSchema {
  return { $ref: `${version === 2 ? '#/definitions/' : '#/components/schemas/'}${name}` };
}

/** The component of a kind's list, such as `io.k8s.api.core.v1.PodList`; `item` must be a component too. */
export function listComponent(version: OpenApiVersion, item: string, list: GroupVersionKind): OpenApiSchema {
  const meta = referenceTo(version, 'io.k8s.apimachinery.pkg.apis.meta.v1.ListMeta');
  return {
    description: `${list.kind} is a list of ${item.slice(item.lastIndexOf('.') + 1)}.`,
    type: 'object',
    required: ['items'],
    properties: {
      apiVersion: { type: 'string', description: 'Version of the schema that this list is written in.' },
      kind: { type: 'string', description: 'Which kind of list this is.' },
      metadata: version === 2 ? meta : { allOf: [meta], default: {} },
      items: {
        description: 'The objects.',
        type: 'array',
        items: version === 2 ? referenceTo(version, item) : { allOf: [referenceTo(version, item)], default: {} },
      },
    },
    'x-kubernetes-group-version-kind': [list],
  };
}

/** Components that requests and responses name and that are no structs of the catalogue. */
export function commonComponents(version: OpenApiVersion): Readonly<Record<string, OpenApiSchema>> {
  const context: Context = { version, components: new Map() };
  const object = shared('io.k8s.apimachinery.pkg.runtime.RawExtension', context);
  const patch = 'Any patch: its form is the content type of the request.';
  const event = 'One change, as a watch reports it.';
  context.components.set('io.k8s.apimachinery.pkg.apis.meta.v1.Patch', { description: patch, type: 'object' });
  context.components.set('io.k8s.apimachinery.pkg.apis.meta.v1.WatchEvent', {
    description: event,
    type: 'object',
    required: ['type', 'object'],
    properties: { type: { type: 'string', ...(version === 3 ? { default: '' } : {}) }, object },
  });
  return Object.fromEntries(context.components);
}

function addStruct(schema: StructSchema, context: Context): void {
  const { components } = context;
  if (components.has(schema.name)) return;
  components.set(schema.name, {});
  components.set(schema.name, objectSchema(schema, context));
}

function objectSchema(schema: StructSchema, context: Context): OpenApiSchema {
  const properties: Record<string, OpenApiSchema> = {};
  const required: string[] = [];
  for (const [name, spec] of Object.entries(schema.fields)) {
    put(properties, name, property(spec, context));
    if (spec.required) required.push(name);
  }
  required.push(...(schema.requiredKeys ?? []));
  const extensions = {
    ...(schema.structType === 'atomic' ? { 'x-kubernetes-map-type': 'atomic' } : {}),
    ...(schema.preserveUnknown === true ? { 'x-kubernetes-preserve-unknown-fields': true } : {}),
    ...(schema.embedded === true ? { 'x-kubernetes-embedded-resource': true } : {}),
  };
  return {
    ...(schema.doc === '' ? {} : { description: schema.doc }),
    type: 'object',
    ...(required.length > 0 ? { required } : {}),
    ...(Object.keys(properties).length > 0 ? { properties } : {}),
    ...(schema.additional === undefined ? {} : { additionalProperties: describe(schema.additional, context) }),
    ...ruleKeywords(schema.rules, context),
    ...extensions,
  };
}

function property(spec: FieldSpec, context: Context): OpenApiSchema {
  const schema = resolve(spec.schema);
  const base = describe(schema, context);
  const isStruct = schema.type === 'struct' && spec.always && spec.pointer !== true;
  const empty = isStruct && context.version === 3 && '$ref' in base ? { default: {} } : {};
  const extras = {
    ...(spec.doc === '' ? {} : { description: spec.doc }),
    ...(spec.default === undefined ? empty : { default: spec.default }),
    ...patchKeywords(spec, schema),
  };
  if (Object.keys(extras).length === 0) return base;
  // Version 3 ignores what stands beside a reference, so that goes around it.
  return '$ref' in base && context.version === 3 ? { allOf: [base], ...extras } : { ...base, ...extras };
}

function patchKeywords(spec: FieldSpec, schema: Exclude<Schema, { type: 'lazy' }>): OpenApiSchema {
  const mergeKey = schema.type === 'list' ? schema.mergeKey : undefined;
  const strategies = [
    ...(mergeKey === undefined ? [] : ['merge']),
    ...(spec.replace ? ['replace'] : []),
    ...(spec.retainKeys ? ['retainKeys'] : []),
  ];
  return {
    ...(strategies.length === 0 ? {} : { 'x-kubernetes-patch-strategy': strategies.join(',') }),
    ...(mergeKey === undefined || mergeKey === '' ? {} : { 'x-kubernetes-patch-merge-key': mergeKey }),
  };
}

/** Types that JSON writes as one value and OpenAPI knows by a name of their own. */
const sharedNames = {
  quantity: 'io.k8s.apimachinery.pkg.api.resource.Quantity',
  time: 'io.k8s.apimachinery.pkg.apis.meta.v1.Time',
  microTime: 'io.k8s.apimachinery.pkg.apis.meta.v1.MicroTime',
  duration: 'io.k8s.apimachinery.pkg.apis.meta.v1.Duration',
  intOrString: 'io.k8s.apimachinery.pkg.util.intstr.IntOrString',
} as const;

const freeFormNames = {
  json: 'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSON',
  rawExtension: 'io.k8s.apimachinery.pkg.runtime.RawExtension',
  fieldsV1: 'io.k8s.apimachinery.pkg.apis.meta.v1.FieldsV1',
} as const;

const either = (...types: readonly string[]): OpenApiSchema => ({ oneOf: types.map((type) => ({ type })) });

const sharedSchemas: Readonly<Record<string, Readonly<Record<OpenApiVersion, OpenApiSchema>>>> = {
  [sharedNames.quantity]: { 2: { type: 'string' }, 3: either('string', 'number') },
  [sharedNames.time]: { 2: { type: 'string', format: 'date-time' }, 3: { type: 'string', format: 'date-time' } },
  [sharedNames.microTime]: { 2: { type: 'string', format: 'date-time' }, 3: { type: 'string', format: 'date-time' } },
  [sharedNames.duration]: { 2: { type: 'string' }, 3: { type: 'string' } },
  [sharedNames.intOrString]: {
    2: { type: 'string', format: 'int-or-string' },
    3: { format: 'int-or-string', ...either('integer', 'string') },
  },
  [freeFormNames.json]: { 2: {}, 3: {} },
  [freeFormNames.rawExtension]: { 2: { type: 'object' }, 3: { type: 'object' } },
  [freeFormNames.fieldsV1]: { 2: { type: 'object' }, 3: { type: 'object' } },
};

const sharedDocs: Readonly<Record<string, string>> = {
  [sharedNames.quantity]: 'An amount with an optional suffix, such as 500m, 1.5 or 128Mi.',
  [sharedNames.time]: 'A point in time, as RFC 3339 text to the second.',
  [sharedNames.microTime]: 'A point in time, as RFC 3339 text with six decimals.',
  [sharedNames.duration]: 'A span of time such as 1h30m.',
  [sharedNames.intOrString]: 'A number or a text, such as 80 or http, 1 or 25%.',
  [freeFormNames.json]: 'Any JSON value.',
  [freeFormNames.rawExtension]: 'An object of another kind, as it is.',
  [freeFormNames.fieldsV1]: 'A set of fields, as a tree of keys such as f:metadata.',
};

function shared(name: string, context: Context): OpenApiSchema {
  context.components.set(name, { description: sharedDocs[name], ...sharedSchemas[name]?.[context.version] });
  return referenceTo(context.version, name);
}

const scalars = {
  string: { type: 'string' },
  number: { type: 'number', format: 'double' },
  boolean: { type: 'boolean' },
  bytes: { type: 'string', format: 'byte' },
} as const satisfies Partial<Record<Schema['type'], OpenApiSchema>>;

function describe(target: Schema, context: Context): OpenApiSchema {
  const schema = resolve(target);
  switch (schema.type) {
    case 'struct':
      return structSchema(schema, context);
    case 'list':
      return { ...listSchema(schema, context), ...ruleKeywords(schema.rules, context) };
    case 'map':
      return { ...mapSchema(schema, context), ...ruleKeywords(schema.rules, context) };
    case 'integer':
      return { type: 'integer', format: `int${schema.bits}`, ...ruleKeywords(schema.rules, context) };
    case 'any':
      return anySchema(schema, context);
    case 'string':
    case 'number':
    case 'boolean':
    case 'bytes':
      return { ...scalars[schema.type], ...ruleKeywords(schema.rules, context) };
    default:
      return shared(sharedNames[schema.type], context);
  }
}

function structSchema(schema: StructSchema, context: Context): OpenApiSchema {
  if (schema.name === '') return objectSchema(schema, context);
  addStruct(schema, context);
  return referenceTo(context.version, schema.name);
}

function anySchema(schema: AnySchema, context: Context): OpenApiSchema {
  if (schema.as !== 'untyped') return shared(freeFormNames[schema.as], context);
  return { 'x-kubernetes-preserve-unknown-fields': true, ...ruleKeywords(schema.rules, context) };
}

function mapSchema(schema: MapSchema, context: Context): OpenApiSchema {
  const mapType = schema.mapType === 'atomic' ? { 'x-kubernetes-map-type': 'atomic' } : {};
  return { type: 'object', additionalProperties: element(schema.values, context), ...mapType };
}

function listSchema(schema: ListSchema, context: Context): OpenApiSchema {
  return {
    type: 'array',
    items: element(schema.items, context),
    'x-kubernetes-list-type': schema.listType,
    ...(schema.listType === 'map' ? { 'x-kubernetes-list-map-keys': schema.mapKeys ?? [] } : {}),
  };
}

const zeros: Readonly<Partial<Record<Schema['type'], unknown>>> = { string: '', integer: 0, number: 0, boolean: false };

/** An item of a list or map; version 3 says what a null there becomes. */
function element(target: Schema, context: Context): OpenApiSchema {
  const base = describe(target, context);
  if (context.version === 2) return base;
  const { type } = resolve(target);
  if ('$ref' in base) return type === 'struct' ? { allOf: [base], default: {} } : base;
  return zeros[type] === undefined || 'enum' in base ? base : { ...base, default: zeros[type] };
}

/** Swagger has no word for these. */
const onlyVersion3 = new Set(['anyOf', 'oneOf', 'not', 'nullable']);

function ruleKeywords(rules: Rules | undefined, { version }: Context): OpenApiSchema {
  if (rules === undefined) return {};
  const words: Record<string, unknown> = {};
  for (const [word, value] of Object.entries(rules)) {
    if (version === 2 && onlyVersion3.has(word)) continue;
    if (word === 'validations') words['x-kubernetes-validations'] = value;
    else words[word] = plainRule(value);
  }
  return words;
}

function plainRule(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plainRule);
  if (!isRecord(value)) return value;
  const { validations, ...rest } = value;
  const plain = Object.fromEntries(Object.entries(rest).map(([word, inner]) => [word, plainRule(inner)]));
  return validations === undefined ? plain : { ...plain, 'x-kubernetes-validations': validations };
}
