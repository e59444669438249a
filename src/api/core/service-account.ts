import { defineKind, type ObjectOf } from '../kind.ts';
import { boolean, list } from '../../schema/field.ts';
import { LocalObjectReference, ObjectReference } from './object-reference.ts';

export const ServiceAccount = defineKind({
  group: '',
  version: 'v1',
  kind: 'ServiceAccount',
  plural: 'serviceaccounts',
  scope: 'Namespaced',
  package: 'io.k8s.api.core.v1',
  doc: '',
  fields: {
    secrets: list(2, ObjectReference).listMap('name').merge('name'),
    imagePullSecrets: list(3, LocalObjectReference),
    automountServiceAccountToken: boolean(4),
  },
});
export interface ServiceAccount extends ObjectOf<typeof ServiceAccount> {}
