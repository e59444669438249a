import { defineKind, type ObjectOf } from '../kind.ts';
import { boolean, bytes, map, string } from '../../schema/field.ts';
import { ageColumn, nameColumn } from '../rules/columns.ts';
import { tlsPairComplaint } from './warnings/tls-pair.ts';
import { secretFaults, secretUpdateFaults, takeOverText } from './validate-data.ts';

export const Secret = defineKind({
  group: '',
  version: 'v1',
  kind: 'Secret',
  plural: 'secrets',
  scope: 'Namespaced',
  package: 'io.k8s.api.core.v1',
  doc: 'Confidential settings for pods, as bytes by key.',
  fields: {
    immutable: boolean(5).pointer().doc('Whether the data can never be changed again.'),
    data: map(2, bytes()).doc('Bytes by key, in base64.'),
    stringData: map(4, string()).doc('Texts by key, which the server moves into `data`; never shown.'),
    type: string(3).default('Opaque').doc('What the secret is for; some types demand certain keys.'),
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
  warnings: (secret) => secretWarnings(secret),
});
export interface Secret extends ObjectOf<typeof Secret> {}

/** A server with such a pair would not start; that is for who uses the Secret to find out, otherwise. */
function secretWarnings({ type, data }: Pick<Secret, 'type' | 'data'>): string[] {
  if (type !== 'kubernetes.io/tls') return [];
  const text = (key: string): string => Buffer.from(data?.[key] ?? '', 'base64').toString();
  const complaint = tlsPairComplaint(text('tls.crt'), text('tls.key'));
  return complaint === undefined ? [] : [complaint];
}
