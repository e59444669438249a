import { defineKind, type ObjectOf } from '../kind.ts';
import { map, string } from '../../schema/field.ts';

export const VolumeAttributesClass = defineKind({
  group: 'storage.k8s.io',
  version: 'v1',
  kind: 'VolumeAttributesClass',
  plural: 'volumeattributesclasses',
  scope: 'Cluster',
  package: 'io.k8s.api.storage.v1',
  doc: '',
  fields: {
    driverName: string(2).required(),
    parameters: map(3, string()),
  },
});
export interface VolumeAttributesClass extends ObjectOf<typeof VolumeAttributesClass> {}
