/** What a quota's status should say, from all that its namespace holds. Pure. */
import type { ResourceQuota, ResourceQuotaStatus } from '../../api/core/resource-quota.ts';
import type { Kind, KubernetesObject } from '../../api/kind.ts';
import { concerned, counterOf } from '../../api/quota/usage.ts';
import { addQuantity, compareQuantity, formatQuantity, quantityOf, type Quantity } from '../../schema/quantity.ts';

/** The kinds whose objects count towards the quota. */
export function countedKinds({ spec }: ResourceQuota, kinds: readonly Kind[]): readonly Kind[] {
  const names = Object.keys(spec?.hard ?? {});
  return kinds.filter((kind) => {
    const counter = counterOf(kind);
    return names.some((name) => counter.counts(name));
  });
}

export interface Counted {
  readonly kind: Kind;
  readonly objects: readonly KubernetesObject[];
}

/** The new status, or undefined when the present one is right. */
export function planStatus(
  quota: ResourceQuota,
  all: readonly Counted[],
  now: number,
): ResourceQuotaStatus | undefined {
  const { spec = {}, status } = quota;
  const hard = spec.hard ?? {};
  const sums = new Map<string, Quantity>(Object.keys(hard).map((name) => [name, quantityOf(0)]));
  for (const { kind, objects } of all) {
    const counter = counterOf(kind);
    for (const object of objects) {
      if (concerned(spec, counter, object).length === 0) continue;
      for (const [name, value] of Object.entries(counter.usage(object, now))) {
        const sum = sums.get(name);
        if (sum !== undefined) sums.set(name, addQuantity(sum, value));
      }
    }
  }
  const used = Object.fromEntries([...sums].map(([name, sum]) => [name, formatQuantity(sum)]));
  const settled = sameAmounts(status?.hard, hard) && sameAmounts(status?.used, used);
  return settled ? undefined : { hard, used };
}

function sameAmounts(
  left: Readonly<Record<string, string>> | undefined,
  right: Readonly<Record<string, string>>,
): boolean {
  if (left === undefined || Object.keys(left).length !== Object.keys(right).length) return false;
  return Object.entries(right).every(([name, value]) => {
    const other = left[name];
    return other !== undefined && compareQuantity(other, value) === 0;
  });
}
