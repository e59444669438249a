import { defineKind, type ObjectOf } from '../kind.ts';
import { list, of, string, struct, time, type Infer } from '../../schema/field.ts';

export const NamespaceSpec = struct('io.k8s.api.core.v1.NamespaceSpec', '', {
  finalizers: list(1, string()),
});
export interface NamespaceSpec extends Infer<typeof NamespaceSpec> {}

export const NamespaceCondition = struct('io.k8s.api.core.v1.NamespaceCondition', '', {
  type: string(1).required(),
  status: string(2).required(),
  lastTransitionTime: time(4),
  reason: string(5),
  message: string(6),
});
export interface NamespaceCondition extends Infer<typeof NamespaceCondition> {}

export const NamespaceStatus = struct('io.k8s.api.core.v1.NamespaceStatus', '', {
  phase: string(1).enum('Active', 'Terminating'),
  conditions: list(2, NamespaceCondition).listMap('type').merge('type'),
});
export interface NamespaceStatus extends Infer<typeof NamespaceStatus> {}

export const Namespace = defineKind({
  group: '',
  version: 'v1',
  kind: 'Namespace',
  plural: 'namespaces',
  scope: 'Cluster',
  package: 'io.k8s.api.core.v1',
  doc: '',
  fields: {
    spec: of(2, NamespaceSpec).always(),
    status: of(3, NamespaceStatus).always(),
  },
  subresources: { status: true },
});
export interface Namespace extends ObjectOf<typeof Namespace> {}
