import { defineKind, type ObjectOf } from '../kind.ts';
import { list, map, of, quantity, string, struct, type Infer } from '../../schema/field.ts';
import { Toleration } from '../core/taint.ts';

export const Overhead = struct('io.k8s.api.node.v1.Overhead', '', {
  podFixed: map(1, quantity()),
});
export interface Overhead extends Infer<typeof Overhead> {}

export const Scheduling = struct('io.k8s.api.node.v1.Scheduling', '', {
  nodeSelector: map(1, string()).atomic(),
  tolerations: list(2, Toleration),
});
export interface Scheduling extends Infer<typeof Scheduling> {}

export const RuntimeClass = defineKind({
  group: 'node.k8s.io',
  version: 'v1',
  kind: 'RuntimeClass',
  plural: 'runtimeclasses',
  scope: 'Cluster',
  package: 'io.k8s.api.node.v1',
  doc: '',
  fields: {
    handler: string(2).required(),
    overhead: of(3, Overhead),
    scheduling: of(4, Scheduling),
  },
});
export interface RuntimeClass extends ObjectOf<typeof RuntimeClass> {}
