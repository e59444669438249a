/**
 * Whether a custom resource's schema is structural: every value has a type, outside of what only restricts
 * (allOf, anyOf, oneOf, not). Texts and paths are those of Kubernetes 1.35.
 */
import { forbidden, invalid, notSupported, required, type Fault } from '../../schema/fault.ts';
import { compilePattern } from '../../schema/patterns.ts';
import type { JSONSchemaProps } from './json-schema-props.ts';

type Level = 'root' | 'item' | 'field';

/** `withStatus`: the status is a subresource, which asks for an object at the root. */
export function schemaFaults(schema: object, path: string, withStatus: boolean): Fault[] {
  const root = schema as JSONSchemaProps;
  return [
    ...(withStatus && root.type !== undefined && root.type !== '' && root.type !== 'object'
      ? [
          invalid(
            `${path}.type`,
            root.type,
            'only "object" is allowed as the type at the root of the schema if the status subresource is enabled',
          ),
        ]
      : []),
    ...(root.nullable === true ? [forbidden(`${path}.nullable`, 'nullable cannot be true at the root')] : []),
    ...structureFaults(root, path, 'root'),
  ];
}

function structureFaults(schema: JSONSchemaProps, path: string, level: Level): Fault[] {
  return [
    ...typeFaults(schema, path, level),
    ...extensionFaults(schema, path),
    ...listFaults(schema, path),
    ...mapFaults(schema, path),
    ...restrictionFaults(schema, path),
    ...nestedFaults(schema, path, level),
  ];
}

const typesByName = ['object', 'array', 'number', 'integer', 'boolean', 'string'];
const missingType: Readonly<Record<Level, string>> = {
  root: 'must not be empty at the root',
  item: 'must not be empty for specified array items',
  field: 'must not be empty for specified object fields',
};

function typeFaults(schema: JSONSchemaProps, path: string, level: Level): Fault[] {
  const { type = '' } = schema;
  const free = schema['x-kubernetes-int-or-string'] === true || schema['x-kubernetes-preserve-unknown-fields'] === true;
  const at = `${path}.type`;
  if (schema['x-kubernetes-embedded-resource'] === true && type !== 'object') {
    const text = 'must be object if x-kubernetes-embedded-resource is true';
    return [type === '' ? required(at, text) : invalid(at, type, text)];
  }
  if (type === '') return free ? [] : [required(at, missingType[level])];
  if (!typesByName.includes(type))
    return [notSupported(at, type, ['array', 'boolean', 'integer', 'number', 'object', 'string'])];
  return level === 'root' && type !== 'object' ? [invalid(at, type, 'must be object at the root')] : [];
}

function extensionFaults(schema: JSONSchemaProps, path: string): Fault[] {
  const preserve = schema['x-kubernetes-preserve-unknown-fields'];
  const text = 'must be false if x-kubernetes-int-or-string is true';
  const intOrString = schema['x-kubernetes-int-or-string'] === true;
  const embedded = schema['x-kubernetes-embedded-resource'] === true;
  return [
    ...(preserve === false
      ? [invalid(`${path}.x-kubernetes-preserve-unknown-fields`, false, 'must be true or undefined')]
      : []),
    ...(intOrString && preserve === true ? [invalid(`${path}.x-kubernetes-preserve-unknown-fields`, true, text)] : []),
    ...(intOrString && embedded ? [invalid(`${path}.x-kubernetes-embedded-resource`, true, text)] : []),
    ...(embedded && preserve !== true && Object.keys(schema.properties ?? {}).length === 0
      ? [
          required(
            `${path}.properties`,
            'must not be empty if x-kubernetes-embedded-resource is true without x-kubernetes-preserve-unknown-fields',
          ),
        ]
      : []),
  ];
}

function listFaults(schema: JSONSchemaProps, path: string): Fault[] {
  const { type = '', items } = schema;
  const listType = schema['x-kubernetes-list-type'];
  const at = `${path}.x-kubernetes-list-type`;
  const needsArray = 'must be array if x-kubernetes-list-type is specified';
  return [
    ...(type === 'array' && items === undefined ? [required(`${path}.items`, 'must be specified')] : []),
    ...(Array.isArray(items) ? [forbidden(`${path}.items`, 'items must be a schema object and not an array')] : []),
    ...(listType !== undefined && type !== 'array'
      ? [type === '' ? required(`${path}.type`, needsArray) : invalid(`${path}.type`, type, needsArray)]
      : []),
    ...(listType !== undefined && !['atomic', 'set', 'map'].includes(listType)
      ? [notSupported(at, listType, ['atomic', 'set', 'map'])]
      : []),
    ...keyFaults(schema, path),
  ];
}

function keyFaults(schema: JSONSchemaProps, path: string): Fault[] {
  const listType = schema['x-kubernetes-list-type'];
  const keys = schema['x-kubernetes-list-map-keys'] ?? [];
  if (listType === 'map') return mapKeyFaults(keys, schema.items as JSONSchemaProps | undefined, path);
  if (keys.length === 0) return [];
  const text = 'must be map if x-kubernetes-list-map-keys is non-empty';
  const at = `${path}.x-kubernetes-list-type`;
  return [listType === undefined ? required(at, text) : invalid(at, listType, text)];
}

function mapKeyFaults(keys: readonly string[], items: JSONSchemaProps | undefined, path: string): Fault[] {
  const at = `${path}.x-kubernetes-list-map-keys`;
  return [
    ...(keys.length === 0 ? [required(at, 'must not be empty if x-kubernetes-list-type is map')] : []),
    ...mapItemFaults(keys, items, path),
    ...(new Set(keys).size < keys.length ? [invalid(at, keys, 'must not contain duplicate entries')] : []),
  ];
}

function mapItemFaults(keys: readonly string[], items: JSONSchemaProps | undefined, path: string): Fault[] {
  if (items === undefined) return [required(`${path}.items`, 'must have a schema if x-kubernetes-list-type is map')];
  const { type = '', properties = {} } = items;
  if (type !== 'object') {
    return [invalid(`${path}.items.type`, type, "must be object if parent array's x-kubernetes-list-type is map")];
  }
  if (keys.every((key) => Object.hasOwn(properties, key))) return [];
  return [invalid(`${path}.x-kubernetes-list-map-keys`, keys, 'entries must all be names of item properties')];
}

function mapFaults(schema: JSONSchemaProps, path: string): Fault[] {
  const { properties = {}, additionalProperties: additional, pattern, uniqueItems } = schema;
  return [
    ...mapTypeFaults(schema, path),
    ...(additional !== undefined && additional !== true && Object.keys(properties).length > 0
      ? [forbidden(`${path}.additionalProperties`, 'additionalProperties and properties are mutual exclusive')]
      : []),
    ...(uniqueItems === true
      ? [
          forbidden(
            `${path}.uniqueItems`,
            'uniqueItems cannot be set to true since the runtime complexity becomes quadratic',
          ),
        ]
      : []),
    ...(pattern === undefined || compilePattern(pattern) !== undefined
      ? []
      : [invalid(`${path}.pattern`, pattern, 'must be a valid regular expression')]),
  ];
}

function mapTypeFaults(schema: JSONSchemaProps, path: string): Fault[] {
  const mapType = schema['x-kubernetes-map-type'];
  if (mapType === undefined) return [];
  const { type = '' } = schema;
  const text = 'must be object if x-kubernetes-map-type is specified';
  const wrong = type === '' ? required(`${path}.type`, text) : invalid(`${path}.type`, type, text);
  return [
    ...(type === 'object' ? [] : [wrong]),
    ...(mapType === 'atomic' || mapType === 'granular'
      ? []
      : [notSupported(`${path}.x-kubernetes-map-type`, mapType, ['atomic', 'granular'])]),
  ];
}

/** What the branches of allOf and the like may not say, since it would not be structural. */
function restrictionFaults(schema: JSONSchemaProps, path: string): Fault[] {
  const { allOf = [], anyOf = [], oneOf = [], not } = schema;
  const intOrString = schema['x-kubernetes-int-or-string'] === true;
  const each = (name: string, branches: readonly JSONSchemaProps[]): Fault[] =>
    branches.flatMap((branch, index) => branchFaults(branch, `${path}.${name}[${index}]`));
  return [
    ...each('allOf', intOrString ? allOf.filter((branch) => branch.anyOf === undefined) : allOf),
    ...(intOrString ? [] : each('anyOf', anyOf)),
    ...each('oneOf', oneOf),
    ...(not === undefined ? [] : branchFaults(not, `${path}.not`)),
  ];
}

const unstructural = ['type', 'title', 'description', 'default', 'nullable', 'additionalProperties'] as const;

function branchFaults(branch: JSONSchemaProps, path: string): Fault[] {
  return [
    ...unstructural.flatMap((field) => {
      const value = branch[field];
      if (value === undefined || value === '' || value === false) return [];
      const text =
        field === 'additionalProperties' || field === 'default' ? 'must be undefined to be structural' : undefined;
      return [
        forbidden(
          `${path}.${field}`,
          text ?? (field === 'nullable' ? 'must be false to be structural' : 'must be empty to be structural'),
        ),
      ];
    }),
    ...Object.entries(branch.properties ?? {}).flatMap(([name, each]) =>
      branchFaults(each, `${path}.properties[${name}]`),
    ),
    ...restrictionFaults(branch, path),
  ];
}

function nestedFaults(schema: JSONSchemaProps, path: string, level: Level): Fault[] {
  const { properties = {}, items, additionalProperties: additional } = schema;
  const single = items !== undefined && !Array.isArray(items) ? (items as JSONSchemaProps) : undefined;
  return [
    ...Object.entries(properties).flatMap(([name, each]) =>
      isImplicitMeta(name, each, level) ? [] : structureFaults(each, `${path}.properties[${name}]`, 'field'),
    ),
    ...(single === undefined ? [] : structureFaults(single, `${path}.items`, 'item')),
    ...(level === 'root' && additional !== undefined
      ? [forbidden(`${path}.additionalProperties`, 'must not be used at the root')]
      : []),
    ...(typeof additional === 'object' ? structureFaults(additional, `${path}.additionalProperties`, 'field') : []),
    ...(level === 'root' ? metadataFaults(properties['metadata'], `${path}.properties[metadata]`) : []),
  ];
}

const isImplicitMeta = (name: string, schema: JSONSchemaProps, level: Level): boolean =>
  level === 'root' && name === 'metadata' && (schema.type === undefined || schema.type === 'object');

/** Metadata is known already: a schema may only restrict names. */
function metadataFaults(metadata: JSONSchemaProps | undefined, path: string): Fault[] {
  const names = Object.keys(metadata?.properties ?? {});
  if (names.every((name) => name === 'name' || name === 'generateName')) return [];
  return [
    forbidden(path, 'must not specify anything other than name and generateName, but metadata is implicitly specified'),
  ];
}
