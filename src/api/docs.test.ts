/** `kubectl explain` has a sentence of ours for every kind, struct and field of the groups that people write by hand. */
import { expect, test } from 'vitest';
import { resolve, type Schema } from '../schema/schema.ts';
import { kinds } from './catalogue.ts';

const packages = [
  'admissionregistration',
  'apiextensions',
  'apiregistration',
  'authentication',
  'authorization',
  'certificates',
  'coordination',
  'discovery',
  'events',
  'flowcontrol',
  'networking',
  'node',
  'rbac',
  'scheduling',
  'storage',
];
const ours = new RegExp(`\\.(${packages.join('|')})\\.v1\\.\\w+$`);

function undocumented(): string[] {
  const seen = new Set<Schema>();
  const lines: string[] = [];
  const visit = (target: Schema): void => {
    const schema = resolve(target);
    if (schema.type === 'list') return visit(schema.items);
    if (schema.type === 'map') return visit(schema.values);
    if (schema.type !== 'struct' || seen.has(schema)) return;
    seen.add(schema);
    const name = schema.name.split('.').at(-1);
    if (ours.test(schema.name)) {
      if (schema.doc === '') lines.push(`${name}`);
      for (const [field, { doc }] of Object.entries(schema.fields)) if (doc === '') lines.push(`${name}.${field}`);
    }
    for (const { schema: inner } of Object.values(schema.fields)) visit(inner);
  };
  for (const { schema } of kinds) visit(schema);
  return lines;
}

/** Parts of JSON Schema that structural schemas never have. */
const unused = ['id', '$schema', '$ref', 'patternProperties', 'dependencies', 'additionalItems', 'definitions'];

test('nothing is left without a sentence', () => {
  expect(undocumented()).toEqual(unused.map((field) => `JSONSchemaProps.${field}`));
});
