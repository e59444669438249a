import { defineKind, type ObjectOf } from '../kind.ts';
import { boolean, bytes, map, string } from '../../schema/field.ts';

export const ConfigMap = defineKind({
  group: '',
  version: 'v1',
  kind: 'ConfigMap',
  plural: 'configmaps',
  scope: 'Namespaced',
  package: 'io.k8s.api.core.v1',
  doc: '',
  fields: {
    immutable: boolean(4),
    data: map(2, string()),
    binaryData: map(3, bytes()),
  },
});
export interface ConfigMap extends ObjectOf<typeof ConfigMap> {}
