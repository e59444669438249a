import { defineKind, type ObjectOf } from '../kind.ts';
import { of, quantity, string } from '../../schema/field.ts';
import { LabelSelector } from '../meta/label-selector.ts';

export const CSIStorageCapacity = defineKind({
  group: 'storage.k8s.io',
  version: 'v1',
  kind: 'CSIStorageCapacity',
  plural: 'csistoragecapacities',
  scope: 'Namespaced',
  package: 'io.k8s.api.storage.v1',
  doc: '',
  fields: {
    nodeTopology: of(2, LabelSelector),
    storageClassName: string(3).required(),
    capacity: quantity(4).pointer(),
    maximumVolumeSize: quantity(5).pointer(),
  },
});
export interface CSIStorageCapacity extends ObjectOf<typeof CSIStorageCapacity> {}
