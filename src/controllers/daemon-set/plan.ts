/** What a DaemonSet needs next: a pure function of it, the nodes and its pods. */
import type { DaemonSet, DaemonSetStatus } from '../../api/apps/daemon-set.ts';
import type { Node } from '../../api/core/node.ts';
import type { Pod } from '../../api/core/pod.ts';
import { parseTimestamp } from '../../base/clock.ts';
import { amountOf } from '../workload/hash.ts';
import { availableAt, hasEnded, isAvailable, isReady } from '../workload/pods.ts';
import { revisionHashLabel } from '../workload/revisions.ts';
import { judgeOf, nodeOf } from './placement.ts';

export interface DaemonPlan {
  /** Names of nodes that get a pod. */
  readonly create: readonly string[];
  readonly remove: readonly Pod[];
  /** Of those, the ones that had failed: their removal is told and slowed down. */
  readonly failed: readonly Pod[];
  readonly status: DaemonSetStatus;
  readonly after?: number;
}

interface NodePods {
  readonly node: Node;
  readonly run: boolean;
  readonly stay: boolean;
  readonly pods: readonly Pod[];
}

export function planDaemons(
  set: DaemonSet,
  nodes: readonly Node[],
  pods: readonly Pod[],
  hash: string,
  now: number,
): DaemonPlan {
  const byNode = Map.groupBy(pods, nodeOf);
  const judge = judgeOf(set);
  const views = nodes.map((node) => ({ node, ...judge(node), pods: byNode.get(node.metadata.name) ?? [] }));
  const known = new Set(nodes.map(({ metadata }) => metadata.name));
  // Pods whose node is gone can neither run nor end by themselves.
  const homeless = pods.filter((pod) => !known.has(nodeOf(pod)) && pod.metadata.deletionTimestamp === undefined);
  const kept = set.metadata.deletionTimestamp === undefined ? manage(set, views, hash, now) : noChange;
  const rolled = set.metadata.deletionTimestamp === undefined ? roll(set, views, kept, hash, now) : noChange;
  const after = nextDue(set, pods, now);
  return {
    create: [...new Set([...kept.create, ...rolled.create])],
    remove: [...new Set([...homeless, ...kept.remove, ...rolled.remove])],
    failed: kept.failed,
    status: statusOf(set, views, hash, now),
    ...(after === undefined ? {} : { after }),
  };
}

interface Changes {
  readonly create: readonly string[];
  readonly remove: readonly Pod[];
  readonly failed: readonly Pod[];
}

const noChange: Changes = { create: [], remove: [], failed: [] };

/** One pod where one belongs, none where none does. */
function manage(set: DaemonSet, views: readonly NodePods[], hash: string, now: number): Changes {
  const create: string[] = [];
  const remove: Pod[] = [];
  const failed: Pod[] = [];
  for (const { node, run, stay, pods } of views) {
    const living = pods.filter(({ metadata }) => metadata.deletionTimestamp === undefined);
    if (!stay) {
      remove.push(...living);
      continue;
    }
    const ended = living.filter(hasEnded);
    failed.push(...ended);
    remove.push(...ended);
    const running = living.filter((pod) => !hasEnded(pod));
    // The place of a pod that is going is free once it is gone.
    if (run && pods.length === 0) create.push(node.metadata.name);
    remove.push(...surplus(set, running, hash, now));
  }
  return { create, remove, failed };
}

/** Of several pods on a node one stays: while surging, an old one beside a young one that is not yet available. */
function surplus(set: DaemonSet, running: readonly Pod[], hash: string, now: number): readonly Pod[] {
  if (running.length <= 1) return [];
  const order = running.toSorted(
    (a, b) => parseTimestamp(a.metadata.creationTimestamp) - parseTimestamp(b.metadata.creationTimestamp),
  );
  const surge = limitsOf(set, 1).maxSurge > 0;
  if (!surge) return order.slice(1);
  const young = order.filter((pod) => isYoung(pod, hash));
  const old = order.filter((pod) => !isYoung(pod, hash));
  const available = young.some((pod) => isAvailable(pod, set.spec?.minReadySeconds ?? 0, now));
  return [...young.slice(1), ...(available ? old : old.slice(1))];
}

/** Replaces pods of older templates, within the limits. */
function roll(set: DaemonSet, views: readonly NodePods[], { remove }: Changes, hash: string, now: number): Changes {
  if (set.spec?.updateStrategy?.type === 'OnDelete') return noChange;
  const wanted = views.filter(({ run }) => run);
  const { maxSurge, maxUnavailable } = limitsOf(set, wanted.length);
  const going = new Set(remove);
  return maxSurge > 0
    ? surgeOver(wanted, maxSurge, going, hash)
    : replaceInPlace(set, wanted, maxUnavailable, going, hash, now);
}

function replaceInPlace(
  set: DaemonSet,
  wanted: readonly NodePods[],
  maxUnavailable: number,
  going: ReadonlySet<Pod>,
  hash: string,
  now: number,
): Changes {
  const minReady = set.spec?.minReadySeconds ?? 0;
  const broken: Pod[] = [];
  const working: Pod[] = [];
  let unavailable = 0;
  for (const { pods } of wanted) {
    const [pod] = pods.filter((each) => !going.has(each) && each.metadata.deletionTimestamp === undefined);
    const available = pod !== undefined && isAvailable(pod, minReady, now);
    if (!available) unavailable += 1;
    if (pod === undefined || isYoung(pod, hash)) continue;
    (available ? working : broken).push(pod);
  }
  return { ...noChange, remove: [...broken, ...working.slice(0, Math.max(0, maxUnavailable - unavailable))] };
}

function surgeOver(wanted: readonly NodePods[], maxSurge: number, going: ReadonlySet<Pod>, hash: string): Changes {
  const create: string[] = [];
  let surging = 0;
  for (const { pods } of wanted) {
    const living = pods.filter((pod) => !going.has(pod) && pod.metadata.deletionTimestamp === undefined);
    if (living.some((pod) => isYoung(pod, hash)) && living.some((pod) => !isYoung(pod, hash))) surging += 1;
  }
  for (const { node, pods } of wanted) {
    const living = pods.filter((pod) => !going.has(pod) && pod.metadata.deletionTimestamp === undefined);
    if (living.length === 0 || living.some((pod) => isYoung(pod, hash)) || surging >= maxSurge) continue;
    surging += 1;
    create.push(node.metadata.name);
  }
  return { ...noChange, create };
}

function limitsOf({ spec }: DaemonSet, nodes: number): { readonly maxSurge: number; readonly maxUnavailable: number } {
  const { maxSurge = 0, maxUnavailable = 1 } = spec?.updateStrategy?.rollingUpdate ?? {};
  const surge = amountOf(maxSurge, nodes, Math.ceil);
  const unavailable = amountOf(maxUnavailable, nodes, Math.ceil);
  return { maxSurge: surge, maxUnavailable: surge === 0 && unavailable === 0 ? 1 : unavailable };
}

function isYoung({ metadata }: Pod, hash: string): boolean {
  return metadata.labels?.[revisionHashLabel] === hash;
}

function statusOf(set: DaemonSet, views: readonly NodePods[], hash: string, now: number): DaemonSetStatus {
  const minReady = set.spec?.minReadySeconds ?? 0;
  const living = ({ pods }: NodePods): readonly Pod[] =>
    pods.filter((pod) => pod.metadata.deletionTimestamp === undefined && !hasEnded(pod));
  const wanted = views.filter(({ run }) => run);
  const scheduled = wanted.filter((view) => living(view).length > 0);
  const count = (test: (pod: Pod) => boolean): number => scheduled.filter((view) => living(view).some(test)).length;
  const available = count((pod) => isAvailable(pod, minReady, now));
  const { collisionCount, conditions } = set.status ?? {};
  return {
    currentNumberScheduled: scheduled.length,
    numberMisscheduled: views.filter((view) => !view.run && living(view).length > 0).length,
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
