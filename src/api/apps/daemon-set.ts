import { defineKind, type ObjectOf } from '../kind.ts';
import { int32, int64, intOrString, list, of, string, struct, time, type Infer } from '../../schema/field.ts';
import { PodTemplateSpec } from '../core/pod-template-spec.ts';
import { LabelSelector } from '../meta/label-selector.ts';

export const RollingUpdateDaemonSet = struct('io.k8s.api.apps.v1.RollingUpdateDaemonSet', '', {
  maxUnavailable: intOrString(1).pointer(),
  maxSurge: intOrString(2).pointer(),
});
export interface RollingUpdateDaemonSet extends Infer<typeof RollingUpdateDaemonSet> {}

export const DaemonSetUpdateStrategy = struct('io.k8s.api.apps.v1.DaemonSetUpdateStrategy', '', {
  type: string(1).enum('RollingUpdate', 'OnDelete'),
  rollingUpdate: of(2, RollingUpdateDaemonSet),
});
export interface DaemonSetUpdateStrategy extends Infer<typeof DaemonSetUpdateStrategy> {}

export const DaemonSetSpec = struct('io.k8s.api.apps.v1.DaemonSetSpec', '', {
  selector: of(1, LabelSelector).required(),
  template: of(2, PodTemplateSpec).required(),
  updateStrategy: of(3, DaemonSetUpdateStrategy).always(),
  minReadySeconds: int32(4),
  revisionHistoryLimit: int32(6).pointer(),
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

export const DaemonSet = defineKind({
  group: 'apps',
  version: 'v1',
  kind: 'DaemonSet',
  plural: 'daemonsets',
  scope: 'Namespaced',
  package: 'io.k8s.api.apps.v1',
  doc: '',
  fields: {
    spec: of(2, DaemonSetSpec).always(),
    status: of(3, DaemonSetStatus).always(),
  },
  subresources: { status: true },
});
export interface DaemonSet extends ObjectOf<typeof DaemonSet> {}
