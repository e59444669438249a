/** The pod's phase from its containers' states. Pure. */
import type { ContainerStatus } from '../../api/core/pod-status.ts';
import type { Pod } from '../../api/core/pod.ts';

export type Phase = 'Pending' | 'Running' | 'Succeeded' | 'Failed';

interface Count {
  waiting: number;
  running: number;
  stopped: number;
  succeeded: number;
}

export function podPhase(
  pod: Pod,
  init: readonly ContainerStatus[],
  regular: readonly ContainerStatus[],
  terminated: boolean,
  previous: string | undefined,
): Phase {
  if (previous === 'Succeeded' || previous === 'Failed') return previous;
  const count = countRegular(regular);
  const begun = count.running + count.stopped > 0;
  const initial = initPhase(pod, init, begun);
  if (initial === 'Failed') return 'Failed';
  if (terminated) return finalPhase(count, regular.length);
  if (initial === 'Pending' || count.waiting > 0) return 'Pending';
  if (count.running > 0) return 'Running';
  if (count.stopped === 0) return 'Pending';
  return stoppedPhase(pod, count);
}

/** Nothing runs any more: what has not succeeded has failed. */
function finalPhase(count: Count, containers: number): Phase {
  return count.succeeded === containers && containers > 0 ? 'Succeeded' : 'Failed';
}

function stoppedPhase(pod: Pod, count: Count): Phase {
  const policy = pod.spec?.restartPolicy ?? 'Always';
  if (policy === 'Always') return 'Running';
  if (count.stopped === count.succeeded) return 'Succeeded';
  return policy === 'Never' ? 'Failed' : 'Running';
}

function countRegular(statuses: readonly ContainerStatus[]): Count {
  const count: Count = { waiting: 0, running: 0, stopped: 0, succeeded: 0 };
  for (const { state, lastState } of statuses) {
    if (state?.running !== undefined) count.running += 1;
    else if (state?.terminated !== undefined) {
      count.stopped += 1;
      if (state.terminated.exitCode === 0) count.succeeded += 1;
    } else if (lastState?.terminated !== undefined) count.stopped += 1;
    else count.waiting += 1;
  }
  return count;
}

/** 'Pending' while init containers are under way, 'Failed' when one failed for good. */
function initPhase(pod: Pod, statuses: readonly ContainerStatus[], begun: boolean): Phase | undefined {
  const specs = pod.spec?.initContainers ?? [];
  const states = statuses.map((status) => {
    const own = specs.find((each) => each.name === status.name)?.restartPolicy;
    if (own === 'Always') return status.started === true ? undefined : 'Pending';
    return initContainerPhase(status, own ?? pod.spec?.restartPolicy);
  });
  if (states.includes('Failed')) return 'Failed';
  return states.includes('Pending') && !begun ? 'Pending' : undefined;
}

function initContainerPhase(status: ContainerStatus, policy: string | undefined): Phase | undefined {
  const ended = status.state?.terminated;
  if (ended === undefined) return 'Pending';
  if (ended.exitCode === 0) return undefined;
  return policy === 'Never' ? 'Failed' : 'Pending';
}
