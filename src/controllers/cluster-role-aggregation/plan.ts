/** Which rules a cluster role has that is put together from others. Pure. */
import type { ClusterRole } from '../../api/rbac/cluster-role.ts';
import type { PolicyRule } from '../../api/rbac/role.ts';
import { deepEqual } from '../../schema/freeze.ts';
import { matches, selectorOf } from '../../schema/selector.ts';

/** The sum of the rules of all roles that the role selects, itself excepted; undefined when it has them already. */
export function planAggregation(role: ClusterRole, all: readonly ClusterRole[]): readonly PolicyRule[] | undefined {
  const wanted = role.aggregationRule?.clusterRoleSelectors;
  if (wanted === undefined) return undefined;
  const selectors = wanted.map(selectorOf);
  const parts = all
    .filter(({ metadata: { name, labels } }) => {
      return name !== role.metadata.name && selectors.some((selector) => matches(selector, labels));
    })
    .toSorted((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1));
  const rules: PolicyRule[] = [];
  for (const rule of parts.flatMap((part) => part.rules ?? [])) {
    if (!rules.some((present) => deepEqual(present, rule))) rules.push(rule);
  }
  return deepEqual(rules, role.rules ?? []) ? undefined : rules;
}
