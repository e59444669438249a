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
  doc: '',
  virtual: true,
  verbs: ['create'],
  fields: {
    deleteOptions: of(2, DeleteOptions),
  },
});
export interface Eviction extends ObjectOf<typeof Eviction> {}
