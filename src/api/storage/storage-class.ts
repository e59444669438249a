import { defineKind, type ObjectOf } from '../kind.ts';
import { boolean, list, map, string } from '../../schema/field.ts';
import { TopologySelectorTerm } from '../core/topology-selector-term.ts';

export const StorageClass = defineKind({
  group: 'storage.k8s.io',
  version: 'v1',
  kind: 'StorageClass',
  plural: 'storageclasses',
  scope: 'Cluster',
  package: 'io.k8s.api.storage.v1',
  doc: '',
  fields: {
    provisioner: string(2).required(),
    parameters: map(3, string()),
    reclaimPolicy: string(4).enum('Recycle', 'Delete', 'Retain'),
    mountOptions: list(5, string()),
    allowVolumeExpansion: boolean(6),
    volumeBindingMode: string(7).enum('Immediate', 'WaitForFirstConsumer'),
    allowedTopologies: list(8, TopologySelectorTerm),
  },
});
export interface StorageClass extends ObjectOf<typeof StorageClass> {}
