import { defineKind, type KubernetesObject, type ObjectOf } from '../kind.ts';
import { ageColumn, nameColumn } from '../rules/columns.ts';
import { formatLabels } from '../rules/format-labels.ts';
import { int32, int64, list, map, of, string, struct, time, type Infer } from '../../schema/field.ts';
import { PodTemplateSpec } from './pod-template-spec.ts';
import { controllerFaults, replicaStatusFaults, selectorFromTemplate } from './validate-replication-controller.ts';
import { templateColumns } from './workload-columns.ts';

export const ReplicationControllerSpec = struct(
  'io.k8s.api.core.v1.ReplicationControllerSpec',
  'Which pods and how many.',
  {
    replicas: int32(1).default(1).pointer().doc('How many pods there should be.'),
    minReadySeconds: int32(4).default(0).doc('How many seconds a new pod must be ready before it counts as available.'),
    selector: map(2, string()).atomic().doc('Which pods belong to it.'),
    template: of(3, PodTemplateSpec).doc('The pod that is made for each replica.'),
  },
);
export interface ReplicationControllerSpec extends Infer<typeof ReplicationControllerSpec> {}

export const ReplicationControllerCondition = struct(
  'io.k8s.api.core.v1.ReplicationControllerCondition',
  'One statement about the state of a controller.',
  {
    type: string(1).required().doc('Which sort it is.'),
    status: string(2).required().doc('`True`, `False` or `Unknown`.'),
    lastTransitionTime: time(3).doc('When the status of this condition changed last.'),
    reason: string(4).doc('One word in camel case for programs that says why.'),
    message: string(5).doc('Explanation for a human reader.'),
  },
);
export interface ReplicationControllerCondition extends Infer<typeof ReplicationControllerCondition> {}

export const ReplicationControllerStatus = struct(
  'io.k8s.api.core.v1.ReplicationControllerStatus',
  'How many pods there are.',
  {
    replicas: int32(1).required().doc('How many pods there are.'),
    fullyLabeledReplicas: int32(2).doc('How many pods carry all labels of the template.'),
    readyReplicas: int32(4).doc('How many pods are ready.'),
    availableReplicas: int32(5).doc('How many pods have been ready for long enough.'),
    observedGeneration: int64(3).doc('The generation of the object that this status is about.'),
    conditions: list(6, ReplicationControllerCondition)
      .listMap('type')
      .merge('type')
      .doc('Statements about its state, one per type.'),
  },
);
export interface ReplicationControllerStatus extends Infer<typeof ReplicationControllerStatus> {}

export const ReplicationController = defineKind({
  group: '',
  version: 'v1',
  kind: 'ReplicationController',
  plural: 'replicationcontrollers',
  shortNames: ['rc'],
  categories: ['all'],
  scope: 'Namespaced',
  package: 'io.k8s.api.core.v1',
  doc: 'Keeps a number of pods running; Deployment is its successor.',
  fields: {
    spec: of(2, ReplicationControllerSpec).always().doc('What is wanted.'),
    status: of(3, ReplicationControllerStatus).always().doc('What was observed last.'),
  },
  subresources: {
    status: true,
    scale: { replicas: 'spec.replicas', statusReplicas: 'status.replicas', selector: 'spec.selector' },
  },
  columns: [
    nameColumn,
    { name: 'Desired', type: 'integer', doc: 'Pods that should run.', value: ({ spec }) => spec?.replicas ?? 0 },
    { name: 'Current', type: 'integer', doc: 'Pods that exist.', value: ({ status }) => status?.replicas ?? 0 },
    { name: 'Ready', type: 'integer', doc: 'Pods that are ready.', value: ({ status }) => status?.readyReplicas ?? 0 },
    ageColumn,
    ...templateColumns<KubernetesObject & { readonly spec?: ReplicationControllerSpec }>(({ spec }) => spec?.template),
    {
      name: 'Selector',
      type: 'string',
      priority: 1,
      doc: 'Labels of its pods.',
      value: ({ spec }) => formatLabels(spec?.selector),
    },
  ],
  selectable: { 'status.replicas': ({ status }) => String(status?.replicas ?? 0) },
  defaults: selectorFromTemplate,
  validate: ({ spec }) => controllerFaults(spec ?? {}),
  validateStatusUpdate: ({ status }) => replicaStatusFaults(status ?? {}),
});
export interface ReplicationController extends ObjectOf<typeof ReplicationController> {}
