import { defineKind, type KubernetesObject, type ObjectOf } from '../kind.ts';
import { boolean, int32, int64, intOrString, list, of, string, struct, time, type Infer } from '../../schema/field.ts';
import { PodTemplateSpec } from '../core/pod-template-spec.ts';
import { templateColumns } from '../core/workload-columns.ts';
import { LabelSelector } from '../meta/label-selector.ts';
import { ageColumn, nameColumn } from '../rules/columns.ts';
import { selectorColumn } from './selector-column.ts';
import { deploymentFaults, deploymentStatusFaults } from './validate-deployment.ts';

export const RollingUpdateDeployment = struct(
  'io.k8s.api.apps.v1.RollingUpdateDeployment',
  "The pace of a Deployment's rollout.",
  {
    maxUnavailable: intOrString(1)
      .pointer()
      .doc('How many pods may be missing during an update, as a number or a percentage.'),
    maxSurge: intOrString(2)
      .pointer()
      .doc('How many pods may exist beyond the wanted number during an update, as a number or a percentage.'),
  },
);
export interface RollingUpdateDeployment extends Infer<typeof RollingUpdateDeployment> {}

export const DeploymentStrategy = struct(
  'io.k8s.api.apps.v1.DeploymentStrategy',
  'How old pods are replaced by new ones.',
  {
    type: string(1)
      .known<'Recreate' | 'RollingUpdate'>()
      .default('RollingUpdate')
      .doc('`RollingUpdate` or `Recreate`.'),
    rollingUpdate: of(2, RollingUpdateDeployment).doc('The pace of a rolling update.'),
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

export const DeploymentSpec = struct(
  'io.k8s.api.apps.v1.DeploymentSpec',
  'Which pods, how many, and how they are replaced.',
  {
    replicas: int32(1).default(1).pointer().doc('How many pods there should be; 1 when left out.'),
    selector: of(2, LabelSelector).required().doc('Which pods belong to it.'),
    template: of(3, PodTemplateSpec).required().doc('The pod that is made; changing it starts a rollout.'),
    strategy: of(4, DeploymentStrategy).retainKeys().default({}).always().doc('How old pods are replaced by new ones.'),
    minReadySeconds: int32(5).doc('How many seconds a new pod must be ready before it counts as available.'),
    revisionHistoryLimit: int32(6).default(10).pointer().doc('How many old revisions are kept for going back.'),
    paused: boolean(7).doc('Whether changes of the template wait.'),
    progressDeadlineSeconds: int32(9)
      .default(600)
      .pointer()
      .doc('After how many seconds without progress a rollout counts as failed.'),
  },
);
export interface DeploymentSpec extends Infer<typeof DeploymentSpec> {}

export const DeploymentCondition = struct(
  'io.k8s.api.apps.v1.DeploymentCondition',
  'One statement about the state of a Deployment.',
  {
    type: string(1).required().doc('`Available`, `Progressing` or `ReplicaFailure`.'),
    status: string(2).required().doc('`True`, `False` or `Unknown`.'),
    lastUpdateTime: time(6).doc('When this condition was written last.'),
    lastTransitionTime: time(7).doc('When the status of this condition changed last.'),
    reason: string(4).doc('One word in camel case for programs that says why.'),
    message: string(5).doc('Explanation for a human reader.'),
  },
);
export interface DeploymentCondition extends Infer<typeof DeploymentCondition> {}

export const DeploymentStatus = struct('io.k8s.api.apps.v1.DeploymentStatus', 'How far a rollout has come.', {
  observedGeneration: int64(1).doc('The generation of the object that this status is about.'),
  replicas: int32(2).doc('How many pods there are, old and new.'),
  updatedReplicas: int32(3).doc('How many pods have the newest template.'),
  readyReplicas: int32(7).doc('How many pods are ready.'),
  availableReplicas: int32(4).doc('How many pods have been ready for long enough.'),
  unavailableReplicas: int32(5).doc('How many pods are missing or not yet available.'),
  terminatingReplicas: int32(9).pointer().doc('How many pods are on their way out.'),
  conditions: list(6, DeploymentCondition)
    .listMap('type')
    .merge('type')
    .doc('Statements about its state, one per type.'),
  collisionCount: int32(8).pointer().doc('How often a generated name was taken already; it makes the next one differ.'),
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
  doc: 'Runs a number of equal pods and replaces them step by step when the template changes.',
  fields: {
    spec: of(2, DeploymentSpec).always().doc('What is wanted.'),
    status: of(3, DeploymentStatus).always().doc('What was observed last.'),
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
