/** PodDisruptionBudget before policy/v1, where an empty selector picks no pod; today it picks all of them. */
import { PodDisruptionBudget } from '../policy/pod-disruption-budget.ts';
import type { Kind } from '../kind.ts';
import { sameMeaning } from '../rules/equal.ts';
import { changeAt, retire, type Json } from './retire.ts';

/** A label that no pod has: what must exist never does, and what must not exist always holds. */
const key = 'pdb.kubernetes.io/deprecated-v1beta1-empty-selector-match';
const pickNone = { matchExpressions: [{ key, operator: 'Exists' }] };
const pickAll = { matchExpressions: [{ key, operator: 'DoesNotExist' }] };

const swap =
  (emptyTo: Json, emptyFrom: Json) =>
  (selector: unknown): unknown => {
    if (sameMeaning(selector, {})) return emptyTo;
    return sameMeaning(selector, emptyFrom) ? {} : selector;
  };

export const PodDisruptionBudgetV1beta1: Kind = retire(PodDisruptionBudget, {
  group: 'policy',
  version: 'v1beta1',
  package: 'io.k8s.api.policy.v1beta1',
  deprecated: 21,
  removed: 25,
  toStorage: (object) => changeAt(object, ['spec', 'selector'], swap(pickNone, pickAll)) as Record<string, unknown>,
  fromStorage: (object) => changeAt(object, ['spec', 'selector'], swap(pickAll, pickNone)) as Record<string, unknown>,
});
