import { defineKind, type ObjectOf } from '../kind.ts';
import { list, of, struct, type Infer } from '../../schema/field.ts';
import { LabelSelector } from '../meta/label-selector.ts';
import { PolicyRule } from './role.ts';

export const AggregationRule = struct('io.k8s.api.rbac.v1.AggregationRule', '', {
  clusterRoleSelectors: list(1, LabelSelector),
});
export interface AggregationRule extends Infer<typeof AggregationRule> {}

export const ClusterRole = defineKind({
  group: 'rbac.authorization.k8s.io',
  version: 'v1',
  kind: 'ClusterRole',
  plural: 'clusterroles',
  scope: 'Cluster',
  package: 'io.k8s.api.rbac.v1',
  doc: '',
  fields: {
    rules: list(2, PolicyRule).always(),
    aggregationRule: of(3, AggregationRule),
  },
});
export interface ClusterRole extends ObjectOf<typeof ClusterRole> {}
