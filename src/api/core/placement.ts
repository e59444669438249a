/** Where a pod may run: node selectors, required affinity, taints and tolerations. Pure. */
import type { NodeSelector, NodeSelectorRequirement, NodeSelectorTerm } from './affinity.ts';
import type { PodSpec } from './pod-spec.ts';
import type { Taint, Toleration } from './taint.ts';

/** What is asked of a node. */
export interface NodeLike {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
}

export const hostname = 'kubernetes.io/hostname';

type Matcher = (node: NodeLike) => boolean;

/** Whether a node satisfies nodeSelector and required affinity; undefined when the pod demands nothing. */
export function requiredNodes(spec: PodSpec | undefined): Matcher | undefined {
  const selector = Object.entries(spec?.nodeSelector ?? {});
  const affinity = spec?.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution;
  if (selector.length === 0 && affinity === undefined) return undefined;
  const bySelector: Matcher = (node) => selector.every(([key, value]) => node.labels[key] === value);
  if (affinity === undefined) return bySelector;
  const byAffinity = nodeSelectorMatcher(affinity);
  return (node) => bySelector(node) && byAffinity(node);
}

/** Whether a term asks which node it is (its name, its hostname), and not only what it is like. */
export function asksForNames({ matchExpressions = [], matchFields = [] }: NodeSelectorTerm): boolean {
  return matchFields.length > 0 || matchExpressions.some(({ key }) => key === hostname);
}

/** The same of all that nodeSelector and required affinity ask. */
export function requiresNames(spec: PodSpec | undefined): boolean {
  const { nodeSelectorTerms = [] } = spec?.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution ?? {};
  return Object.hasOwn(spec?.nodeSelector ?? {}, hostname) || nodeSelectorTerms.some(asksForNames);
}

/** A node selector's terms are alternatives; an empty term matches nothing. */
export function nodeSelectorMatcher(selector: NodeSelector): Matcher {
  const terms = selector.nodeSelectorTerms.filter((term) => !isEmptyTerm(term)).map(termMatcher);
  return (node) => terms.some((matches) => matches(node));
}

export function isEmptyTerm(term: NodeSelectorTerm): boolean {
  return (term.matchExpressions ?? []).length === 0 && (term.matchFields ?? []).length === 0;
}

/** All expressions and fields of the term. */
export function termMatcher(term: NodeSelectorTerm): Matcher {
  const expressions = (term.matchExpressions ?? []).map(requirementMatcher);
  const fields = (term.matchFields ?? []).map(requirementMatcher);
  return (node) =>
    expressions.every((matches) => matches(node.labels)) &&
    fields.every((matches) => matches({ 'metadata.name': node.name }));
}

function requirementMatcher(
  requirement: NodeSelectorRequirement,
): (labels: Readonly<Record<string, string>>) => boolean {
  const { key, operator } = requirement;
  const values = new Set(requirement.values ?? []);
  const [bound = ''] = values;
  switch (operator) {
    case 'In':
      return (labels) => Object.hasOwn(labels, key) && values.has(labels[key] ?? '');
    case 'NotIn':
      return (labels) => !Object.hasOwn(labels, key) || !values.has(labels[key] ?? '');
    case 'Exists':
      return (labels) => Object.hasOwn(labels, key);
    case 'DoesNotExist':
      return (labels) => !Object.hasOwn(labels, key);
    case 'Gt':
      return (labels) => isWhole(labels[key]) && Number(labels[key]) > Number(bound);
    case 'Lt':
      return (labels) => isWhole(labels[key]) && Number(labels[key]) < Number(bound);
    default:
      return () => false;
  }
}

function isWhole(text: string | undefined): boolean {
  return text !== undefined && /^-?\d+$/.test(text);
}

export function tolerates(tolerations: readonly Toleration[], taint: Pick<Taint, 'key' | 'value' | 'effect'>): boolean {
  return tolerations.some((toleration) => toleratesTaint(toleration, taint));
}

function toleratesTaint(toleration: Toleration, taint: Pick<Taint, 'key' | 'value' | 'effect'>): boolean {
  const { effect, key, operator, value } = toleration;
  if (isSet(effect) && effect !== taint.effect) return false;
  if (isSet(key) && key !== taint.key) return false;
  if (operator === 'Exists') return true;
  return (!isSet(operator) || operator === 'Equal') && (value ?? '') === (taint.value ?? '');
}

function isSet(text: string | undefined): boolean {
  return text !== undefined && text !== '';
}
