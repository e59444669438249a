import { defineKind, type ObjectOf } from '../kind.ts';
import { boolean, int32, int64, list, of, string, struct, time, type Infer } from '../../schema/field.ts';
import { PodTemplateSpec } from '../core/pod-template-spec.ts';
import { LabelSelector } from '../meta/label-selector.ts';
import { jobColumns } from './job-columns.ts';
import { generateSelector, jobDefaults } from './job-defaults.ts';
import { jobFaults, jobWarnings } from './validate-job.ts';
import { jobStatusFaults } from './validate-job-status.ts';

export const PodFailurePolicyOnExitCodesRequirement = struct(
  'io.k8s.api.batch.v1.PodFailurePolicyOnExitCodesRequirement',
  'Some exit codes.',
  {
    containerName: string(1).pointer().doc('The container; any when left out.'),
    operator: string(2).known<'In' | 'NotIn'>().present().doc('`In` or `NotIn`.'),
    values: list(3, int32()).listSet().present().doc('The exit codes.'),
  },
);
export interface PodFailurePolicyOnExitCodesRequirement extends Infer<typeof PodFailurePolicyOnExitCodesRequirement> {}

export const PodFailurePolicyOnPodConditionsPattern = struct(
  'io.k8s.api.batch.v1.PodFailurePolicyOnPodConditionsPattern',
  'A condition of the pod.',
  {
    type: string(1).present().doc('Type of the condition.'),
    status: string(2).default('True').always().doc('Its status.'),
  },
);
export interface PodFailurePolicyOnPodConditionsPattern extends Infer<typeof PodFailurePolicyOnPodConditionsPattern> {}

export const PodFailurePolicyRule = struct(
  'io.k8s.api.batch.v1.PodFailurePolicyRule',
  'What one sort of failure means.',
  {
    action: string(1)
      .known<'FailJob' | 'FailIndex' | 'Ignore' | 'Count'>()
      .present()
      .doc('`FailJob`, `FailIndex`, `Ignore` or `Count`.'),
    onExitCodes: of(2, PodFailurePolicyOnExitCodesRequirement).doc('Exit codes that are meant.'),
    onPodConditions: list(3, PodFailurePolicyOnPodConditionsPattern).doc('Conditions of the pod that are meant.'),
  },
);
export interface PodFailurePolicyRule extends Infer<typeof PodFailurePolicyRule> {}

export const PodFailurePolicy = struct('io.k8s.api.batch.v1.PodFailurePolicy', 'What certain failures of pods mean.', {
  rules: list(1, PodFailurePolicyRule).present().doc('Rules of which the first that matches counts.'),
});
export interface PodFailurePolicy extends Infer<typeof PodFailurePolicy> {}

export const SuccessPolicyRule = struct('io.k8s.api.batch.v1.SuccessPolicyRule', 'Which successes are enough.', {
  succeededIndexes: string(1).pointer().doc('Indexes that must have succeeded, such as `0,2-4`.'),
  succeededCount: int32(2).pointer().doc('How many of them are enough.'),
});
export interface SuccessPolicyRule extends Infer<typeof SuccessPolicyRule> {}

export const SuccessPolicy = struct('io.k8s.api.batch.v1.SuccessPolicy', 'When a job has succeeded early.', {
  rules: list(1, SuccessPolicyRule).present().doc('Rules of which one is enough.'),
});
export interface SuccessPolicy extends Infer<typeof SuccessPolicy> {}

export const JobSpec = struct('io.k8s.api.batch.v1.JobSpec', 'Which pods, how often, and what failure means.', {
  parallelism: int32(1).pointer().doc('How many pods may run at the same time.'),
  completions: int32(2).pointer().doc('How many pods must succeed; when left out, one success ends the job.'),
  activeDeadlineSeconds: int64(3).pointer().doc('After how many seconds the job is stopped and counts as failed.'),
  podFailurePolicy: of(11, PodFailurePolicy).doc('What certain failures of pods mean.'),
  successPolicy: of(16, SuccessPolicy).doc('When the job has succeeded although pods are missing.'),
  backoffLimit: int32(7).pointer().doc('How often it is tried again.'),
  backoffLimitPerIndex: int32(12).pointer().doc('How often each index is tried again.'),
  maxFailedIndexes: int32(13).pointer().doc('How many indexes may fail before the job does.'),
  selector: of(4, LabelSelector).doc('Which pods belong to it; made by the server.'),
  manualSelector: boolean(5).pointer().doc("Whether the selector is the user's own."),
  template: of(6, PodTemplateSpec).required().doc('The pod that is made.'),
  ttlSecondsAfterFinished: int32(8).pointer().doc('How many seconds after its end the job is deleted.'),
  completionMode: string(9)
    .enum('NonIndexed', 'Indexed')
    .pointer()
    .doc('`NonIndexed`, or `Indexed` for pods with numbers.'),
  suspend: boolean(10).pointer().doc('Whether it is held, without pods.'),
  podReplacementPolicy: string(14)
    .known<'TerminatingOrFailed' | 'Failed'>()
    .pointer()
    .doc('Whether a pod is replaced when it begins to go, or when it has gone.'),
  managedBy: string(15).pointer().doc('The controller responsible, when it is not the usual one.'),
});
export interface JobSpec extends Infer<typeof JobSpec> {}

export const JobCondition = struct('io.k8s.api.batch.v1.JobCondition', 'One statement about the state of a job.', {
  type: string(1).required().doc('Such as `Complete`, `Failed` or `Suspended`.'),
  status: string(2).required().doc('`True`, `False` or `Unknown`.'),
  lastProbeTime: time(3).doc('When this was checked last.'),
  lastTransitionTime: time(4).doc('When the status of this condition changed last.'),
  reason: string(5).doc('One word in camel case for programs that says why.'),
  message: string(6).doc('Explanation for a human reader.'),
});
export interface JobCondition extends Infer<typeof JobCondition> {}

export const UncountedTerminatedPods = struct(
  'io.k8s.api.batch.v1.UncountedTerminatedPods',
  'Pods that have ended and are not counted yet.',
  {
    succeeded: list(1, string()).listSet().doc('Ids of those that succeeded.'),
    failed: list(2, string()).listSet().doc('Ids of those that failed.'),
  },
);
export interface UncountedTerminatedPods extends Infer<typeof UncountedTerminatedPods> {}

export const JobStatus = struct('io.k8s.api.batch.v1.JobStatus', 'How far a job has come.', {
  conditions: list(1, JobCondition).merge('type').doc('Statements about its state, one per type.'),
  startTime: time(2).doc('When it was started.'),
  completionTime: time(3).doc('When it had succeeded.'),
  active: int32(4).doc('How many pods run or wait.'),
  succeeded: int32(5).doc('How many pods have succeeded.'),
  failed: int32(6).doc('How many pods have failed.'),
  terminating: int32(11).pointer().doc('How many pods are on their way out.'),
  completedIndexes: string(7).doc('Indexes that have succeeded.'),
  failedIndexes: string(10).pointer().doc('Indexes that have failed.'),
  uncountedTerminatedPods: of(8, UncountedTerminatedPods).doc('Pods that have ended and are not counted yet.'),
  ready: int32(9).pointer().doc('How many pods are ready.'),
});
export interface JobStatus extends Infer<typeof JobStatus> {}

export const Job = defineKind({
  group: 'batch',
  version: 'v1',
  kind: 'Job',
  plural: 'jobs',
  categories: ['all'],
  scope: 'Namespaced',
  package: 'io.k8s.api.batch.v1',
  doc: 'Runs pods until enough of them have succeeded.',
  fields: {
    spec: of(2, JobSpec).always().doc('What is wanted.'),
    status: of(3, JobStatus).always().doc('What was observed last.'),
  },
  subresources: { status: true },
  columns: jobColumns,
  selectable: { 'status.successful': ({ status }) => String(status?.succeeded ?? 0) },
  defaults: jobDefaults,
  prepareCreate: generateSelector,
  validate: (job, old) => jobFaults(job, old),
  validateStatusUpdate: (job, old) => jobStatusFaults(job, old),
  warnings: (job, old) => jobWarnings(job, old),
});
export interface Job extends ObjectOf<typeof Job> {}
