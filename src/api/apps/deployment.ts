import { defineKind, type KubernetesObject, type ObjectOf } from '../kind.ts';
import { boolean, int32, int64, intOrString, list, of, string, struct, time, type Infer } from '../../schema/field.ts';
import { PodTemplateSpec } from '../core/pod-template-spec.ts';
import { templateColumns } from '../core/workload-columns.ts';
import { LabelSelector } from '../meta/label-selector.ts';
import { ageColumn, nameColumn } from '../rules/columns.ts';
import { selectorColumn } from './selector-column.ts';
import { deploymentFaults, deploymentStatusFaults } from './validate-deployment.ts';

export const RollingUpdateDeployment = struct('io.k8s.api.apps.v1.RollingUpdateDeployment', '', {
  maxUnavailable: intOrString(1).pointer(),
  maxSurge: intOrString(2).pointer(),
});
export interface RollingUpdateDeployment extends Infer<typeof RollingUpdateDeployment> {}

export const DeploymentStrategy = struct(
  'io.k8s.api.apps.v1.DeploymentStrategy',
  '',
  {
    type: string(1).known<'Recreate' | 'RollingUpdate'>().default('RollingUpdate'),
    rollingUpdate: of(2, RollingUpdateDeployment),
  },
  {
    defaults: (draft) => {
      if (draft['type'] !== 'RollingUpdate') return;
      draft['rollingUpdate'] = {
        maxUnavailable: '25%',
        maxSurge: '25%',
        ...(draft['rollingUpdate'] as object | undefined),
      };
    },
  },
);
export interface DeploymentStrategy extends Infer<typeof DeploymentStrategy> {}

export const DeploymentSpec = struct('io.k8s.api.apps.v1.DeploymentSpec', '', {
  replicas: int32(1).default(1).pointer(),
  selector: of(2, LabelSelector).required(),
  template: of(3, PodTemplateSpec).required(),
  strategy: of(4, DeploymentStrategy).retainKeys().default({}).always(),
  minReadySeconds: int32(5),
  revisionHistoryLimit: int32(6).default(10).pointer(),
  paused: boolean(7),
  progressDeadlineSeconds: int32(9).default(600).pointer(),
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

interface Row extends KubernetesObject {
  readonly spec?: DeploymentSpec;
}

export const Deployment = defineKind({
  group: 'apps',
  version: 'v1',
  kind: 'Deployment',
  plural: 'deployments',
  shortNames: ['deploy'],
  categories: ['all'],
  scope: 'Namespaced',
  package: 'io.k8s.api.apps.v1',
  doc: '',
  fields: {
    spec: of(2, DeploymentSpec).always(),
    status: of(3, DeploymentStatus).always(),
  },
  subresources: {
    status: true,
    scale: { replicas: 'spec.replicas', statusReplicas: 'status.replicas', selector: 'spec.selector' },
  },
  columns: [
    nameColumn,
    {
      name: 'Ready',
      type: 'string',
      doc: 'Pods that are ready, of those that should be.',
      value: ({ spec, status }) => `${status?.readyReplicas ?? 0}/${spec?.replicas ?? 0}`,
    },
    {
      name: 'Up-to-date',
      type: 'string',
      doc: 'Pods made from the present template.',
      value: ({ status }) => status?.updatedReplicas ?? 0,
    },
    {
      name: 'Available',
      type: 'string',
      doc: 'Pods that have been ready for long enough.',
      value: ({ status }) => status?.availableReplicas ?? 0,
    },
    ageColumn,
    ...templateColumns<Row>(({ spec }) => spec?.template),
    selectorColumn<Row>(({ spec }) => spec?.selector, ''),
  ],
  validate: ({ spec }, old) => deploymentFaults(spec ?? {}, old?.spec),
  validateStatusUpdate: ({ status }, old) => deploymentStatusFaults(status ?? {}, old.status ?? {}),
});
export interface Deployment extends ObjectOf<typeof Deployment> {}
