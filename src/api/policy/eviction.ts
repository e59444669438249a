import { defineKind, type ObjectOf } from '../kind.ts';
import { of } from '../../schema/field.ts';
import { DeleteOptions } from '../meta/options.ts';

export const Eviction = defineKind({
  group: 'policy',
  version: 'v1',
  kind: 'Eviction',
  plural: 'evictions',
  scope: 'Namespaced',
  package: 'io.k8s.api.policy.v1',
  doc: 'Asks for a pod to be deleted if its budget allows it.',
  virtual: true,
  verbs: ['create'],
  fields: {
    deleteOptions: of(2, DeleteOptions).doc('How the pod is deleted.'),
  },
});
export interface Eviction extends ObjectOf<typeof Eviction> {}
