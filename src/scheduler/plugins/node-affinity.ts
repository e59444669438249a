/** NodeAffinity: nodeSelector, required and preferred node affinity. */
import { requiredNodes, termMatcher } from '../../api/core/placement.ts';
import { stretch, unresolvable, type Plugin } from '../plugin.ts';
import type { NodeView } from '../snapshot.ts';

export const nodeAffinity: Plugin = {
  name: 'NodeAffinity',
  weight: 2,
  prepare(pod) {
    const required = requiredNodes(pod.spec);
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
