import { defineKind, type ObjectOf } from '../kind.ts';
import { boolean, int32, int64, list, of, string, struct, time, type Infer } from '../../schema/field.ts';
import { PodTemplateSpec } from '../core/pod-template-spec.ts';
import { LabelSelector } from '../meta/label-selector.ts';
import { jobColumns } from './job-columns.ts';
import { generateSelector, jobDefaults } from './job-defaults.ts';
import { jobFaults } from './validate-job.ts';
import { jobStatusFaults } from './validate-job-status.ts';

export const PodFailurePolicyOnExitCodesRequirement = struct(
  'io.k8s.api.batch.v1.PodFailurePolicyOnExitCodesRequirement',
  '',
  {
    containerName: string(1).pointer(),
    operator: string(2).known<'In' | 'NotIn'>().present(),
    values: list(3, int32()).listSet().present(),
  },
);
export interface PodFailurePolicyOnExitCodesRequirement extends Infer<typeof PodFailurePolicyOnExitCodesRequirement> {}

export const PodFailurePolicyOnPodConditionsPattern = struct(
  'io.k8s.api.batch.v1.PodFailurePolicyOnPodConditionsPattern',
  '',
  {
    type: string(1).present(),
    status: string(2).default('True').always(),
  },
);
export interface PodFailurePolicyOnPodConditionsPattern extends Infer<typeof PodFailurePolicyOnPodConditionsPattern> {}

export const PodFailurePolicyRule = struct('io.k8s.api.batch.v1.PodFailurePolicyRule', '', {
  action: string(1).known<'FailJob' | 'FailIndex' | 'Ignore' | 'Count'>().present(),
  onExitCodes: of(2, PodFailurePolicyOnExitCodesRequirement),
  onPodConditions: list(3, PodFailurePolicyOnPodConditionsPattern),
});
export interface PodFailurePolicyRule extends Infer<typeof PodFailurePolicyRule> {}

export const PodFailurePolicy = struct('io.k8s.api.batch.v1.PodFailurePolicy', '', {
  rules: list(1, PodFailurePolicyRule).present(),
});
export interface PodFailurePolicy extends Infer<typeof PodFailurePolicy> {}

export const SuccessPolicyRule = struct('io.k8s.api.batch.v1.SuccessPolicyRule', '', {
  succeededIndexes: string(1).pointer(),
  succeededCount: int32(2).pointer(),
});
export interface SuccessPolicyRule extends Infer<typeof SuccessPolicyRule> {}

export const SuccessPolicy = struct('io.k8s.api.batch.v1.SuccessPolicy', '', {
  rules: list(1, SuccessPolicyRule).present(),
});
export interface SuccessPolicy extends Infer<typeof SuccessPolicy> {}

export const JobSpec = struct('io.k8s.api.batch.v1.JobSpec', '', {
  parallelism: int32(1).pointer(),
  completions: int32(2).pointer(),
  activeDeadlineSeconds: int64(3).pointer(),
  podFailurePolicy: of(11, PodFailurePolicy),
  successPolicy: of(16, SuccessPolicy),
  backoffLimit: int32(7).pointer(),
  backoffLimitPerIndex: int32(12).pointer(),
  maxFailedIndexes: int32(13).pointer(),
  selector: of(4, LabelSelector),
  manualSelector: boolean(5).pointer(),
  template: of(6, PodTemplateSpec).required(),
  ttlSecondsAfterFinished: int32(8).pointer(),
  completionMode: string(9).enum('NonIndexed', 'Indexed').pointer(),
  suspend: boolean(10).pointer(),
  podReplacementPolicy: string(14).known<'TerminatingOrFailed' | 'Failed'>().pointer(),
  managedBy: string(15).pointer(),
});
export interface JobSpec extends Infer<typeof JobSpec> {}

export const JobCondition = struct('io.k8s.api.batch.v1.JobCondition', '', {
  type: string(1).required(),
  status: string(2).required(),
  lastProbeTime: time(3),
  lastTransitionTime: time(4),
  reason: string(5),
  message: string(6),
});
export interface JobCondition extends Infer<typeof JobCondition> {}

export const UncountedTerminatedPods = struct('io.k8s.api.batch.v1.UncountedTerminatedPods', '', {
  succeeded: list(1, string()).listSet(),
  failed: list(2, string()).listSet(),
});
export interface UncountedTerminatedPods extends Infer<typeof UncountedTerminatedPods> {}

export const JobStatus = struct('io.k8s.api.batch.v1.JobStatus', '', {
  conditions: list(1, JobCondition).merge('type'),
  startTime: time(2),
  completionTime: time(3),
  active: int32(4),
  succeeded: int32(5),
  failed: int32(6),
  terminating: int32(11).pointer(),
  completedIndexes: string(7),
  failedIndexes: string(10).pointer(),
  uncountedTerminatedPods: of(8, UncountedTerminatedPods),
  ready: int32(9).pointer(),
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
  doc: '',
  fields: {
    spec: of(2, JobSpec).always(),
    status: of(3, JobStatus).always(),
  },
  subresources: { status: true },
  columns: jobColumns,
  selectable: { 'status.successful': ({ status }) => String(status?.succeeded ?? 0) },
  defaults: jobDefaults,
  prepareCreate: generateSelector,
  validate: (job, old) => jobFaults(job, old),
  validateStatusUpdate: (job, old) => jobStatusFaults(job, old),
});
export interface Job extends ObjectOf<typeof Job> {}
