import { defineKind, type ObjectOf } from '../kind.ts';
import { list, of, string, struct, time, type Infer } from '../../schema/field.ts';
import { ageColumn, nameColumn } from '../rules/columns.ts';
import { labelNameFaults } from '../rules/faults.ts';
import { finalizerNameFaults } from '../meta/validate-object-meta.ts';
import { keepFinalizers, labelWithName, prepareNamespaceCreate, namespaceStatusFaults } from './namespace-rules.ts';

export const NamespaceSpec = struct('io.k8s.api.core.v1.NamespaceSpec', 'What holds a namespace back from going.', {
  finalizers: list(1, string()).doc('Names of those who must finish before the namespace may go.'),
});
export interface NamespaceSpec extends Infer<typeof NamespaceSpec> {}

export const NamespaceCondition = struct(
  'io.k8s.api.core.v1.NamespaceCondition',
  'One statement about the deletion of a namespace.',
  {
    type: string(1).present().doc('Which sort it is.'),
    status: string(2).present().doc('`True`, `False` or `Unknown`.'),
    lastTransitionTime: time(4).doc('When the status of this condition changed last.'),
    reason: string(5).doc('One word in camel case for programs that says why.'),
    message: string(6).doc('Explanation for a human reader.'),
  },
);
export interface NamespaceCondition extends Infer<typeof NamespaceCondition> {}

export const NamespaceStatus = struct('io.k8s.api.core.v1.NamespaceStatus', 'Where in its life a namespace is.', {
  phase: string(1)
    .known<'Active' | 'Terminating'>()
    .default('Active')
    .doc('`Active`, or `Terminating` while its content is deleted.'),
  conditions: list(2, NamespaceCondition)
    .listMap('type')
    .merge('type')
    .doc('Statements about its state, one per type.'),
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
  doc: 'A space of names that keeps objects of different users apart.',
  fields: {
    spec: of(2, NamespaceSpec).always().doc('What is wanted.'),
    status: of(3, NamespaceStatus).always().doc('What was observed last.'),
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
