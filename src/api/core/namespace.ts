import { defineKind, type ObjectOf } from '../kind.ts';
import { list, of, string, struct, time, type Infer } from '../../schema/field.ts';
import { ageColumn, nameColumn } from '../rules/columns.ts';
import { labelNameFaults } from '../rules/faults.ts';
import { finalizerNameFaults } from '../meta/validate-object-meta.ts';
import { keepFinalizers, labelWithName, prepareNamespaceCreate, namespaceStatusFaults } from './namespace-rules.ts';

export const NamespaceSpec = struct('io.k8s.api.core.v1.NamespaceSpec', '', {
  finalizers: list(1, string()),
});
export interface NamespaceSpec extends Infer<typeof NamespaceSpec> {}

export const NamespaceCondition = struct('io.k8s.api.core.v1.NamespaceCondition', '', {
  type: string(1).present(),
  status: string(2).present(),
  lastTransitionTime: time(4),
  reason: string(5),
  message: string(6),
});
export interface NamespaceCondition extends Infer<typeof NamespaceCondition> {}

export const NamespaceStatus = struct('io.k8s.api.core.v1.NamespaceStatus', '', {
  phase: string(1).known<'Active' | 'Terminating'>().default('Active'),
  conditions: list(2, NamespaceCondition).listMap('type').merge('type'),
});
export interface NamespaceStatus extends Infer<typeof NamespaceStatus> {}

export const Namespace = defineKind({
  group: '',
  version: 'v1',
  kind: 'Namespace',
  plural: 'namespaces',
  shortNames: ['ns'],
  scope: 'Cluster',
  nameRule: 'label',
  package: 'io.k8s.api.core.v1',
  doc: '',
  fields: {
    spec: of(2, NamespaceSpec).always(),
    status: of(3, NamespaceStatus).always(),
  },
  verbs: ['create', 'delete', 'get', 'list', 'patch', 'update', 'watch'],
  generation: false,
  subresources: { status: true, others: { finalize: { kind: 'Namespace', verbs: ['update'] } } },
  columns: [
    nameColumn,
    {
      name: 'Status',
      type: 'string',
      doc: 'Active, or Terminating while it is being deleted.',
      value: ({ status }) => status?.phase ?? '',
    },
    ageColumn,
  ],
  selectable: { name: ({ metadata }) => metadata.name, 'status.phase': ({ status }) => status?.phase ?? '' },
  defaults: labelWithName,
  prepareCreate: prepareNamespaceCreate,
  prepareUpdate: keepFinalizers,
  validate: ({ spec }) =>
    (spec?.finalizers ?? []).flatMap((name) => [
      ...labelNameFaults('spec.finalizers', name),
      ...finalizerNameFaults(name, 'spec.finalizers'),
    ]),
  validateStatusUpdate: (namespace) => namespaceStatusFaults(namespace),
});
export interface Namespace extends ObjectOf<typeof Namespace> {}
