import { defineKind, type Column, type KubernetesObject, type ObjectOf } from '../kind.ts';
import { int32, int64, intOrString, list, of, string, struct, time, type Infer } from '../../schema/field.ts';
import { PodTemplateSpec } from '../core/pod-template-spec.ts';
import { templateWarnings } from '../core/warnings/workload-warnings.ts';
import { templateColumns } from '../core/workload-columns.ts';
import { LabelSelector } from '../meta/label-selector.ts';
import { deepEqual } from '../../schema/freeze.ts';
import { ageColumn, nameColumn } from '../rules/columns.ts';
import { formatLabels } from '../rules/format-labels.ts';
import { selectorColumn } from './selector-column.ts';
import { daemonSetFaults, daemonSetStatusFaults } from './validate-daemon-set.ts';

export const RollingUpdateDaemonSet = struct(
  'io.k8s.api.apps.v1.RollingUpdateDaemonSet',
  "The pace of a DaemonSet's update.",
  {
    maxUnavailable: intOrString(1)
      .pointer()
      .doc('On how many nodes the pod may be missing, as a number or a percentage.'),
    maxSurge: intOrString(2)
      .pointer()
      .doc('On how many nodes old and new pod may run together, as a number or a percentage.'),
  },
);
export interface RollingUpdateDaemonSet extends Infer<typeof RollingUpdateDaemonSet> {}

export const DaemonSetUpdateStrategy = struct(
  'io.k8s.api.apps.v1.DaemonSetUpdateStrategy',
  'How the pods of a DaemonSet are replaced.',
  {
    type: string(1)
      .known<'RollingUpdate' | 'OnDelete'>()
      .default('RollingUpdate')
      .doc('`RollingUpdate` or `OnDelete`.'),
    rollingUpdate: of(2, RollingUpdateDaemonSet).doc('The pace of a rolling update.'),
  },
  {
    defaults: (draft) => {
      if (draft['type'] !== 'RollingUpdate') return;
      draft['rollingUpdate'] = { maxUnavailable: 1, maxSurge: 0, ...(draft['rollingUpdate'] as object | undefined) };
    },
  },
);
export interface DaemonSetUpdateStrategy extends Infer<typeof DaemonSetUpdateStrategy> {}

export const DaemonSetSpec = struct('io.k8s.api.apps.v1.DaemonSetSpec', 'Which pods run, and how they are updated.', {
  selector: of(1, LabelSelector).required().doc('Which pods belong to it.'),
  template: of(2, PodTemplateSpec).required().doc('The pod that is made on each node.'),
  updateStrategy: of(3, DaemonSetUpdateStrategy)
    .default({})
    .always()
    .doc('How pods are replaced when the template changes.'),
  minReadySeconds: int32(4).doc('How many seconds a new pod must be ready before it counts as available.'),
  revisionHistoryLimit: int32(6).default(10).pointer().doc('How many old revisions are kept for going back.'),
});
export interface DaemonSetSpec extends Infer<typeof DaemonSetSpec> {}

export const DaemonSetCondition = struct(
  'io.k8s.api.apps.v1.DaemonSetCondition',
  'One statement about the state of a DaemonSet.',
  {
    type: string(1).required().doc('Which sort it is.'),
    status: string(2).required().doc('`True`, `False` or `Unknown`.'),
    lastTransitionTime: time(3).doc('When the status of this condition changed last.'),
    reason: string(4).doc('One word in camel case for programs that says why.'),
    message: string(5).doc('Explanation for a human reader.'),
  },
);
export interface DaemonSetCondition extends Infer<typeof DaemonSetCondition> {}

export const DaemonSetStatus = struct('io.k8s.api.apps.v1.DaemonSetStatus', 'On how many nodes the pod runs.', {
  currentNumberScheduled: int32(1).required().doc('How many nodes have a pod and should.'),
  numberMisscheduled: int32(2).required().doc('How many nodes have a pod and should not.'),
  desiredNumberScheduled: int32(3).required().doc('How many nodes should have a pod.'),
  numberReady: int32(4).required().doc('How many nodes have a pod that is ready.'),
  observedGeneration: int64(5).doc('The generation of the object that this status is about.'),
  updatedNumberScheduled: int32(6).doc('How many nodes have a pod of the newest template.'),
  numberAvailable: int32(7).doc('How many nodes have a pod that has been ready for long enough.'),
  numberUnavailable: int32(8).doc('How many nodes should have an available pod and have none.'),
  collisionCount: int32(9).pointer().doc('How often a generated name was taken already; it makes the next one differ.'),
  conditions: list(10, DaemonSetCondition)
    .listMap('type')
    .merge('type')
    .doc('Statements about its state, one per type.'),
});
export interface DaemonSetStatus extends Infer<typeof DaemonSetStatus> {}

interface Row extends KubernetesObject {
  readonly spec?: DaemonSetSpec;
  readonly status?: DaemonSetStatus;
}

function count(name: string, doc: string, value: (status: DaemonSetStatus) => number | undefined): Column<Row> {
  return { name, type: 'integer', doc, value: ({ status }) => (status === undefined ? 0 : (value(status) ?? 0)) };
}

/** How many templates there have been: it was a field once, and clients still read it, here and on pods. */
export const templateGenerationAnnotation = 'deprecated.daemonset.template.generation';

function countTemplates(draft: Record<string, unknown>, generation: number): void {
  const metadata = draft['metadata'] as { annotations?: Readonly<Record<string, string>> };
  metadata.annotations = { ...metadata.annotations, [templateGenerationAnnotation]: String(generation) };
}

export const DaemonSet = defineKind({
  group: 'apps',
  version: 'v1',
  kind: 'DaemonSet',
  plural: 'daemonsets',
  shortNames: ['ds'],
  categories: ['all'],
  scope: 'Namespaced',
  package: 'io.k8s.api.apps.v1',
  doc: 'Runs one pod on every node, or on some of them.',
  fields: {
    spec: of(2, DaemonSetSpec).always().doc('What is wanted.'),
    status: of(3, DaemonSetStatus).always().doc('What was observed last.'),
  },
  subresources: { status: true },
  prepareCreate: (draft) => countTemplates(draft, 1),
  prepareUpdate: (draft, old) => {
    const before = Number(old.metadata.annotations?.[templateGenerationAnnotation] ?? 0);
    const changed = !deepEqual((draft['spec'] as DaemonSetSpec | undefined)?.template, old.spec?.template);
    countTemplates(draft, changed ? before + 1 : before);
  },
  columns: [
    nameColumn,
    count('Desired', 'Nodes that should run a pod.', (status) => status.desiredNumberScheduled),
    count('Current', 'Nodes that have a pod.', (status) => status.currentNumberScheduled),
    count('Ready', 'Nodes whose pod is ready.', (status) => status.numberReady),
    count(
      'Up-to-date',
      'Nodes whose pod is made from the present template.',
      (status) => status.updatedNumberScheduled,
    ),
    count('Available', 'Nodes whose pod has been ready for long enough.', (status) => status.numberAvailable),
    {
      name: 'Node Selector',
      type: 'string',
      doc: 'Labels of the nodes that it runs on.',
      value: ({ spec }) => formatLabels(spec?.template?.spec?.nodeSelector),
    },
    ageColumn,
    ...templateColumns<Row>(({ spec }) => spec?.template),
    selectorColumn<Row>(({ spec }) => spec?.selector),
  ],
  validate: ({ spec }, old) => daemonSetFaults(spec ?? {}, old?.spec),
  validateStatusUpdate: ({ status }, old) => daemonSetStatusFaults(status ?? {}, old.status ?? {}),
  warnings: (set, old) => templateWarnings(set, old),
});
export interface DaemonSet extends ObjectOf<typeof DaemonSet> {}
