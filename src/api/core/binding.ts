import { defineKind, type ObjectOf } from '../kind.ts';
import { of } from '../../schema/field.ts';
import { ObjectReference } from './object-reference.ts';
import { bindingFaults } from './validate-pod.ts';

export const Binding = defineKind({
  group: '',
  version: 'v1',
  kind: 'Binding',
  plural: 'bindings',
  scope: 'Namespaced',
  package: 'io.k8s.api.core.v1',
  doc: 'Assigns a pod to a node.',
  virtual: true,
  verbs: ['create'],
  fields: {
    target: of(2, ObjectReference).present().doc('The node that gets the pod.'),
  },
  validate: ({ target }) => bindingFaults(target),
});
export interface Binding extends ObjectOf<typeof Binding> {}
