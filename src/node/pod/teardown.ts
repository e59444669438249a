/** Taking a pod down: what it held on the node, and at last every trace of it. */
import { rm } from 'node:fs/promises';
import type { Pod } from '../../api/core/pod.ts';
import { parseTimestamp } from '../../base/clock.ts';
import type { PodDeps } from './deps.ts';
import type { PodRuntime } from './history.ts';
import { podPaths } from './names.ts';
import type { Verdict } from './status.ts';

/**
 * Network, volumes and cgroups; containers' records and logs stay to be looked at. Of one that was evicted the logs
 * alone: what its containers wrote may be what the node lacks.
 */
export async function releasePod(deps: PodDeps, pod: Pod, runtime: PodRuntime, verdict?: Verdict): Promise<void> {
  for (const { id } of runtime.sandboxes) await deps.runtime.stopPodSandbox(id);
  if (verdict?.reason === evicted) for (const { id } of runtime.containers) await deps.runtime.removeContainer(id);
  await deps.volumes.tearDown(pod.metadata.uid);
  await deps.cgroups.remove(pod.metadata.uid);
}

/** Once the API no longer has the pod. */
export async function erasePod(deps: PodDeps, pod: Pod, runtime: PodRuntime): Promise<void> {
  for (const { id } of runtime.sandboxes) await deps.runtime.removePodSandbox(id);
  await deps.volumes.erase(pod.metadata.uid);
  await rm(podPaths(deps.config, pod).logs, { recursive: true, force: true });
  deps.statuses.forget(pod.metadata.uid);
}

/** Seconds that containers get: what the deletion says, else the agent's reason for stopping, else the pod. */
export function gracePeriod({ metadata, spec }: Pod, reason: number | undefined): number {
  const wanted = metadata.deletionGracePeriodSeconds ?? reason ?? spec?.terminationGracePeriodSeconds ?? 30;
  return Math.max(wanted, reason === 0 ? 0 : 1);
}

/** When the pod must have ended, in milliseconds since the epoch; undefined when it may run for ever. */
export function deadlineOf(pod: Pod, startTime: string | undefined): number | undefined {
  const seconds = pod.spec?.activeDeadlineSeconds;
  if (seconds === undefined || startTime === undefined) return undefined;
  return parseTimestamp(startTime) + seconds * 1000;
}

export const evicted = 'Evicted';

export const deadlineExceeded: Verdict = {
  phase: 'Failed',
  reason: 'DeadlineExceeded',
  message: 'Pod was active on the node longer than the specified deadline',
};
