/** The rows of `kubectl get quota`: what is used of what is allowed, limits apart from the rest. */
import { canonicalQuantity } from '../../schema/quantity.ts';
import type { Column, KubernetesObject } from '../kind.ts';
import { ageColumn, nameColumn } from '../rules/columns.ts';
import type { Loose } from '../rules/loose.ts';
import type { ResourceQuotaStatus } from './resource-quota.ts';
import { entries } from './validate-resources.ts';

interface QuotaRow extends KubernetesObject {
  readonly status?: Loose<ResourceQuotaStatus>;
}

function usage({ status }: QuotaRow, limits: boolean): string {
  return entries(status?.hard)
    .filter(([name]) => name.startsWith('limits.') === limits)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, hard]) => `${name}: ${canonicalQuantity(status?.used?.[name] ?? '0')}/${canonicalQuantity(hard)}`)
    .join(', ');
}

export const quotaColumns: readonly Column<QuotaRow>[] = [
  nameColumn,
  { name: 'Request', type: 'string', doc: 'Used of what may be asked for.', value: (quota) => usage(quota, false) },
  { name: 'Limit', type: 'string', doc: 'Used of what may be the limit.', value: (quota) => usage(quota, true) },
  ageColumn,
];
