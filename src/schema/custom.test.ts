import { describe, expect, test } from 'vitest';
import { singleVersion, trackUpdate } from './apply/track.ts';
import { applyDefaults } from './defaults.ts';
import { faultMessage } from './fault.ts';
import { list, map, string, struct } from './field.ts';
import { compilePattern } from './patterns.ts';
import { pruneObject } from './prune.ts';
import { buildStructural, type JsonSchema } from './structural.ts';
import { validateCustom } from './validate-custom.ts';

const ObjectMeta = struct('io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta', '', {
  name: string(1),
  labels: map(11, string()),
  finalizers: list(14, string()),
});

const build = (spec: JsonSchema) =>
  buildStructural(
    { type: 'object', required: ['spec'], properties: { spec } },
    { name: 'io.example.v1.Thing', metadata: ObjectMeta.schema },
  );
const object = (properties: Record<string, JsonSchema>, more: Partial<JsonSchema> = {}): JsonSchema => ({
  type: 'object',
  properties,
  ...more,
});
const faultsOf = (schema: JsonSchema, spec: unknown): readonly string[] =>
  validateCustom(build(schema), { spec }).map(faultMessage);

describe('pruning', () => {
  const schema = build(
    object({
      known: object({ a: { type: 'string' } }),
      open: object({ a: object({}) }, { 'x-kubernetes-preserve-unknown-fields': true }),
      map: { type: 'object', additionalProperties: object({ a: { type: 'string' } }) },
      list: { type: 'array', items: object({ a: { type: 'string' } }) },
      any: { 'x-kubernetes-preserve-unknown-fields': true },
      template: {
        type: 'object',
        'x-kubernetes-embedded-resource': true,
        'x-kubernetes-preserve-unknown-fields': true,
      },
    }),
  );

  test('unknown fields go and are reported with their paths', () => {
    const { value, unknown } = pruneObject(schema, {
      apiVersion: 'v1',
      metadata: { name: 'x', colour: 1 },
      extra: 1,
      spec: { known: { a: 'b', c: 1 }, map: { k: { a: '', c: 1 } }, list: [{}, { c: 1 }] },
    });
    expect(value).toEqual({
      apiVersion: 'v1',
      metadata: { name: 'x' },
      spec: { known: { a: 'b' }, map: { k: { a: '' } }, list: [{}, {}] },
    });
    expect(unknown).toEqual([
      'unknown field "extra"',
      'unknown field "metadata.colour"',
      'unknown field "spec.known.c"',
      'unknown field "spec.list[1].c"',
      'unknown field "spec.map.k.c"',
    ]);
  });

  test('preserved fields stay, but what the schema knows below them is pruned', () => {
    const spec = {
      open: { x: { y: 1 }, a: { z: 1 } },
      any: [{ q: 1 }],
      template: { kind: 'Pod', metadata: { name: 'x' }, spec: {} },
    };
    expect(pruneObject(schema, { spec })).toEqual({
      value: { spec: { ...spec, open: { x: { y: 1 }, a: {} } } },
      unknown: ['unknown field "spec.open.a.z"'],
    });
  });

  test('metadata is read as every object has it', () => {
    expect(() => pruneObject(schema, { metadata: { labels: { a: 1 } } })).toThrow(
      'json: cannot unmarshal number into Go struct field ObjectMeta.metadata.labels of type string',
    );
  });
});

test('defaults fill what is absent, or null where null is not allowed', () => {
  const schema = build(
    object({
      size: { type: 'integer', default: 0 },
      mode: { type: 'string', default: 'fast' },
      maybe: { type: 'string', nullable: true, default: 'x' },
      inner: object({ deep: { type: 'string', default: 'd' } }, { default: {} }),
      list: { type: 'array', items: object({ n: { type: 'integer', default: 1 } }) },
    }),
  );
  const { value } = pruneObject(schema, { spec: { mode: null, maybe: null, list: [{}, { n: 0 }] } });
  applyDefaults(schema, value);
  expect(value['spec']).toEqual({
    size: 0,
    mode: 'fast',
    maybe: null,
    inner: { deep: 'd' },
    list: [{ n: 1 }, { n: 0 }],
  });
});

describe('validation speaks as upstream does', () => {
  test.each<[JsonSchema, unknown, string[]]>([
    [
      object({ a: { type: 'string' } }),
      { a: 1 },
      ['spec.a: Invalid value: "integer": spec.a in body must be of type string: "integer"'],
    ],
    [
      object({ a: { type: 'integer' } }),
      { a: 1.5 },
      ['spec.a: Invalid value: "number": spec.a in body must be of type integer: "number"'],
    ],
    [object({ a: { type: 'number' } }), { a: 1 }, []],
    [object({ a: { type: 'boolean', nullable: true } }), { a: null }, []],
    [{ type: 'object' }, 'x', ['spec: Invalid value: "string": spec in body must be of type object: "string"']],
    [
      object({ a: { 'x-kubernetes-int-or-string': true } }),
      { a: true },
      ['spec.a: Invalid value: "boolean": spec.a in body must be of type integer,string: "boolean"'],
    ],
    [object({ a: { type: 'string' } }, { required: ['a'] }), {}, ['spec.a: Required value']],
    [
      object({ a: { type: 'string', enum: ['x', 'y'] } }),
      { a: 'z' },
      ['spec.a: Unsupported value: "z": supported values: "x", "y"'],
    ],
    [
      object({ a: { type: 'integer', minimum: 1 } }),
      { a: 0 },
      ['spec.a: Invalid value: 0: spec.a in body should be greater than or equal to 1'],
    ],
    [
      object({ a: { type: 'integer', maximum: 5, exclusiveMaximum: true } }),
      { a: 5 },
      ['spec.a: Invalid value: 5: spec.a in body should be less than 5'],
    ],
    [
      object({ a: { type: 'integer', multipleOf: 3 } }),
      { a: 4 },
      ['spec.a: Invalid value: 4: spec.a in body should be a multiple of 3'],
    ],
    [
      object({ a: { type: 'integer', format: 'int32' } }),
      { a: 3_000_000_000 },
      ['<nil>: Invalid value: "": Checked value must be of type integer with format int32 in spec.a'],
    ],
    [
      object({ a: { type: 'string', pattern: '^a+$' } }),
      { a: 'b' },
      ['spec.a: Invalid value: "b": spec.a in body should match \'^a+$\''],
    ],
    [
      object({ a: { type: 'string', minLength: 2 } }),
      { a: '😀' },
      ['spec.a: Invalid value: "😀": spec.a in body should be at least 2 chars long'],
    ],
    [object({ a: { type: 'string', maxLength: 2 } }), { a: 'abc' }, ['spec.a: Too long: may not be more than 2 bytes']],
    [
      object({ a: { type: 'string', format: 'date-time' } }),
      { a: 'x' },
      ['spec.a: Invalid value: "x": spec.a in body must be of type date-time: "x"'],
    ],
    [
      object({ a: { type: 'array', maxItems: 1, items: { type: 'string' } } }),
      { a: ['x', 'y'] },
      ['spec.a: Too many: 2: must have at most 1 item'],
    ],
    [
      object({ a: { type: 'array', minItems: 1, items: { type: 'string' } } }),
      { a: [] },
      ['spec.a: Invalid value: 0: spec.a in body should have at least 1 items'],
    ],
    [
      object({ a: { type: 'array', items: { type: 'string' } } }),
      { a: ['x', 1] },
      ['spec.a[1]: Invalid value: "integer": spec.a[1] in body must be of type string: "integer"'],
    ],
    [
      object({ a: { type: 'object', additionalProperties: { type: 'integer' } } }),
      { a: { k: 'x' } },
      ['spec.a.k: Invalid value: "string": spec.a.k in body must be of type integer: "string"'],
    ],
    [
      object({ a: { type: 'array', 'x-kubernetes-list-type': 'set', items: { type: 'string' } } }),
      { a: ['x', 'x', 'x'] },
      ['spec.a[1]: Duplicate value: "x"'],
    ],
    [
      object({
        a: {
          type: 'array',
          'x-kubernetes-list-type': 'map',
          'x-kubernetes-list-map-keys': ['k'],
          items: object({ k: { type: 'string' } }),
        },
      }),
      { a: [{ k: 'x' }, { k: 'x' }] },
      ['spec.a[1]: Duplicate value: {"k":"x"}'],
    ],
    [
      object({ a: { type: 'string' }, b: { type: 'string' } }, { oneOf: [{ required: ['a'] }, { required: ['b'] }] }),
      { a: '', b: '' },
      ['<nil>: Invalid value: "": "spec" must validate one and only one schema (oneOf). Found 2 valid alternatives'],
    ],
    [
      object({ a: { type: 'integer', anyOf: [{ minimum: 5 }, { maximum: 1 }] } }),
      { a: 3 },
      [
        '<nil>: Invalid value: "": "spec.a" must validate at least one schema (anyOf)',
        'spec.a: Invalid value: 3: spec.a in body should be greater than or equal to 5',
      ],
    ],
    [
      object({ a: { type: 'integer', not: { minimum: 5 } } }),
      { a: 7 },
      ['<nil>: Invalid value: "": "spec.a" must not validate the schema (not)'],
    ],
  ])('%j with %j', (schema, spec, expected) => expect(faultsOf(schema, spec)).toEqual(expected));

  test('a missing spec', () => {
    expect(validateCustom(build({ type: 'object' }), {}).map(faultMessage)).toEqual(['spec: Required value']);
  });

  test.each([
    ['ipv4', '10.0.0.1', '10.0.0.256'],
    ['cidr', '10.0.0.0/8', '10.0.0.0'],
    ['uuid', '0b4c3f3e-1111-2222-3333-444455556666', 'x'],
    ['hostname', 'a.example.com', 'a b'],
    ['email', 'a@example.com', 'example.com'],
    ['uri', 'https://example.com/a', 'a b'],
    ['date', '2026-02-28', '2026-02-30'],
    ['duration', '1h30m', 'long'],
    ['byte', 'YQ==', '*'],
  ])('format %s takes %s and refuses %s', (format, good, bad) => {
    const schema = object({ a: { type: 'string', format } });
    expect(faultsOf(schema, { a: good })).toEqual([]);
    expect(faultsOf(schema, { a: bad })).toHaveLength(1);
  });
});

describe("users' patterns", () => {
  test.each([
    ['(?i)^ABC$', 'abc', true],
    ['^[[:alpha:]]+$', 'abc', true],
    ['^(?P<name>a)\\z', 'a', true],
    ['^\\pL+$', 'é', true],
    ['^[a-z]([-a-z0-9]*[a-z0-9])?$', 'a-', false],
  ])('%s on %s: %j', (pattern, text, expected) => expect(compilePattern(pattern)?.test(text)).toBe(expected));

  test('do not hang the server', () => {
    expect(compilePattern('^(a+)+$')?.test(`${'a'.repeat(40)}b`)).toBe(false);
  });

  test('broken ones are none', () => expect(compilePattern('(')).toBeUndefined());
});

test('fields that the schema does not know are owned one by one too', () => {
  const schema = build({ type: 'object', 'x-kubernetes-preserve-unknown-fields': true });
  const context = { manager: 'm', apiVersion: 'v1', subresource: '', now: '', convert: singleVersion(schema, 'v1') };
  const { metadata } = trackUpdate(undefined, { apiVersion: 'v1', kind: 'T', spec: { a: { b: 1, c: [1] } } }, context);
  expect((metadata as { managedFields: { fieldsV1: unknown }[] }).managedFields[0]?.fieldsV1).toEqual({
    'f:spec': { '.': {}, 'f:a': { '.': {}, 'f:b': {}, 'f:c': {} } },
  });
});

test('a field that a new schema makes atomic is owned as a whole by who owned parts of it', () => {
  const list = (type: string): JsonSchema =>
    object({
      ports: {
        type: 'array',
        'x-kubernetes-list-type': type,
        ...(type === 'map' ? { 'x-kubernetes-list-map-keys': ['name'] } : {}),
        items: object({ name: { type: 'string' } }),
      },
    });
  const write = (
    live: Readonly<Record<string, unknown>> | undefined,
    schema: JsonSchema,
    names: string[],
    manager: string,
  ) =>
    trackUpdate(
      live,
      { apiVersion: 'v1', kind: 'T', ...live, spec: { ports: names.map((name) => ({ name })) } },
      { manager, apiVersion: 'v1', subresource: '', now: '', convert: singleVersion(build(schema), 'v1') },
    );
  const granular = write(undefined, list('map'), ['a'], 'one');
  const shared = write(granular, list('map'), ['a', 'b'], 'two');
  const atomic = write(shared, list('atomic'), ['c'], 'three');
  const { managedFields } = atomic['metadata'] as { managedFields: { manager: string; fieldsV1: unknown }[] };
  expect(managedFields.map(({ manager, fieldsV1 }) => [manager, fieldsV1])).toEqual([
    ['one', { 'f:spec': {} }],
    ['three', { 'f:spec': { 'f:ports': {} } }],
  ]);
});
