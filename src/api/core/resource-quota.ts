import { defineKind, type ObjectOf } from '../kind.ts';
import { quotaColumns } from './resource-quota-columns.ts';
import { quotaFaults, quotaStatusFaults, quotaUpdateFaults } from './validate-resource-quota.ts';
import { list, map, of, quantity, string, struct, type Infer } from '../../schema/field.ts';

export const ScopedResourceSelectorRequirement = struct(
  'io.k8s.api.core.v1.ScopedResourceSelectorRequirement',
  'One comparison of a scope with values.',
  {
    scopeName: string(1).present().doc('The scope, such as `PriorityClass`.'),
    operator: string(2)
      .known<'In' | 'NotIn' | 'Exists' | 'DoesNotExist'>()
      .present()
      .doc('How key and values are compared.'),
    values: list(3, string()).doc('The values to compare with.'),
  },
);
export interface ScopedResourceSelectorRequirement extends Infer<typeof ScopedResourceSelectorRequirement> {}

export const ScopeSelector = struct(
  'io.k8s.api.core.v1.ScopeSelector',
  'Selects objects by scope; all requirements must be met.',
  {
    matchExpressions: list(1, ScopedResourceSelectorRequirement).doc('Requirements that must all be met.'),
  },
  { atomic: true },
);
export interface ScopeSelector extends Infer<typeof ScopeSelector> {}

export const ResourceQuotaSpec = struct('io.k8s.api.core.v1.ResourceQuotaSpec', 'The limits of a quota.', {
  hard: map(1, quantity()).doc('The limit of each resource.'),
  scopes: list(2, string()).doc('Sorts of objects that count; all when empty.'),
  scopeSelector: of(3, ScopeSelector).doc('Sorts of objects that count, as expressions.'),
});
export interface ResourceQuotaSpec extends Infer<typeof ResourceQuotaSpec> {}

export const ResourceQuotaStatus = struct(
  'io.k8s.api.core.v1.ResourceQuotaStatus',
  'The limits in force and how much of them is used.',
  {
    hard: map(1, quantity()).doc('The limits in force.'),
    used: map(2, quantity()).doc('What is used now.'),
  },
);
export interface ResourceQuotaStatus extends Infer<typeof ResourceQuotaStatus> {}

export const ResourceQuota = defineKind({
  group: '',
  version: 'v1',
  kind: 'ResourceQuota',
  plural: 'resourcequotas',
  shortNames: ['quota'],
  scope: 'Namespaced',
  package: 'io.k8s.api.core.v1',
  doc: 'The most that all objects of a namespace together may use.',
  fields: {
    spec: of(2, ResourceQuotaSpec).always().doc('What is wanted.'),
    status: of(3, ResourceQuotaStatus).always().doc('What was observed last.'),
  },
  generation: false,
  subresources: { status: true },
  columns: quotaColumns,
  validate: (quota) => quotaFaults(quota),
  validateUpdate: (quota, old) => quotaUpdateFaults(quota, old),
  validateStatusUpdate: (quota) => quotaStatusFaults(quota),
});
export interface ResourceQuota extends ObjectOf<typeof ResourceQuota> {}
