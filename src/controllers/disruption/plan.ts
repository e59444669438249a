/** What a PodDisruptionBudget has left: a pure function of it, its pods and how many there should be. */
import type { Pod } from '../../api/core/pod.ts';
import type { PodDisruptionBudget, PodDisruptionBudgetStatus } from '../../api/policy/pod-disruption-budget.ts';
import { parseTimestamp, timestamp } from '../../base/clock.ts';
import { amountOf } from '../workload/hash.ts';
import { isReady } from '../workload/pods.ts';

/** Milliseconds for which a pod whose eviction was granted counts as gone although it is still there. */
const grantLasts = 120_000;

export interface BudgetPlan {
  readonly status: PodDisruptionBudgetStatus;
  /** Pods that were to be evicted and are still there. */
  readonly notDeleted: readonly Pod[];
  /** Milliseconds until a grant lapses. */
  readonly after?: number;
}

/** Whether it must be known how many pods their owners want: a number of pods to keep says enough. */
export function needsScale({ spec }: PodDisruptionBudget): boolean {
  return spec?.maxUnavailable !== undefined || typeof spec?.minAvailable === 'string';
}

/** `wanted`: how many pods the owners want; unused where `needsScale` says no. */
export function planBudget(budget: PodDisruptionBudget, pods: readonly Pod[], wanted: number, now: number): BudgetPlan {
  const { expected, desired } = goalsOf(budget, pods.length, wanted);
  const grants = pods.flatMap((pod) => grantOf(budget, pod));
  const open = grants.filter(({ pod, at }) => pod.metadata.deletionTimestamp === undefined && at + grantLasts > now);
  const granted = new Set(open.map(({ pod }) => pod));
  const healthy = pods.filter(
    (pod) => pod.metadata.deletionTimestamp === undefined && !granted.has(pod) && isReady(pod),
  );
  const allowed = expected <= 0 ? 0 : Math.max(0, healthy.length - desired);
  const due = open.map(({ at }) => at + grantLasts - now);
  return {
    status: {
      observedGeneration: budget.metadata.generation ?? 0,
      ...(open.length > 0 && {
        disruptedPods: Object.fromEntries(open.map(({ pod, text }) => [pod.metadata.name, text])),
      }),
      disruptionsAllowed: allowed,
      currentHealthy: healthy.length,
      desiredHealthy: desired,
      expectedPods: expected,
      conditions: conditionsFor(budget, allowed > 0 ? 'SufficientPods' : 'InsufficientPods', '', now),
    },
    notDeleted: grants
      .filter(({ pod, at }) => pod.metadata.deletionTimestamp === undefined && at + grantLasts <= now)
      .map(({ pod }) => pod),
    ...(due.length > 0 && { after: Math.min(...due) }),
  };
}

/** While it can't be known how many pods there should be, none may go; and what was said before was of another spec. */
export function failedStatus(budget: PodDisruptionBudget, message: string, now: number): PodDisruptionBudgetStatus {
  const { currentHealthy = 0, desiredHealthy = 0, expectedPods = 0, observedGeneration = 0 } = budget.status ?? {};
  return {
    ...budget.status,
    currentHealthy,
    desiredHealthy,
    expectedPods,
    disruptionsAllowed: 0,
    conditions: conditionsFor(budget, 'SyncFailed', message, now, observedGeneration),
  };
}

function goalsOf(
  { spec }: PodDisruptionBudget,
  pods: number,
  wanted: number,
): { readonly expected: number; readonly desired: number } {
  const { maxUnavailable, minAvailable } = spec ?? {};
  if (maxUnavailable !== undefined) {
    return { expected: wanted, desired: Math.max(0, wanted - amountOf(maxUnavailable, wanted, Math.ceil)) };
  }
  if (typeof minAvailable === 'string') return { expected: wanted, desired: amountOf(minAvailable, wanted, Math.ceil) };
  return minAvailable === undefined ? { expected: 0, desired: 0 } : { expected: pods, desired: minAvailable };
}

interface Grant {
  readonly pod: Pod;
  readonly at: number;
  readonly text: string;
}

function grantOf({ status }: PodDisruptionBudget, pod: Pod): readonly Grant[] {
  const text = status?.disruptedPods?.[pod.metadata.name];
  return text === undefined ? [] : [{ pod, at: parseTimestamp(text), text }];
}

type Conditions = NonNullable<PodDisruptionBudgetStatus['conditions']>;

function conditionsFor(
  budget: PodDisruptionBudget,
  reason: string,
  message: string,
  now: number,
  observedGeneration = budget.metadata.generation ?? 0,
): Conditions {
  const type = 'DisruptionAllowed';
  const status = reason === 'SufficientPods' ? 'True' : 'False';
  const present = budget.status?.conditions?.find((condition) => condition.type === type);
  const others = (budget.status?.conditions ?? []).filter((condition) => condition !== present);
  const lastTransitionTime = present?.status === status ? present.lastTransitionTime : timestamp(now);
  return [...others, { type, status, reason, message, observedGeneration, lastTransitionTime }];
}
