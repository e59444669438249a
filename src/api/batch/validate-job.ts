/** Jobs: how many pods, which failures count, and what stays once it is made. */
import { invalid, notSupported, required, tooLong, type Fault } from '../../schema/fault.ts';
import { checkDns1123Label, checkDomainPrefixedPath } from '../../schema/names.ts';
import { matches, selectorOf } from '../../schema/selector.ts';
import type { PodSpec } from '../core/pod-spec.ts';
import type { PodTemplateSpec } from '../core/pod-template-spec.ts';
import { podTemplateFaults } from '../core/validate-pod-template.ts';
import { mismatchFaults } from '../apps/validate-workload.ts';
import type { LabelSelector } from '../meta/label-selector.ts';
import type { ObjectMeta } from '../meta/object-meta.ts';
import { sameMeaning } from '../rules/equal.ts';
import { immutableFaults, nonNegativeFaults } from '../rules/faults.ts';
import { labelSelectorFaults } from '../rules/label-selector.ts';
import type { Loose } from '../rules/loose.ts';
import type { JobSpec, JobStatus } from './job.ts';
import { nameLabel, uidLabel } from './job-defaults.ts';
import { failurePolicyFaults, successPolicyFaults } from './validate-job-policies.ts';

export interface JobLike {
  readonly metadata?: Loose<ObjectMeta> | undefined;
  readonly spec?: Loose<JobSpec> | undefined;
  readonly status?: Loose<JobStatus> | undefined;
}

type Spec = Loose<JobSpec>;

const maxManager = 63;
const maxParallel = 100_000;
const maxFailedIndexes = 100_000;
/** Above so many completions, an index that fails costs so much that the counts below are kept lower. */
const manyCompletions = 100_000;
const maxParallelOfMany = 10_000;
const maxFailedOfMany = 10_000;

export function jobFaults(job: JobLike, old: JobLike | undefined): Fault[] {
  const spec = job.spec ?? {};
  return [
    ...labelFaults(job, old),
    ...jobSpecFaults(spec, 'spec'),
    ...(spec.selector === undefined
      ? [required('spec.selector')]
      : labelSelectorFaults(spec.selector, 'spec.selector')),
    ...mismatchFaults(spec.selector, spec.template),
    ...podNameFaults(job),
    ...(old === undefined ? [] : updateFaults(spec, old)),
  ];
}

/** The server has put these labels on the template, and selects by one of them; a client's own would be in the way. */
function labelFaults({ metadata, spec }: JobLike, old: JobLike | undefined): Fault[] {
  if (spec?.manualSelector === true || spec?.selector === undefined) return [];
  const { uid = '', name = '' } = metadata ?? {};
  const labels = byKey(spec.template?.metadata?.labels ?? {});
  const prefixed = { [uidLabel]: uid, [nameLabel]: name };
  const expected = { 'controller-uid': uid, 'job-name': name, ...(mayLack(old) ? {} : prefixed) };
  const faults = Object.entries(expected).flatMap(([key, value]) => {
    if (labels[key] === value) return [];
    const path = `spec.template.metadata.labels[${key}]`;
    const text = `must be '${value}'`;
    return [labels[key] === undefined ? required(path, text) : invalid(path, labels, text)];
  });
  return [...faults, ...foreignSelectorFaults(spec.selector, expected)];
}

/** A selector that is broken is complained of elsewhere. */
function foreignSelectorFaults(selector: Loose<LabelSelector>, own: Readonly<Record<string, string>>): Fault[] {
  if (labelSelectorFaults(selector, '').length > 0 || matches(selectorOf(selector as LabelSelector), own)) return [];
  return [invalid('spec.selector', selector, '`selector` not auto-generated')];
}

/** As Go prints maps. */
function byKey<T>(entries: Readonly<Record<string, T>>): Readonly<Record<string, T>> {
  return Object.fromEntries(Object.entries(entries).toSorted(([one], [other]) => (one < other ? -1 : 1)));
}

/** Jobs of a time before those labels had a prefix may go on without. */
function mayLack(old: JobLike | undefined): boolean {
  const labels = old?.spec?.template?.metadata?.labels;
  return old !== undefined && [nameLabel, uidLabel].some((key) => labels?.[key] === undefined);
}

/** Pods of an indexed job are named after their index. */
function podNameFaults({ metadata, spec }: JobLike): Fault[] {
  const completions = spec?.completions ?? 0;
  if (spec?.completionMode !== 'Indexed' || completions <= 0) return [];
  const longest = `${metadata?.name ?? ''}-${completions - 1}`;
  if (checkDns1123Label(longest).length === 0) return [];
  const text = `will not able to create pod with invalid DNS label: ${longest}`;
  return [invalid('metadata.name', metadata?.name ?? '', text)];
}

const counts = [
  'parallelism',
  'completions',
  'activeDeadlineSeconds',
  'backoffLimit',
  'ttlSecondsAfterFinished',
  'backoffLimitPerIndex',
  'maxFailedIndexes',
] as const;

/** Also of the jobs that a CronJob makes. */
export function jobSpecFaults(spec: Spec, path: string): Fault[] {
  return [
    ...counts.flatMap((field) => nonNegativeFaults(`${path}.${field}`, spec[field])),
    ...(spec.maxFailedIndexes !== undefined && spec.backoffLimitPerIndex === undefined
      ? [required(`${path}.backoffLimitPerIndex`, 'when maxFailedIndexes is specified')]
      : []),
    ...(spec.managedBy === undefined ? [] : managerFaults(spec.managedBy, `${path}.managedBy`)),
    ...(spec.completionMode === 'Indexed' ? indexedFaults(spec, path) : plainFaults(spec, path)),
    ...failurePolicyFaults(spec, `${path}.podFailurePolicy`),
    ...successPolicyFaults(spec, `${path}.successPolicy`),
    ...replacementFaults(spec, `${path}.podReplacementPolicy`),
    ...podTemplateFaults(spec.template ?? {}, `${path}.template`),
    ...restartFaults(spec, `${path}.template.spec.restartPolicy`),
  ];
}

function managerFaults(manager: string, path: string): Fault[] {
  return [
    ...checkDomainPrefixedPath(manager).map(({ part, text }) => invalid(path, part, text)),
    ...(manager.length > maxManager ? [tooLong(path, maxManager)] : []),
  ];
}

function plainFaults(spec: Spec, path: string): Fault[] {
  const text = 'requires indexed completion mode';
  return (['backoffLimitPerIndex', 'maxFailedIndexes'] as const)
    .filter((field) => spec[field] !== undefined)
    .map((field) => invalid(`${path}.${field}`, spec[field], text));
}

function indexedFaults(spec: Spec, path: string): Fault[] {
  const { completions, parallelism, maxFailedIndexes: failed } = spec;
  const parallel = `must be less than or equal to ${maxParallel} when completion mode is Indexed`;
  return [
    ...(completions === undefined ? [required(`${path}.completions`, 'when completion mode is Indexed')] : []),
    ...atMost(`${path}.parallelism`, parallelism, maxParallel, parallel),
    ...atMost(`${path}.maxFailedIndexes`, failed, completions ?? Infinity, 'must be less than or equal to completions'),
    ...atMost(
      `${path}.maxFailedIndexes`,
      failed,
      maxFailedIndexes,
      `must be less than or equal to ${maxFailedIndexes}`,
    ),
    ...manyFaults(spec, path),
  ];
}

function atMost(path: string, value: number | undefined, limit: number, text: string): Fault[] {
  return value !== undefined && value > limit ? [invalid(path, value, text)] : [];
}

function manyFaults(spec: Spec, path: string): Fault[] {
  if ((spec.completions ?? 0) <= manyCompletions || spec.backoffLimitPerIndex === undefined) return [];
  const text = (limit: number): string =>
    `must be less than or equal to ${limit} when completions are above ${manyCompletions} and used with backoff limit per index`;
  const missing = `must be specified when completions is above ${manyCompletions}`;
  return [
    ...(spec.maxFailedIndexes === undefined ? [required(`${path}.maxFailedIndexes`, missing)] : []),
    ...atMost(`${path}.parallelism`, spec.parallelism, maxParallelOfMany, text(maxParallelOfMany)),
    ...atMost(`${path}.maxFailedIndexes`, spec.maxFailedIndexes, maxFailedOfMany, text(maxFailedOfMany)),
  ];
}

function replacementFaults({ podReplacementPolicy: policy, podFailurePolicy }: Spec, path: string): Fault[] {
  if (policy === undefined) return [];
  const allowed = podFailurePolicy === undefined ? ['Failed', 'TerminatingOrFailed'] : ['Failed'];
  return allowed.includes(policy) ? [] : [notSupported(path, policy, allowed)];
}

/** A pod that always runs again never succeeds; a template that says nothing has got just that by default. */
function restartFaults({ template, podFailurePolicy }: Spec, path: string): Fault[] {
  const policy: string = template?.spec?.restartPolicy ?? '';
  if (policy === '' || policy === 'Always') return [required(path, 'valid values: "OnFailure", "Never"')];
  if (policy !== 'OnFailure' && policy !== 'Never') return [notSupported(path, policy, ['OnFailure', 'Never'])];
  if (podFailurePolicy === undefined || policy === 'Never') return [];
  return [invalid(path, policy, 'only "Never" is supported when podFailurePolicy is specified')];
}

const fixed = ['completionMode', 'podFailurePolicy', 'backoffLimitPerIndex', 'managedBy', 'successPolicy'] as const;

function updateFaults(spec: Spec, old: JobLike): Fault[] {
  const before = old.spec ?? {};
  return [
    ...completionsFaults(spec, before),
    ...immutableFaults('spec.selector', spec.selector, before.selector),
    ...immutableFaults('spec.template', withOldDirectives(spec.template, old), before.template),
    ...fixed.flatMap((field) => immutableFaults(`spec.${field}`, spec[field], before[field])),
  ];
}

/** An indexed job may grow and shrink, with as many pods at a time as it has indexes. */
function completionsFaults(spec: Spec, old: Spec): Fault[] {
  const path = 'spec.completions';
  if (spec.completionMode !== 'Indexed') return immutableFaults(path, spec.completions, old.completions);
  if (spec.completions === undefined || sameMeaning(spec.completions, old.completions)) return [];
  if (spec.completions === spec.parallelism) return [];
  return [invalid(path, spec.completions, 'can only be modified in tandem with spec.parallelism')];
}

type Template = Loose<PodTemplateSpec> | undefined;

/** A job that is suspended and never ran may still be told where its pods go. */
function withOldDirectives(template: Template, { spec, status }: JobLike): Template {
  const waiting = spec?.suspend === true && (status?.startTime ?? undefined) === undefined;
  if (!waiting || template === undefined) return template;
  const { annotations, labels } = spec.template?.metadata ?? {};
  return {
    ...template,
    metadata: { ...template.metadata, annotations, labels },
    spec: withOldPlacement(template.spec ?? {}, spec.template?.spec ?? {}),
  };
}

function withOldPlacement(spec: Loose<PodSpec>, old: Loose<PodSpec>): Loose<PodSpec> {
  const { nodeSelector, tolerations, schedulingGates } = old;
  const affinity = { ...spec.affinity, nodeAffinity: old.affinity?.nodeAffinity };
  return { ...spec, nodeSelector, tolerations, schedulingGates, affinity };
}
