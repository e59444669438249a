import { defineKind, type ObjectOf } from '../kind.ts';
import { boolean, bytes, map, string } from '../../schema/field.ts';
import { ageColumn, nameColumn } from '../rules/columns.ts';
import { secretFaults, secretUpdateFaults, takeOverText } from './validate-data.ts';

export const Secret = defineKind({
  group: '',
  version: 'v1',
  kind: 'Secret',
  plural: 'secrets',
  scope: 'Namespaced',
  package: 'io.k8s.api.core.v1',
  doc: '',
  fields: {
    immutable: boolean(5).pointer(),
    data: map(2, bytes()),
    stringData: map(4, string()),
    type: string(3).default('Opaque'),
  },
  columns: [
    nameColumn,
    { name: 'Type', type: 'string', doc: 'What the secret is for.', value: ({ type }) => type ?? '' },
    { name: 'Data', type: 'string', doc: 'Number of entries.', value: ({ data }) => Object.keys(data ?? {}).length },
    ageColumn,
  ],
  selectable: { type: ({ type }) => type ?? '' },
  defaults: takeOverText,
  validate: (secret) => secretFaults(secret),
  validateUpdate: (secret, old) => secretUpdateFaults(secret, old),
});
export interface Secret extends ObjectOf<typeof Secret> {}
