import { describe, expect, test } from 'vitest';
import { complaints, made, unheard, updateComplaints } from '../rules/fixture.ts';
import { CustomResourceDefinition } from './custom-resource-definition.ts';

const version = { name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: { type: 'object' } } };
const good = {
  metadata: { name: 'tabs.example.com' },
  spec: { group: 'example.com', scope: 'Namespaced', names: { plural: 'tabs', kind: 'Tab' }, versions: [version] },
  status: { storedVersions: ['v1'] },
};
const withSchema = (schema: object): Record<string, unknown> => ({
  ...good,
  spec: { ...good.spec, versions: [{ ...version, schema: { openAPIV3Schema: schema } }] },
});
const root = 'spec.versions[0].schema.openAPIV3Schema';

/** Texts: apiextensions-apiserver pkg/apis/apiextensions/validation/validation.go and pkg/apiserver/schema/validation.go. */
describe('CustomResourceDefinition', () => {
  test('names that are left out follow from the kind', () => {
    expect(complaints(CustomResourceDefinition, good)).toEqual([]);
    expect(made(CustomResourceDefinition, good)['spec']).toMatchObject({
      names: { singular: 'tab', listKind: 'TabList' },
      conversion: { strategy: 'None' },
    });
  });

  test('the name is plural and group', () => {
    expect(complaints(CustomResourceDefinition, { ...good, metadata: { name: 'other' } })).toEqual([
      'metadata.name: Invalid value: "other": must be spec.names.plural+"."+spec.group',
    ]);
  });

  test('the version that is stored is remembered', () => {
    const draft: Record<string, unknown> = structuredClone({ spec: good.spec });
    CustomResourceDefinition.prepareCreate?.(draft, unheard);
    expect(draft['status']).toMatchObject({ storedVersions: ['v1'] });
  });

  test('one version is stored', () => {
    const none = { ...good, spec: { ...good.spec, versions: [{ ...version, storage: false }] } };
    expect(
      complaints(CustomResourceDefinition, none).some((text) =>
        text.endsWith('must have exactly one version marked as storage version'),
      ),
    ).toBe(true);
  });

  test.each<[object, string[]]>([
    [{}, [`${root}.type: Required value: must not be empty at the root`]],
    [{ type: 'string' }, [`${root}.type: Invalid value: "string": must be object at the root`]],
    [
      { type: 'object', properties: { spec: {} } },
      [`${root}.properties[spec].type: Required value: must not be empty for specified object fields`],
    ],
    [
      { type: 'object', properties: { list: { type: 'array' } } },
      [`${root}.properties[list].items: Required value: must be specified`],
    ],
    [
      {
        type: 'object',
        properties: {
          list: { type: 'array', items: { type: 'object', properties: {} }, 'x-kubernetes-list-type': 'map' },
        },
      },
      [
        `${root}.properties[list].x-kubernetes-list-map-keys: Required value: must not be empty if x-kubernetes-list-type is map`,
      ],
    ],
    [
      { type: 'object', properties: { a: { type: 'string', anyOf: [{ type: 'string' }] } } },
      [`${root}.properties[a].anyOf[0].type: Forbidden: must be empty to be structural`],
    ],
    [
      {
        type: 'object',
        properties: { port: { 'x-kubernetes-int-or-string': true, anyOf: [{ type: 'integer' }, { type: 'string' }] } },
      },
      [],
    ],
    [{ type: 'object', 'x-kubernetes-preserve-unknown-fields': true }, []],
  ])('schema %j', (schema, expected) =>
    expect(complaints(CustomResourceDefinition, withSchema(schema))).toEqual(expected),
  );

  test.each([
    ['^(?i)(abort|warn)?$', true],
    ['^((?i)sun|mon)day$', true],
    ['a(?=b)', false],
    ['(', false],
  ])('the pattern %s is one in Go: %j', (pattern, isOne) => {
    const schema = { type: 'object', properties: { a: { type: 'string', pattern } } };
    const at = `${root}.properties[a].pattern`;
    expect(complaints(CustomResourceDefinition, withSchema(schema))).toEqual(
      isOne ? [] : [`${at}: Invalid value: ${JSON.stringify(pattern)}: must be a valid regular expression`],
    );
  });

  test('a group of the project asks for approval', () => {
    const protectedGroup = {
      ...good,
      metadata: { name: 'tabs.stable.k8s.io' },
      spec: { ...good.spec, group: 'stable.k8s.io' },
    };
    expect(complaints(CustomResourceDefinition, protectedGroup)).toEqual([
      'metadata.annotations[api-approved.kubernetes.io]: Required value: protected groups must have approval annotation "api-approved.kubernetes.io", see https://github.com/kubernetes/enhancements/pull/1111',
    ]);
  });

  test('once established, scope and kind stay', () => {
    const old = { ...good, status: { storedVersions: ['v1'], conditions: [{ type: 'Established', status: 'True' }] } };
    const young = { ...old, spec: { ...good.spec, scope: 'Cluster' } };
    expect(updateComplaints(CustomResourceDefinition, old, young)).toEqual([
      'spec.scope: Invalid value: "Cluster": field is immutable',
    ]);
    expect(updateComplaints(CustomResourceDefinition, good, young)).toEqual([]);
  });
});
