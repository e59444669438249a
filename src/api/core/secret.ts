import { defineKind, type ObjectOf } from '../kind.ts';
import { boolean, bytes, map, string } from '../../schema/field.ts';

export const Secret = defineKind({
  group: '',
  version: 'v1',
  kind: 'Secret',
  plural: 'secrets',
  scope: 'Namespaced',
  package: 'io.k8s.api.core.v1',
  doc: '',
  fields: {
    immutable: boolean(5),
    data: map(2, bytes()),
    stringData: map(4, string()),
    type: string(3),
  },
});
export interface Secret extends ObjectOf<typeof Secret> {}
