/** Rules that the workload kinds share: replicas, selectors, templates, and how much may be away at a time. */
import { forbidden, invalid, notSupported, type Fault } from '../../schema/fault.ts';
import { checkPercent } from '../../schema/names.ts';
import { matches, selectorOf } from '../../schema/selector.ts';
import type { PodTemplateSpec } from '../core/pod-template-spec.ts';
import { podTemplateFaults } from '../core/validate-pod-template.ts';
import type { LabelSelector } from '../meta/label-selector.ts';
import { negativeText, nonNegativeFaults } from '../rules/faults.ts';
import { labelSelectorFaults } from '../rules/label-selector.ts';
import type { Loose } from '../rules/loose.ts';

type Selector = Loose<LabelSelector> | undefined;
type Template = Loose<PodTemplateSpec> | undefined;

const path = 'spec.selector';

/** `empty` is what is said of a selector that selects everything. */
export function selectorFaults(selector: Selector, empty: string): Fault[] {
  if (selector === undefined) return [];
  const none = Object.keys(selector.matchLabels ?? {}).length + (selector.matchExpressions ?? []).length === 0;
  return [...labelSelectorFaults(selector, path), ...(none ? [invalid(path, selector, empty)] : [])];
}

/** A selector that is broken is complained of elsewhere, and matches. */
export function mismatchFaults(selector: Selector, template: Template, at = 'spec.template'): Fault[] {
  if (selector === undefined || labelSelectorFaults(selector, path).length > 0) return [];
  const labels = (template?.metadata?.labels ?? {}) as Readonly<Record<string, string>>;
  if (matches(selectorOf(selector as LabelSelector), labels)) return [];
  return [
    invalid(`${at}.metadata.labels`, template?.metadata?.labels ?? null, '`selector` does not match template `labels`'),
  ];
}

/** Pods of a workload that runs for ever. `owner` is how upstream names the kind. */
export function everlastingTemplateFaults(template: Template, owner: string): Fault[] {
  return [...podTemplateFaults(template ?? {}, 'spec.template'), ...everlastingFaults(template, owner)];
}

export function everlastingFaults(template: Template, owner: string): Fault[] {
  const at = 'spec.template.spec';
  const policy = template?.spec?.restartPolicy;
  return [
    ...(policy === 'Always' ? [] : [notSupported(`${at}.restartPolicy`, policy ?? '', ['Always'])]),
    ...(template?.spec?.activeDeadlineSeconds === undefined
      ? []
      : [forbidden(`${at}.activeDeadlineSeconds`, `activeDeadlineSeconds in ${owner} is not Supported`)]),
  ];
}

export type Share = number | string | undefined;

/** A number of pods, or a percentage of them, of at most all. */
export function shareFaults(at: string, share: Share): Fault[] {
  if (share === undefined) return [];
  if (typeof share === 'number') return share < 0 ? [invalid(at, share, negativeText)] : [];
  const complaints = checkPercent(share);
  if (complaints.length > 0) return complaints.map((text) => invalid(at, share, text));
  return [];
}

export function atMostAllFaults(at: string, share: Share): Fault[] {
  const tooMuch = typeof share === 'string' && checkPercent(share).length === 0 && amountOf(share) > 100;
  return tooMuch ? [invalid(at, share, 'must not be greater than 100%')] : [];
}

/** The number in it, whether of pods or percent. */
export function amountOf(share: Share): number {
  return typeof share === 'string' ? Number.parseInt(share, 10) || 0 : (share ?? 0);
}

/** Counts of a status: none negative, none of the parts above the whole. */
export function countFaults<T extends object>(
  status: T,
  all: readonly (keyof T & string)[],
  parts: readonly (keyof T & string)[] = [],
): Fault[] {
  const count = (field: string): number => Number((status as Readonly<Record<string, unknown>>)[field] ?? 0);
  const over = parts.filter((field) => count(field) > count('replicas'));
  const many =
    parts.some((field) => field === 'availableReplicas') && count('availableReplicas') > count('readyReplicas');
  return [
    ...all.flatMap((field) => nonNegativeFaults(`status.${field}`, count(field))),
    ...over.map((field) => invalid(`status.${field}`, count(field), 'cannot be greater than status.replicas')),
    ...(many
      ? [invalid('status.availableReplicas', count('availableReplicas'), 'cannot be greater than readyReplicas')]
      : []),
  ];
}

/** Names of revisions are made from it; going back would make them collide again. */
export function collisionFaults(status: { collisionCount?: number }, old: { collisionCount?: number }): Fault[] {
  const [count, before] = [status.collisionCount, old.collisionCount];
  if (before === undefined || (count !== undefined && count >= before)) return [];
  return [invalid('status.collisionCount', count ?? 0, 'cannot be decremented')];
}
