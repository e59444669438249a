import { defineKind, type Column, type KubernetesObject, type ObjectOf } from '../kind.ts';
import { int32, int64, intOrString, list, of, string, struct, time, type Infer } from '../../schema/field.ts';
import { PodTemplateSpec } from '../core/pod-template-spec.ts';
import { templateColumns } from '../core/workload-columns.ts';
import { LabelSelector } from '../meta/label-selector.ts';
import { ageColumn, nameColumn } from '../rules/columns.ts';
import { formatLabels } from '../rules/format-labels.ts';
import { selectorColumn } from './selector-column.ts';
import { daemonSetFaults, daemonSetStatusFaults } from './validate-daemon-set.ts';

export const RollingUpdateDaemonSet = struct('io.k8s.api.apps.v1.RollingUpdateDaemonSet', '', {
  maxUnavailable: intOrString(1).pointer(),
  maxSurge: intOrString(2).pointer(),
});
export interface RollingUpdateDaemonSet extends Infer<typeof RollingUpdateDaemonSet> {}

export const DaemonSetUpdateStrategy = struct(
  'io.k8s.api.apps.v1.DaemonSetUpdateStrategy',
  '',
  {
    type: string(1).known<'RollingUpdate' | 'OnDelete'>().default('RollingUpdate'),
    rollingUpdate: of(2, RollingUpdateDaemonSet),
  },
  {
    defaults: (draft) => {
      if (draft['type'] !== 'RollingUpdate') return;
      draft['rollingUpdate'] = { maxUnavailable: 1, maxSurge: 0, ...(draft['rollingUpdate'] as object | undefined) };
    },
  },
);
export interface DaemonSetUpdateStrategy extends Infer<typeof DaemonSetUpdateStrategy> {}

export const DaemonSetSpec = struct('io.k8s.api.apps.v1.DaemonSetSpec', '', {
  selector: of(1, LabelSelector).required(),
  template: of(2, PodTemplateSpec).required(),
  updateStrategy: of(3, DaemonSetUpdateStrategy).default({}).always(),
  minReadySeconds: int32(4),
  revisionHistoryLimit: int32(6).default(10).pointer(),
});
export interface DaemonSetSpec extends Infer<typeof DaemonSetSpec> {}

export const DaemonSetCondition = struct('io.k8s.api.apps.v1.DaemonSetCondition', '', {
  type: string(1).required(),
  status: string(2).required(),
  lastTransitionTime: time(3),
  reason: string(4),
  message: string(5),
});
export interface DaemonSetCondition extends Infer<typeof DaemonSetCondition> {}

export const DaemonSetStatus = struct('io.k8s.api.apps.v1.DaemonSetStatus', '', {
  currentNumberScheduled: int32(1).required(),
  numberMisscheduled: int32(2).required(),
  desiredNumberScheduled: int32(3).required(),
  numberReady: int32(4).required(),
  observedGeneration: int64(5),
  updatedNumberScheduled: int32(6),
  numberAvailable: int32(7),
  numberUnavailable: int32(8),
  collisionCount: int32(9).pointer(),
  conditions: list(10, DaemonSetCondition).listMap('type').merge('type'),
});
export interface DaemonSetStatus extends Infer<typeof DaemonSetStatus> {}

interface Row extends KubernetesObject {
  readonly spec?: DaemonSetSpec;
  readonly status?: DaemonSetStatus;
}

function count(name: string, doc: string, value: (status: DaemonSetStatus) => number | undefined): Column<Row> {
  return { name, type: 'integer', doc, value: ({ status }) => (status === undefined ? 0 : (value(status) ?? 0)) };
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
  doc: '',
  fields: {
    spec: of(2, DaemonSetSpec).always(),
    status: of(3, DaemonSetStatus).always(),
  },
  subresources: { status: true },
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
});
export interface DaemonSet extends ObjectOf<typeof DaemonSet> {}
