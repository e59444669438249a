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
  doc: 'An identity for the processes of pods.',
  fields: {
    secrets: list(2, ObjectReference).listMap('name').merge('name').doc('Secrets that pods of this account may use.'),
    imagePullSecrets: list(3, LocalObjectReference).doc(
      'Secrets with credentials for image registries, given to pods of this account.',
    ),
    automountServiceAccountToken: boolean(4)
      .pointer()
      .doc('Whether pods get a token of this account unless they say otherwise.'),
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
  prepareCreate: namesOnly,
  prepareUpdate: namesOnly,
  warnings: ({ metadata }, old) => mountableWarnings(metadata.annotations, old?.metadata.annotations),
});
export interface ServiceAccount extends ObjectOf<typeof ServiceAccount> {}

/** Secrets are those of the account's own namespace: their names say all. */
function namesOnly(draft: Record<string, unknown>): void {
  const secrets = draft['secrets'] as readonly ObjectReference[] | undefined;
  if (secrets !== undefined) draft['secrets'] = secrets.map(({ name }) => (name === undefined ? {} : { name }));
}

const mountable = 'kubernetes.io/enforce-mountable-secrets';

type Annotations = Readonly<Record<string, string>> | undefined;

/** Said once, when the annotation is new. */
function mountableWarnings(annotations: Annotations, before: Annotations): string[] {
  if (annotations?.[mountable] === undefined || before?.[mountable] !== undefined) return [];
  const instead = 'deprecated in v1.32+; prefer separate namespaces to isolate access to mounted secrets';
  return [`metadata.annotations[${mountable}]: ${instead}`];
}
