/**
 * How long simulated containers run. Those of Jobs end after a second, all others never; annotations of the pod
 * say otherwise:
 *
 *     coracle.dev/simulated-duration: 30s
 *     coracle.dev/simulated-exit-code: "1"
 *
 * Nothing is simulated of restarts: pods whose containers would be started again run on. Pure.
 */
import type { ContainerStatus, PodStatus } from '../../api/core/pod-status.ts';
import type { Pod } from '../../api/core/pod.ts';
import { parseTimestamp, timestamp } from '../../base/clock.ts';
import { messageOf } from '../../base/errors.ts';
import { durationMilliseconds } from '../../schema/duration.ts';

export const durationAnnotation = 'coracle.dev/simulated-duration';
export const exitCodeAnnotation = 'coracle.dev/simulated-exit-code';

const ofJobs = 1_000;

/** Whether its containers end by themselves some time. */
export function isMortal({ metadata, spec }: Pod): boolean {
  const { annotations = {}, ownerReferences = [] } = metadata;
  if ((spec?.restartPolicy ?? 'Always') === 'Always') return false;
  if (spec?.restartPolicy === 'OnFailure' && (annotations[exitCodeAnnotation] ?? '0') !== '0') return false;
  const ofJob = ownerReferences.some(({ kind, controller }) => kind === 'Job' && controller === true);
  return ofJob || annotations[durationAnnotation] !== undefined;
}

/** When the containers of a mortal pod that runs end: milliseconds since the epoch. At once if that cannot be told. */
export function endOf({ metadata, status }: Pod): number {
  const began = status?.startTime === undefined ? 0 : parseTimestamp(status.startTime);
  const duration = metadata.annotations?.[durationAnnotation];
  if (duration === undefined) return began + ofJobs;
  try {
    return began + durationMilliseconds(duration);
  } catch {
    return began;
  }
}

/** The status of a mortal pod whose containers have just ended. */
export function endedStatus(pod: Pod, now: number): PodStatus {
  const fault = faultOf(pod);
  const exitCode = fault === undefined ? Number(pod.metadata.annotations?.[exitCodeAnnotation] ?? 0) : 1;
  const failed = exitCode !== 0;
  const at = timestamp(now);
  const end = (each: ContainerStatus): ContainerStatus => {
    if (each.state?.running === undefined) return each;
    const { startedAt = at } = each.state.running;
    const reason = failed ? 'Error' : 'Completed';
    const terminated = { exitCode, reason, startedAt, finishedAt: at, containerID: each.containerID ?? '' };
    return { ...each, ready: false, started: false, state: { terminated } };
  };
  const reason = failed ? 'PodFailed' : 'PodCompleted';
  const { conditions = [], containerStatuses = [], initContainerStatuses } = pod.status ?? {};
  return {
    phase: failed ? 'Failed' : 'Succeeded',
    ...(fault === undefined ? {} : { reason: 'InvalidSimulation', message: fault }),
    conditions: conditions.map((each) =>
      each.type === 'Ready' || each.type === 'ContainersReady'
        ? { ...each, status: 'False', reason, lastTransitionTime: at }
        : each,
    ),
    containerStatuses: containerStatuses.map(end),
    ...(initContainerStatuses === undefined ? {} : { initContainerStatuses: initContainerStatuses.map(end) }),
  };
}

/** What is wrong with the annotations, if anything is. */
function faultOf({ metadata }: Pod): string | undefined {
  const { [durationAnnotation]: duration = '0', [exitCodeAnnotation]: exitCode = '0' } = metadata.annotations ?? {};
  if (!/^\d{1,3}$/.test(exitCode) || Number(exitCode) > 255) {
    return `annotation ${exitCodeAnnotation}: ${JSON.stringify(exitCode)} is not a number from 0 to 255`;
  }
  try {
    durationMilliseconds(duration);
    return undefined;
  } catch (error) {
    return `annotation ${durationAnnotation}: ${messageOf(error)}`;
  }
}
