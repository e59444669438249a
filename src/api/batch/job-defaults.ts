/** Defaults of jobs, and the labels by which a job knows its pods. */
import type { ObjectMeta } from '../meta/object-meta.ts';
import { fillAbsent, type Editable } from '../rules/draft.ts';
import type { JobSpec } from './job.ts';

const maxInt32 = 2 ** 31 - 1;

interface JobDraft {
  metadata?: Editable<ObjectMeta>;
  spec?: Editable<JobSpec>;
}

export function jobDefaults(draft: Record<string, unknown>): void {
  const job = draft as JobDraft;
  const spec = (job.spec ??= {});
  // Jobs of a work queue say how many pods work, and not how many must succeed.
  if (spec.parallelism === undefined) fillAbsent(spec, 'completions', 1);
  fillAbsent(spec, 'parallelism', 1);
  fillAbsent(spec, 'backoffLimit', spec.backoffLimitPerIndex === undefined ? 6 : maxInt32);
  fillAbsent(spec, 'completionMode', 'NonIndexed');
  fillAbsent(spec, 'suspend', false);
  fillAbsent(spec, 'manualSelector', false);
  fillAbsent(spec, 'podReplacementPolicy', spec.podFailurePolicy === undefined ? 'TerminatingOrFailed' : 'Failed');
  const labels = spec.template?.metadata?.labels;
  const metadata = (job.metadata ??= {});
  if (labels !== undefined && Object.keys(metadata.labels ?? {}).length === 0) metadata.labels = { ...labels };
}

export const uidLabel = 'batch.kubernetes.io/controller-uid';
export const nameLabel = 'batch.kubernetes.io/job-name';

/** Pods are told apart by the job's uid, unless the client selects them itself. */
export function generateSelector(draft: Record<string, unknown>): void {
  const { metadata, spec } = draft as JobDraft;
  draft['status'] = {};
  if (spec === undefined || metadata?.uid === undefined || spec.manualSelector === true) return;
  const { uid, name = '' } = metadata;
  const own = { 'job-name': name, [nameLabel]: name, 'controller-uid': uid, [uidLabel]: uid };
  const template = (spec.template ??= {});
  // What the client has put there stays: validation refuses what belongs to another job, such as a copied one's.
  template.metadata = { ...template.metadata, labels: { ...own, ...template.metadata?.labels } };
  spec.selector = { ...spec.selector, matchLabels: { [uidLabel]: uid, ...spec.selector?.matchLabels } };
}
