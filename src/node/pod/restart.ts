/** Whether a container that is not running should start, and when a pod is over. Pure. */
import type { PodStatus } from '../../api/core/pod-status.ts';
import type { Pod } from '../../api/core/pod.ts';
import type { ContainerStatus } from '../../runtime/runtime.ts';
import { attemptsOf, type PodRuntime } from './history.ts';
import { containersOf, type SpecContainer } from './names.ts';
import { endOf, toldOf } from './told.ts';

type Policy = 'Always' | 'OnFailure' | 'Never';

/** What restarts it: its own policy and rules, else the pod's. */
export function restartPolicy(pod: Pod, container: SpecContainer): Policy {
  if (container.role === 'ephemeral') return 'Never';
  if (container.sidecar) return 'Always';
  const own = container.spec.restartPolicy as Policy | undefined;
  const policy = own ?? pod.spec?.restartPolicy ?? 'Always';
  // An init container that has succeeded is done, whatever the pod's policy says of its main containers.
  return container.role === 'init' && policy === 'Always' ? 'OnFailure' : policy;
}

/** The rule for an exit code wins over the policy. */
function ruledToRestart(container: SpecContainer, exitCode: number): boolean {
  return (container.spec.restartPolicyRules ?? []).some((rule) => {
    if (rule.action !== 'Restart' || rule.exitCodes === undefined) return false;
    const listed = (rule.exitCodes.values ?? []).includes(exitCode);
    return rule.exitCodes.operator === 'NotIn' ? !listed : listed;
  });
}

type Attempt = Pick<ContainerStatus, 'state' | 'exitCode'>;

/** `status` is its newest attempt; undefined when it never was. */
export function shouldRestart(pod: Pod, container: SpecContainer, status: Attempt | undefined): boolean {
  if (status === undefined || status.state === 'created' || status.state === 'unknown') return true;
  if (status.state === 'running' || pod.metadata.deletionTimestamp !== undefined) return false;
  if (ruledToRestart(container, status.exitCode)) return true;
  const policy = restartPolicy(pod, container);
  return policy === 'Always' || (policy === 'OnFailure' && status.exitCode !== 0);
}

/**
 * Whether the pod has run its course: an init container failed for good, or every regular container has
 * exited and none may run again. Sidecars do not keep a pod going. `previous` tells of containers whose records are gone.
 */
export function podFinished(pod: Pod, runtime: PodRuntime, previous: PodStatus | undefined): boolean {
  if (pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed') return true;
  const containers = containersOf(pod);
  const over = (each: SpecContainer): Attempt | undefined => {
    const newest = attemptsOf(runtime, each.spec.name)[0] ?? endOf(toldOf(previous, each));
    return newest?.state === 'exited' && !shouldRestart(pod, each, newest) ? newest : undefined;
  };
  const failedInit = containers.some((each) => {
    if (each.role !== 'init' || each.sidecar) return false;
    const ended = over(each);
    return ended !== undefined && ended.exitCode !== 0;
  });
  if (failedInit) return true;
  const regular = containers.filter((each) => each.role === 'regular');
  return regular.length > 0 && regular.every((each) => over(each) !== undefined);
}
