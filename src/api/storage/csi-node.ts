import { defineKind, type ObjectOf } from '../kind.ts';
import { int32, list, of, string, struct, type Infer } from '../../schema/field.ts';

export const VolumeNodeResources = struct('io.k8s.api.storage.v1.VolumeNodeResources', '', {
  count: int32(1).pointer(),
});
export interface VolumeNodeResources extends Infer<typeof VolumeNodeResources> {}

export const CSINodeDriver = struct('io.k8s.api.storage.v1.CSINodeDriver', '', {
  name: string(1).required(),
  nodeID: string(2).required(),
  topologyKeys: list(3, string()).always(),
  allocatable: of(4, VolumeNodeResources),
});
export interface CSINodeDriver extends Infer<typeof CSINodeDriver> {}

export const CSINodeSpec = struct('io.k8s.api.storage.v1.CSINodeSpec', '', {
  drivers: list(1, CSINodeDriver).listMap('name').merge('name').required(),
});
export interface CSINodeSpec extends Infer<typeof CSINodeSpec> {}

export const CSINode = defineKind({
  group: 'storage.k8s.io',
  version: 'v1',
  kind: 'CSINode',
  plural: 'csinodes',
  scope: 'Cluster',
  package: 'io.k8s.api.storage.v1',
  doc: '',
  fields: {
    spec: of(2, CSINodeSpec).required(),
  },
});
export interface CSINode extends ObjectOf<typeof CSINode> {}
