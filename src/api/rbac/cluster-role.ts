import { invalid, required, type Fault } from '../../schema/fault.ts';
import { list, of, struct, type Infer } from '../../schema/field.ts';
import { defineKind, type ObjectOf } from '../kind.ts';
import { LabelSelector } from '../meta/label-selector.ts';
import { labelSelectorFaults } from '../rules/label-selector.ts';
import type { Loose } from '../rules/loose.ts';
import { PolicyRule, rbacGroup, ruleFaults } from './role.ts';

export const AggregationRule = struct(
  'io.k8s.api.rbac.v1.AggregationRule',
  'Which other cluster roles this one is put together from.',
  {
    clusterRoleSelectors: list(1, LabelSelector).doc('Cluster roles that match any of these selectors are added up.'),
  },
);
export interface AggregationRule extends Infer<typeof AggregationRule> {}

export const ClusterRole = defineKind({
  group: rbacGroup,
  version: 'v1',
  kind: 'ClusterRole',
  plural: 'clusterroles',
  scope: 'Cluster',
  package: 'io.k8s.api.rbac.v1',
  doc: 'A set of rights to cluster-wide things, or to namespaced ones wherever a binding gives it.',
  fields: {
    rules: list(2, PolicyRule).always().doc('The rights; they add up, nothing takes any away.'),
    aggregationRule: of(3, AggregationRule).doc(
      'When set, the rules are kept up to date from other roles, and edits are lost.',
    ),
  },
  nameRule: 'path',
  createOnUpdate: true,
  validate: (role) => [
    ...ruleFaults(role.rules, false),
    ...(role.aggregationRule === undefined ? [] : aggregationFaults(role.aggregationRule)),
  ],
});
export interface ClusterRole extends ObjectOf<typeof ClusterRole> {}

function aggregationFaults({ clusterRoleSelectors: selectors = [] }: Loose<AggregationRule>): Fault[] {
  const path = 'aggregationRule.clusterRoleSelectors';
  if (selectors.length === 0) {
    return [required(path, 'at least one clusterRoleSelector required if aggregationRule is non-nil')];
  }
  return selectors.flatMap((selector, index) => {
    const faults = labelSelectorFaults(selector, `${path}[${index}]`);
    if (faults.length === 0) return faults;
    return [...faults, invalid(`${path}[${index}]`, selector, 'invalid label selector.')];
  });
}
