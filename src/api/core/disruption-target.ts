/** The condition of pods that are taken away for reasons that are not their own. */
import { timestamp } from '../../base/clock.ts';
import type { PodStatus } from './pod-status.ts';

/** The status with the condition in its place; since when it holds stays as it is while it held before. */
export function withDisruptionTarget(
  status: PodStatus | undefined,
  { reason, message }: { readonly reason: string; readonly message: string },
  now: number,
): PodStatus {
  const conditions = status?.conditions ?? [];
  const before = conditions.find(({ type }) => type === 'DisruptionTarget');
  const since = before?.status === 'True' ? before.lastTransitionTime : undefined;
  const lastTransitionTime = since ?? timestamp(now);
  const condition = { type: 'DisruptionTarget', status: 'True', reason, message, lastTransitionTime };
  const kept = conditions.map((each) => (each === before ? condition : each));
  return { ...status, conditions: before === undefined ? [...kept, condition] : kept };
}
