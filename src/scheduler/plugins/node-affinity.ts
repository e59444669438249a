/** NodeAffinity: nodeSelector, required and preferred node affinity. */
import type { NodeAffinity, PreferredSchedulingTerm } from '../../api/core/affinity.ts';
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
import { stretch, unresolvable, type Plugin, type Rejection, type Scoring } from '../plugin.ts';

/** With `added`, a node affinity that all pods have beside their own. */
export function nodeAffinityWith(added: NodeAffinity = {}): Plugin {
  const demanded = added.requiredDuringSchedulingIgnoredDuringExecution;
  const enforced = demanded === undefined ? undefined : nodeSelectorMatcher(demanded);
  const notEnforced = unresolvable("node(s) didn't match scheduler-enforced node affinity");
  const rejection = unresolvable("node(s) didn't match Pod's node affinity/selector");
  return {
    name: 'NodeAffinity',
    weight: 2,
    prepare(pod) {
      const required = requiredNodes(pod.spec);
      const preferred = [...preferredIn(added), ...preferredIn(pod.spec?.affinity?.nodeAffinity)];
      const only = namedNodes(pod);
      if (only?.size === 0) return { rejectsAll: unresolvable('pod affinity terms conflict') };
      const byName = requiresNames(pod.spec) || (demanded?.nodeSelectorTerms ?? []).some(asksForNames);
      const judge = (node: NodeLike): Rejection | undefined => {
        if (enforced?.(node) === false) return notEnforced;
        return required?.(node) === false ? rejection : undefined;
      };
      return {
        ...(only === undefined ? {} : { only }),
        ...(required === undefined && enforced === undefined ? {} : { filter: judgedByLabels(judge, byName) }),
        ...scoringOf(preferred),
      };
    },
  };
}

export const nodeAffinity = nodeAffinityWith();

function preferredIn(affinity: NodeAffinity | undefined): readonly PreferredSchedulingTerm[] {
  return affinity?.preferredDuringSchedulingIgnoredDuringExecution ?? [];
}

/** A term that says nothing prefers nothing. */
function scoringOf(preferred: readonly PreferredSchedulingTerm[]): Partial<Scoring> {
  const said = preferred.filter(({ preference }) => !isEmptyTerm(preference));
  if (said.length === 0) return {};
  const terms = said.map(({ weight, preference }) => ({ weight, matches: termMatcher(preference) }));
  const sum = (node: NodeLike): number =>
    terms.reduce((all, { weight, matches }) => all + (matches(node) ? weight : 0), 0);
  const byName = said.some(({ preference }) => asksForNames(preference));
  return { score: judgedByLabels(sum, byName), normalize: (scores) => stretch(scores) };
}

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
