import { defineKind, type ObjectOf } from '../kind.ts';
import { of } from '../../schema/field.ts';
import { ObjectReference } from './object-reference.ts';

export const SerializedReference = defineKind({
  group: '',
  version: 'v1',
  kind: 'SerializedReference',
  plural: 'serializedreferences',
  scope: 'Namespaced',
  package: 'io.k8s.api.core.v1',
  doc: '',
  fields: {
    reference: of(1, ObjectReference).always(),
  },
});
export interface SerializedReference extends ObjectOf<typeof SerializedReference> {}
