/**
 * The catalogue against the types of a real client library: every field that it knows is ours, of the same
 * type, and none is ours alone. The library is one release ahead; what that release added is listed.
 */
import * as models from '@kubernetes/client-node';
import { expect, test } from 'vitest';
import { resolve, type Schema, type StructSchema } from '../schema/schema.ts';
import { kinds } from './catalogue.ts';

interface Attribute {
  readonly baseName: string;
  readonly type: string;
  readonly format: string;
}
type Model = { readonly attributeTypeMap?: readonly Attribute[] } | undefined;

/** `AuthenticationV1TokenRequest` where several groups have a TokenRequest, else `V1TokenRequest`. */
function modelOf(name: string): Model {
  const parts = name.split('.');
  const [group = '', version = '', kind = ''] = [parts.at(-3), parts.at(-2), parts.at(-1)];
  const prefix = version.charAt(0).toUpperCase() + version.slice(1);
  const groupPrefix = group.charAt(0).toUpperCase() + group.slice(1);
  const all = models as unknown as Readonly<Record<string, Model>>;
  return all[`${groupPrefix}${prefix}${kind}`] ?? all[`${prefix}${kind}`];
}

const scalarTypes: Readonly<Partial<Record<Schema['type'], string>>> = {
  string: 'string',
  bytes: 'string/byte',
  time: 'Date/date-time',
  microTime: 'V1MicroTime/date-time-micro',
  boolean: 'boolean',
  quantity: 'string',
  duration: 'string',
  number: 'number/double',
  intOrString: 'IntOrString/int-or-string',
  any: 'any',
};

function typeOf(target: Schema): string {
  const schema = resolve(target);
  if (schema.type === 'list') return `Array<${bare(typeOf(schema.items))}>`;
  if (schema.type === 'map') return `{ [key: string]: ${bare(typeOf(schema.values))}; }`;
  if (schema.type === 'integer') return `number/int${schema.bits}`;
  if (schema.type === 'struct') return 'struct';
  return scalarTypes[schema.type] ?? schema.type;
}

const bare = (type: string): string => type.split('/')[0] ?? '';

function theirType({ type, format }: Attribute): string {
  const plain = type.replaceAll(/\b[A-Z][A-Za-z]*V\d\w+|\bV\d\w+/g, (name) =>
    name === 'V1MicroTime' ? name : 'struct',
  );
  return format === '' || /^(Array|\{)/.test(plain) ? plain : `${plain}/${format}`;
}

function structs(): Map<string, StructSchema> {
  const found = new Map<string, StructSchema>();
  const visit = (target: Schema): void => {
    const schema = resolve(target);
    if (schema.type === 'list') return visit(schema.items);
    if (schema.type === 'map') return visit(schema.values);
    if (schema.type !== 'struct' || found.has(schema.name)) return;
    found.set(schema.name, schema);
    for (const { schema: inner } of Object.values(schema.fields)) visit(inner);
  };
  for (const kind of kinds) if (kind.conversion === undefined) visit(kind.schema);
  return found;
}

function differences(): string[] {
  const lines: string[] = [];
  for (const [name, schema] of structs()) {
    const theirs = modelOf(name)?.attributeTypeMap;
    if (theirs === undefined) {
      lines.push(`${name}: no such model`);
      continue;
    }
    const short = name.split('.').at(-1);
    const known = new Map(theirs.map((each) => [each.baseName, each]));
    for (const [field, spec] of Object.entries(schema.fields)) {
      const attribute = known.get(field);
      if (attribute === undefined) lines.push(`${short}.${field}: ours alone`);
      else if (typeOf(spec.schema) !== theirType(attribute)) {
        lines.push(`${short}.${field}: ${typeOf(spec.schema)} is ${theirType(attribute)} there`);
      }
    }
    for (const field of known.keys())
      if (!Object.hasOwn(schema.fields, field)) lines.push(`${short}.${field}: missing`);
  }
  return lines.toSorted();
}

/** This list only shrinks. */
const known = [
  // Came with 1.36.
  'CSIDriverSpec.preventPodSchedulingIfMissing: missing',
  'Device.nodeAllocatableResourceMappings: missing',
  'DeviceAttribute.bools: missing',
  'DeviceAttribute.ints: missing',
  'DeviceAttribute.strings: missing',
  'DeviceAttribute.versions: missing',
  'PodSpec.schedulingGroup: missing',
  'PodStatus.nodeAllocatableResourceClaimStatuses: missing',
  'ResourceHealth.message: missing',
  'VolumeMountStatus.volumeStatus: missing',
  // Went with 1.36.
  'PodSpec.workloadRef: ours alone',
  'io.k8s.api.core.v1.WorkloadReference: no such model',
  // An object without fields is anything to the library.
  'CustomResourceSubresources.status: struct is any there',
  'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.CustomResourceSubresourceStatus: no such model',
];

test('fields and types are those that clients know', () => {
  expect(differences().filter((line) => !known.includes(line))).toEqual([]);
  expect(known.filter((line) => !differences().includes(line))).toEqual([]);
});
