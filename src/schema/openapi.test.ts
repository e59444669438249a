import { describe, expect, test } from 'vitest';
import { Thing } from './fixtures.ts';
import { encodeOpenApiV2 } from './openapi-protobuf.ts';
import {
  collectComponents,
  commonComponents,
  listComponent,
  type OpenApiSchema,
  type OpenApiVersion,
} from './openapi.ts';

const gvk = { group: 'example.io', version: 'v1', kind: 'Thing' };
const components = (version: OpenApiVersion): Readonly<Record<string, OpenApiSchema>> =>
  collectComponents(version, [{ schema: Thing.schema, kinds: [gvk] }]);
const property = (version: OpenApiVersion, struct: string, name: string): unknown => {
  const { properties = {} } = components(version)[`io.example.v1.${struct}`] ?? {};
  return (properties as OpenApiSchema)[name];
};

describe('components', () => {
  test('everything that a kind refers to is there, and every reference leads somewhere', () => {
    for (const version of [2, 3] as const) {
      const all = components(version);
      const references = [
        ...JSON.stringify(all).matchAll(/"\$ref":"#\/(?:definitions|components\/schemas)\/([^"]+)"/g),
      ];
      expect(references.length).toBeGreaterThan(10);
      expect(references.map(([, name = '']) => name).filter((name) => !(name in all))).toEqual([]);
    }
  });

  test('kinds are marked as such', () => {
    expect(components(3)['io.example.v1.Thing']).toMatchObject({
      type: 'object',
      description: 'A thing.',
      'x-kubernetes-group-version-kind': [gvk],
    });
  });

  test('lists say how they merge and who owns their items', () => {
    expect(property(3, 'Spec', 'items')).toEqual({
      type: 'array',
      items: { allOf: [{ $ref: '#/components/schemas/io.example.v1.Item' }], default: {} },
      'x-kubernetes-list-type': 'map',
      'x-kubernetes-list-map-keys': ['name'],
      'x-kubernetes-patch-strategy': 'merge',
      'x-kubernetes-patch-merge-key': 'name',
    });
    expect(property(2, 'Spec', 'finalizers')).toEqual({
      type: 'array',
      items: { type: 'string' },
      'x-kubernetes-list-type': 'set',
      'x-kubernetes-patch-strategy': 'merge',
    });
  });

  test('version 3 puts what belongs to a field around a reference, version 2 beside it', () => {
    expect(property(3, 'Spec', 'strategy')).toEqual({
      allOf: [{ $ref: '#/components/schemas/io.example.v1.Strategy' }],
      default: {},
      'x-kubernetes-patch-strategy': 'retainKeys',
    });
    expect(property(2, 'Spec', 'strategy')).toEqual({
      $ref: '#/definitions/io.example.v1.Strategy',
      'x-kubernetes-patch-strategy': 'retainKeys',
    });
  });

  test('values that JSON writes in several ways', () => {
    const name = 'io.k8s.apimachinery.pkg.util.intstr.IntOrString';
    expect(components(3)[name]).toMatchObject({
      format: 'int-or-string',
      oneOf: [{ type: 'integer' }, { type: 'string' }],
    });
    expect(components(2)[name]).toMatchObject({ type: 'string', format: 'int-or-string' });
  });

  test('rules, defaults and required fields', () => {
    expect(property(3, 'Spec', 'replicas')).toEqual({ type: 'integer', format: 'int32', minimum: 0, default: 1 });
    expect(property(3, 'Strategy', 'type')).toEqual({ type: 'string', enum: ['Fast', 'Slow'] });
    expect(components(3)['io.example.v1.Port']).toMatchObject({ required: ['number'] });
  });

  test('lists of kinds, and what requests share', () => {
    const list = listComponent(3, 'io.example.v1.Thing', { ...gvk, kind: 'ThingList' });
    expect(list).toMatchObject({ required: ['items'], 'x-kubernetes-group-version-kind': [{ kind: 'ThingList' }] });
    expect(Object.keys(commonComponents(2))).toContain('io.k8s.apimachinery.pkg.apis.meta.v1.Patch');
  });
});

describe('Swagger as protobuf', () => {
  /** Field 9 (definitions) > 1 (entry) > name and schema, by hand. */
  const text = (number: number, value: string | Buffer): Buffer => {
    const bytes = Buffer.from(value as string);
    return Buffer.concat([Buffer.from([number * 8 + 2, bytes.length]), bytes]);
  };

  test('is laid out as clients expect', () => {
    const document = {
      swagger: '2.0',
      definitions: { A: { type: 'object', properties: { b: { $ref: '#/definitions/B' } } } },
    };
    const inner = text(1, Buffer.concat([text(1, 'b'), text(2, text(1, '#/definitions/B'))]));
    const schema = Buffer.concat([text(22, text(1, 'object')), text(25, inner)].map(withLongTag));
    const expected = Buffer.concat([
      text(1, '2.0'),
      text(8, ''),
      text(9, text(1, Buffer.concat([text(1, 'A'), text(2, schema)]))),
    ]);
    expect(encodeOpenApiV2(document).toString('hex')).toBe(expected.toString('hex'));
  });

  /** Numbers above 15 take two bytes of tag. */
  const withLongTag = (bytes: Buffer): Buffer => {
    const tag = bytes[0] ?? 0;
    return tag < 128 ? bytes : Buffer.concat([Buffer.from([tag, 1]), bytes.subarray(1)]);
  };
});
