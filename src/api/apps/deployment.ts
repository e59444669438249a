import { defineKind, type ObjectOf } from '../kind.ts';
import { boolean, int32, int64, intOrString, list, of, string, struct, time, type Infer } from '../../schema/field.ts';
import { PodTemplateSpec } from '../core/pod-template-spec.ts';
import { LabelSelector } from '../meta/label-selector.ts';

export const RollingUpdateDeployment = struct('io.k8s.api.apps.v1.RollingUpdateDeployment', '', {
  maxUnavailable: intOrString(1).pointer(),
  maxSurge: intOrString(2).pointer(),
});
export interface RollingUpdateDeployment extends Infer<typeof RollingUpdateDeployment> {}

export const DeploymentStrategy = struct('io.k8s.api.apps.v1.DeploymentStrategy', '', {
  type: string(1).enum('Recreate', 'RollingUpdate'),
  rollingUpdate: of(2, RollingUpdateDeployment),
});
export interface DeploymentStrategy extends Infer<typeof DeploymentStrategy> {}

export const DeploymentSpec = struct('io.k8s.api.apps.v1.DeploymentSpec', '', {
  replicas: int32(1).pointer(),
  selector: of(2, LabelSelector).required(),
  template: of(3, PodTemplateSpec).required(),
  strategy: of(4, DeploymentStrategy).retainKeys().always(),
  minReadySeconds: int32(5),
  revisionHistoryLimit: int32(6).pointer(),
  paused: boolean(7),
  progressDeadlineSeconds: int32(9).pointer(),
});
export interface DeploymentSpec extends Infer<typeof DeploymentSpec> {}

export const DeploymentCondition = struct('io.k8s.api.apps.v1.DeploymentCondition', '', {
  type: string(1).required(),
  status: string(2).required(),
  lastUpdateTime: time(6),
  lastTransitionTime: time(7),
  reason: string(4),
  message: string(5),
});
export interface DeploymentCondition extends Infer<typeof DeploymentCondition> {}

export const DeploymentStatus = struct('io.k8s.api.apps.v1.DeploymentStatus', '', {
  observedGeneration: int64(1),
  replicas: int32(2),
  updatedReplicas: int32(3),
  readyReplicas: int32(7),
  availableReplicas: int32(4),
  unavailableReplicas: int32(5),
  terminatingReplicas: int32(9).pointer(),
  conditions: list(6, DeploymentCondition).listMap('type').merge('type'),
  collisionCount: int32(8).pointer(),
});
export interface DeploymentStatus extends Infer<typeof DeploymentStatus> {}

export const Deployment = defineKind({
  group: 'apps',
  version: 'v1',
  kind: 'Deployment',
  plural: 'deployments',
  scope: 'Namespaced',
  package: 'io.k8s.api.apps.v1',
  doc: '',
  fields: {
    spec: of(2, DeploymentSpec).always(),
    status: of(3, DeploymentStatus).always(),
  },
  subresources: { status: true },
});
export interface Deployment extends ObjectOf<typeof Deployment> {}
