/** Which cluster events a change of a node or a placed pod means for pods that wait. */
import type { Node } from '../api/core/node.ts';
import type { Pod } from '../api/core/pod.ts';
import type { ClusterEvent } from './queue.ts';
import { requestsOf } from './resources.ts';

export function eventsOfNodeUpdate(node: Node, old: Node): readonly ClusterEvent[] {
  const events: ClusterEvent[] = [];
  if (differ(node.status?.allocatable, old.status?.allocatable)) events.push('node-resources');
  if (differ(node.metadata.labels, old.metadata.labels)) events.push('node-labels');
  if (differ(node.spec?.taints, old.spec?.taints) || node.spec?.unschedulable !== old.spec?.unschedulable) {
    events.push('node-taints');
  }
  return events;
}

export function eventsOfPodUpdate(pod: Pod, old: Pod | undefined): readonly ClusterEvent[] {
  if (old === undefined || (old.spec?.nodeName ?? '') === '') return ['pod-placed'];
  const events: ClusterEvent[] = [];
  if (differ(pod.metadata.labels, old.metadata.labels)) events.push('pod-placed');
  if (pod.metadata.deletionTimestamp !== old.metadata.deletionTimestamp) events.push('pod-gone');
  if (givesBack(pod, old)) events.push('pod-gone');
  return events;
}

/** A resize: what counts is when the node has done it. */
function givesBack(pod: Pod, old: Pod): boolean {
  const { requests } = requestsOf(pod);
  return [...requestsOf(old).requests].some(([name, amount]) => (requests.get(name) ?? 0) < amount);
}

function differ(left: unknown, right: unknown): boolean {
  return left !== right && JSON.stringify(left) !== JSON.stringify(right);
}
