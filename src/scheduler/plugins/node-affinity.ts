/** NodeAffinity: nodeSelector, required and preferred node affinity. */
import type { NodeSelector, NodeSelectorRequirement, NodeSelectorTerm } from '../../api/core/affinity.ts';
import type { Pod } from '../../api/core/pod.ts';
import { stretch, unresolvable, type Plugin } from '../plugin.ts';
import type { NodeView } from '../snapshot.ts';

type NodeLike = Pick<NodeView, 'name' | 'labels'>;
type Matcher = (node: NodeLike) => boolean;

export const nodeAffinity: Plugin = {
  name: 'NodeAffinity',
  weight: 2,
  prepare(pod) {
    const required = requiredNodes(pod);
    const preferred = pod.spec?.affinity?.nodeAffinity?.preferredDuringSchedulingIgnoredDuringExecution ?? [];
    const terms = preferred.map(({ weight, preference }) => ({ weight, matches: termMatcher(preference) }));
    const rejection = unresolvable("node(s) didn't match Pod's node affinity/selector");
    return {
      ...(required === undefined ? {} : { filter: (view: NodeView) => (required(view) ? undefined : rejection) }),
      ...(terms.length === 0
        ? {}
        : {
            score: (view: NodeView) => terms.reduce((sum, term) => sum + (term.matches(view) ? term.weight : 0), 0),
            normalize: (scores: readonly number[]) => stretch(scores),
          }),
    };
  },
};

/** Whether a node satisfies nodeSelector and required affinity; undefined when the pod demands nothing. */
export function requiredNodes(pod: Pod): Matcher | undefined {
  const selector = Object.entries(pod.spec?.nodeSelector ?? {});
  const affinity = pod.spec?.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution;
  if (selector.length === 0 && affinity === undefined) return undefined;
  const bySelector: Matcher = (node) => selector.every(([key, value]) => node.labels[key] === value);
  if (affinity === undefined) return bySelector;
  const byAffinity = nodeSelectorMatcher(affinity);
  return (node) => bySelector(node) && byAffinity(node);
}

/** A node selector's terms are alternatives; an empty term matches nothing. */
export function nodeSelectorMatcher(selector: NodeSelector): Matcher {
  const terms = selector.nodeSelectorTerms.filter((term) => !isEmpty(term)).map(termMatcher);
  return (node) => terms.some((matches) => matches(node));
}

function isEmpty(term: NodeSelectorTerm): boolean {
  return (term.matchExpressions ?? []).length === 0 && (term.matchFields ?? []).length === 0;
}

function termMatcher(term: NodeSelectorTerm): Matcher {
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
