/** What a DaemonSet needs next: a pure function of it, the nodes and its pods. */
import type { DaemonSet, DaemonSetStatus } from '../../api/apps/daemon-set.ts';
import type { Node } from '../../api/core/node.ts';
import type { Pod } from '../../api/core/pod.ts';
import { availableAt, hasEnded, isAvailable, isReady } from '../workload/pods.ts';
import { byPrecedence, isLiving, isYoung, limitsOf, type Changes, type NodePods } from './node-pods.ts';
import { judgeOf, nodeOf } from './placement.ts';
import { roll } from './roll.ts';

export interface DaemonPlan extends Changes {
  /** Of the pods to remove, those that have ended: their removal is told and slowed down. */
  readonly ended: readonly Pod[];
  readonly status: DaemonSetStatus;
  readonly after?: number;
}

interface Upkeep extends Changes {
  readonly ended: readonly Pod[];
}

export function planDaemons(
  set: DaemonSet,
  nodes: readonly Node[],
  pods: readonly Pod[],
  hash: string,
  now: number,
): DaemonPlan {
  // Something else, a finalizer or the pod's own node, keeps a pod that was deleted and has ended: its place is free.
  const relevant = pods.filter((pod) => isLiving(pod) || !hasEnded(pod));
  const byNode = Map.groupBy(relevant, nodeOf);
  const judge = judgeOf(set);
  const views = nodes.map((node) => ({ node, ...judge(node), pods: byNode.get(node.metadata.name) ?? [] }));
  const upkeep = keep(set, views, hash, now);
  const lost = unscheduledWithoutNode(nodes, relevant);
  const removed = [...lost, ...upkeep.remove];
  // One thing at a time: what is replaced is decided when everything that was begun has been seen.
  const isSettled = upkeep.create.length === 0 && removed.length === 0;
  const rolled = isSettled ? roll(set, views, hash, now) : { create: [], remove: [] };
  const ended = upkeep.ended.filter((pod) => !rolled.remove.includes(pod));
  const after = nextDue(set, pods, now);
  return {
    create: [...upkeep.create, ...rolled.create],
    remove: [...removed, ...ended, ...rolled.remove],
    ended,
    status: statusOf(set, views, hash, now),
    ...(after === undefined ? {} : { after }),
  };
}

/** Nobody else removes these. Those that had been scheduled belong to the collection of pods, which waits for the node. */
function unscheduledWithoutNode(nodes: readonly Node[], pods: readonly Pod[]): readonly Pod[] {
  const known = new Set(['', ...nodes.map(({ metadata }) => metadata.name)]);
  return pods.filter((pod) => isLiving(pod) && (pod.spec?.nodeName ?? '') === '' && !known.has(nodeOf(pod)));
}

/** One pod where one belongs, none where none does. */
function keep(set: DaemonSet, views: readonly NodePods[], hash: string, now: number): Upkeep {
  const create: string[] = [];
  const remove: Pod[] = [];
  const ended: Pod[] = [];
  const surges = limitsOf(set, 1).maxSurge > 0;
  for (const { node, run, stay, pods } of views) {
    const living = pods.filter(isLiving);
    if (!stay) {
      remove.push(...living);
      continue;
    }
    ended.push(...living.filter(hasEnded));
    // Who surges may have a pod beside the one that is going; otherwise its place is free once it is gone.
    if (run && (surges ? living : pods).length === 0) create.push(node.metadata.name);
    const running = living.filter((pod) => !hasEnded(pod)).toSorted(byPrecedence);
    remove.push(...(surges ? surplusOfSurge(set, running, hash, now) : running.slice(1)));
  }
  return { create, remove, ended };
}

/** One young pod stays, and one old beside it while that is ready and the young one is not yet available. */
function surplusOfSurge(set: DaemonSet, running: readonly Pod[], hash: string, now: number): readonly Pod[] {
  const [young, ...otherYoung] = running.filter((pod) => isYoung(pod, hash));
  const [old, ...otherOld] = running.filter((pod) => !isYoung(pod, hash));
  const others = [...otherYoung, ...otherOld];
  if (young === undefined || old === undefined) return others;
  const isDone = !isReady(old) || isAvailable(young, set.spec?.minReadySeconds ?? 0, now);
  return isDone ? [...others, old] : others;
}

/** On each node the pod that has been there longest speaks for it: an update is done when the old one is gone. */
function statusOf(set: DaemonSet, views: readonly NodePods[], hash: string, now: number): DaemonSetStatus {
  const minReady = set.spec?.minReadySeconds ?? 0;
  const wanted = views.filter(({ run }) => run);
  const scheduled = wanted.flatMap(({ pods }) => pods.toSorted(byPrecedence).slice(0, 1));
  const count = (test: (pod: Pod) => boolean): number => scheduled.filter(test).length;
  const available = count((pod) => isAvailable(pod, minReady, now));
  const { collisionCount, conditions } = set.status ?? {};
  return {
    currentNumberScheduled: scheduled.length,
    numberMisscheduled: views.filter(({ run, pods }) => !run && pods.length > 0).length,
    desiredNumberScheduled: wanted.length,
    numberReady: count(isReady),
    observedGeneration: set.metadata.generation ?? 0,
    updatedNumberScheduled: count((pod) => isYoung(pod, hash)),
    numberAvailable: available,
    numberUnavailable: wanted.length - available,
    ...(collisionCount === undefined ? {} : { collisionCount }),
    ...(conditions === undefined ? {} : { conditions }),
  };
}

function nextDue(set: DaemonSet, pods: readonly Pod[], now: number): number | undefined {
  const due = pods.flatMap((pod) => availableAt(pod, set.spec?.minReadySeconds ?? 0) ?? []).filter((at) => at > now);
  return due.length === 0 ? undefined : Math.min(...due) - now;
}
