import { defineKind, type ObjectOf } from '../kind.ts';
import { boolean, list } from '../../schema/field.ts';
import { ageColumn, nameColumn } from '../rules/columns.ts';
import { LocalObjectReference, ObjectReference } from './object-reference.ts';

export const ServiceAccount = defineKind({
  group: '',
  version: 'v1',
  kind: 'ServiceAccount',
  plural: 'serviceaccounts',
  shortNames: ['sa'],
  scope: 'Namespaced',
  package: 'io.k8s.api.core.v1',
  doc: '',
  fields: {
    secrets: list(2, ObjectReference).listMap('name').merge('name'),
    imagePullSecrets: list(3, LocalObjectReference),
    automountServiceAccountToken: boolean(4).pointer(),
  },
  subresources: {
    others: { token: { group: 'authentication.k8s.io', version: 'v1', kind: 'TokenRequest', verbs: ['create'] } },
  },
  columns: [
    nameColumn,
    {
      name: 'Secrets',
      type: 'string',
      doc: 'Number of secrets that pods of the account may use.',
      value: ({ secrets }) => secrets?.length ?? 0,
    },
    ageColumn,
  ],
});
export interface ServiceAccount extends ObjectOf<typeof ServiceAccount> {}
