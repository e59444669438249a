import { defineKind, type ObjectOf } from '../kind.ts';
import { quotaColumns } from './resource-quota-columns.ts';
import { quotaFaults, quotaStatusFaults, quotaUpdateFaults } from './validate-resource-quota.ts';
import { list, map, of, quantity, string, struct, type Infer } from '../../schema/field.ts';

export const ScopedResourceSelectorRequirement = struct('io.k8s.api.core.v1.ScopedResourceSelectorRequirement', '', {
  scopeName: string(1).present(),
  operator: string(2).known<'In' | 'NotIn' | 'Exists' | 'DoesNotExist'>().present(),
  values: list(3, string()),
});
export interface ScopedResourceSelectorRequirement extends Infer<typeof ScopedResourceSelectorRequirement> {}

export const ScopeSelector = struct(
  'io.k8s.api.core.v1.ScopeSelector',
  '',
  {
    matchExpressions: list(1, ScopedResourceSelectorRequirement),
  },
  { atomic: true },
);
export interface ScopeSelector extends Infer<typeof ScopeSelector> {}

export const ResourceQuotaSpec = struct('io.k8s.api.core.v1.ResourceQuotaSpec', '', {
  hard: map(1, quantity()),
  scopes: list(2, string()),
  scopeSelector: of(3, ScopeSelector),
});
export interface ResourceQuotaSpec extends Infer<typeof ResourceQuotaSpec> {}

export const ResourceQuotaStatus = struct('io.k8s.api.core.v1.ResourceQuotaStatus', '', {
  hard: map(1, quantity()),
  used: map(2, quantity()),
});
export interface ResourceQuotaStatus extends Infer<typeof ResourceQuotaStatus> {}

export const ResourceQuota = defineKind({
  group: '',
  version: 'v1',
  kind: 'ResourceQuota',
  plural: 'resourcequotas',
  shortNames: ['quota'],
  scope: 'Namespaced',
  package: 'io.k8s.api.core.v1',
  doc: '',
  fields: {
    spec: of(2, ResourceQuotaSpec).always(),
    status: of(3, ResourceQuotaStatus).always(),
  },
  generation: false,
  subresources: { status: true },
  columns: quotaColumns,
  validate: (quota) => quotaFaults(quota),
  validateUpdate: (quota, old) => quotaUpdateFaults(quota, old),
  validateStatusUpdate: (quota) => quotaStatusFaults(quota),
});
export interface ResourceQuota extends ObjectOf<typeof ResourceQuota> {}
