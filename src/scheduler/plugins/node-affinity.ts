/** NodeAffinity: nodeSelector, required and preferred node affinity. */
import type { Pod } from '../../api/core/pod.ts';
import { asksForNames, requiredNodes, requiresNames, termMatcher, type NodeLike } from '../../api/core/placement.ts';
import { judgedByLabels } from '../node-traits.ts';
import { stretch, unresolvable, type Plugin } from '../plugin.ts';

export const nodeAffinity: Plugin = {
  name: 'NodeAffinity',
  weight: 2,
  prepare(pod) {
    const required = requiredNodes(pod.spec);
    const preferred = pod.spec?.affinity?.nodeAffinity?.preferredDuringSchedulingIgnoredDuringExecution ?? [];
    const terms = preferred.map(({ weight, preference }) => ({ weight, matches: termMatcher(preference) }));
    const rejection = unresolvable("node(s) didn't match Pod's node affinity/selector");
    const only = namedNodes(pod);
    if (only?.size === 0) return { rejectsAll: unresolvable('pod affinity terms conflict') };
    const sum = (node: NodeLike): number =>
      terms.reduce((all, { weight, matches }) => all + (matches(node) ? weight : 0), 0);
    return {
      ...(only === undefined ? {} : { only }),
      ...(required === undefined
        ? {}
        : { filter: judgedByLabels((node) => (required(node) ? undefined : rejection), requiresNames(pod.spec)) }),
      ...(terms.length === 0
        ? {}
        : {
            score: judgedByLabels(
              sum,
              preferred.some(({ preference }) => asksForNames(preference)),
            ),
            normalize: (scores: readonly number[]) => stretch(scores),
          }),
    };
  },
};

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
