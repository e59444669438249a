/** The condition of pods that are taken away for reasons that are not their own. */
import type { PodStatus } from '../../api/core/pod-status.ts';
import { timestamp } from '../../base/clock.ts';

export function withDisruptionTarget(
  status: PodStatus | undefined,
  { reason, message }: { readonly reason: string; readonly message: string },
  now: number,
): PodStatus {
  const others = (status?.conditions ?? []).filter(({ type }) => type !== 'DisruptionTarget');
  const condition = { type: 'DisruptionTarget', status: 'True', reason, message, lastTransitionTime: timestamp(now) };
  return { ...status, conditions: [...others, condition] };
}
