/**
 * `matchLabelKeys` and `mismatchLabelKeys` stand for a new pod's own labels. They are written into its selectors when it
 * is made, so that whoever reads the selectors needs no more than those.
 */
import type { Editable } from '../rules/draft.ts';
import type { LabelSelector } from '../meta/label-selector.ts';
import type { PodSpec } from './pod-spec.ts';

type Labels = Readonly<Record<string, string>>;

interface Term {
  labelSelector?: Editable<LabelSelector>;
  matchLabelKeys?: string[];
  mismatchLabelKeys?: string[];
}

export function writeLabelKeys(spec: Editable<PodSpec>, labels: Labels = {}): void {
  const { affinity, topologySpreadConstraints = [] } = spec;
  const terms = [affinity?.podAffinity, affinity?.podAntiAffinity].flatMap((each) => [
    ...(each?.preferredDuringSchedulingIgnoredDuringExecution ?? []).flatMap(
      ({ podAffinityTerm }) => podAffinityTerm ?? [],
    ),
    ...(each?.requiredDuringSchedulingIgnoredDuringExecution ?? []),
  ]);
  for (const term of [...terms, ...topologySpreadConstraints]) writeInto(term, labels);
}

/** A term without a selector matches nothing, whatever its keys. */
function writeInto(term: Term, labels: Labels): void {
  const { labelSelector, matchLabelKeys = [], mismatchLabelKeys = [] } = term;
  if (labelSelector === undefined) return;
  const added = [...expressions(matchLabelKeys, 'In', labels), ...expressions(mismatchLabelKeys, 'NotIn', labels)];
  if (added.length === 0) return;
  term.labelSelector = { ...labelSelector, matchExpressions: [...(labelSelector.matchExpressions ?? []), ...added] };
}

/** What the pod has no label for says nothing. */
function expressions(keys: readonly string[], operator: 'In' | 'NotIn', labels: Labels) {
  return keys.flatMap((key) => {
    const value = labels[key];
    return value === undefined ? [] : [{ key, operator, values: [value] }];
  });
}
