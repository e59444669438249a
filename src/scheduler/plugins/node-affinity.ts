/** NodeAffinity: nodeSelector, required and preferred node affinity. */
import type { NodeAffinity } from '../../api/core/affinity.ts';
import type { Pod } from '../../api/core/pod.ts';
import {
  asksForNames,
  isEmptyTerm,
  nodeSelectorMatcher,
  requiredNodes,
  requiresNames,
  termMatcher,
  type NodeLike,
} from '../../api/core/placement.ts';
import { judgedByLabels } from '../node-traits.ts';
import { stretch, unresolvable, type Plugin, type Prepared, type Rejection } from '../plugin.ts';

/** With `added`, a node affinity that all pods have beside their own. */
export function nodeAffinityWith(added: NodeAffinity = {}): Plugin {
  return {
    name: 'NodeAffinity',
    weight: 2,
    prepare(pod) {
      const only = namedNodes(pod);
      if (only?.size === 0) return { rejectsAll: unresolvable('pod affinity terms conflict') };
      return { ...(only === undefined ? {} : { only }), ...demanded(pod, added), ...preferred(pod, added) };
    },
  };
}

function demanded(pod: Pod, added: NodeAffinity): Pick<Prepared, 'filter'> {
  const selector = added.requiredDuringSchedulingIgnoredDuringExecution;
  const enforced = selector === undefined ? undefined : nodeSelectorMatcher(selector);
  const required = requiredNodes(pod.spec);
  if (required === undefined && enforced === undefined) return {};
  const notEnforced = unresolvable("node(s) didn't match scheduler-enforced node affinity");
  const rejection = unresolvable("node(s) didn't match Pod's node affinity/selector");
  const judge = (node: NodeLike): Rejection | undefined => {
    if (enforced?.(node) === false) return notEnforced;
    return required?.(node) === false ? rejection : undefined;
  };
  const byName = requiresNames(pod.spec) || (selector?.nodeSelectorTerms ?? []).some(asksForNames);
  return { filter: judgedByLabels(judge, byName) };
}

function preferred(pod: Pod, added: NodeAffinity): Pick<Prepared, 'score' | 'normalize'> {
  const terms = [added, pod.spec?.affinity?.nodeAffinity ?? {}]
    .flatMap((affinity) => affinity.preferredDuringSchedulingIgnoredDuringExecution ?? [])
    // A term that says nothing prefers nothing.
    .filter(({ preference }) => !isEmptyTerm(preference))
    .map(({ weight, preference }) => ({
      weight,
      matches: termMatcher(preference),
      byName: asksForNames(preference),
    }));
  if (terms.length === 0) return {};
  const sum = (node: NodeLike): number =>
    terms.reduce((all, { weight, matches }) => all + (matches(node) ? weight : 0), 0);
  return {
    score: judgedByLabels(
      sum,
      terms.some(({ byName }) => byName),
    ),
    normalize: (scores) => stretch(scores),
  };
}

export const nodeAffinity = nodeAffinityWith();

/** The nodes that are named when every term names some, as those of DaemonSets do. */
function namedNodes({ spec }: Pod): ReadonlySet<string> | undefined {
  const terms = spec?.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms ?? [];
  const named = new Set<string>();
  for (const { matchFields = [] } of terms) {
    const lists = matchFields.filter(({ key, operator }) => key === 'metadata.name' && operator === 'In');
    if (lists.length === 0) return undefined;
    const common = lists.map(({ values }) => new Set(values)).reduce((all, each) => all.intersection(each));
    for (const name of common) named.add(name);
  }
  return terms.length === 0 ? undefined : named;
}
