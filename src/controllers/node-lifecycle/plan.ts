/** What is known of a node's health, and which conditions and taints follow from it: pure. */
import type { Node, NodeCondition } from '../../api/core/node.ts';
import type { Taint } from '../../api/core/taint.ts';
import { timestamp } from '../../base/clock.ts';

/** Milliseconds without a sign of life after which a node is unknown; new nodes are given longer. */
export const grace = { running: 50_000, starting: 60_000 };

const prefix = 'node.kubernetes.io/';
export const taintKeys = {
  notReady: `${prefix}not-ready`,
  unreachable: `${prefix}unreachable`,
  unschedulable: `${prefix}unschedulable`,
} as const;

/** Conditions that keep pods away, and the taints they come with. */
const pressure: readonly (readonly [condition: string, key: string])[] = [
  ['MemoryPressure', `${prefix}memory-pressure`],
  ['DiskPressure', `${prefix}disk-pressure`],
  ['PIDPressure', `${prefix}pid-pressure`],
  ['NetworkUnavailable', `${prefix}network-unavailable`],
];

const ownKeys: ReadonlySet<string> = new Set([...Object.values(taintKeys), ...pressure.map(([, key]) => key)]);
const kubeletConditions = ['Ready', 'MemoryPressure', 'DiskPressure', 'PIDPressure'];

export type Health = 'True' | 'False' | 'Unknown';

export function readinessOf({ status }: Node): Health {
  const ready = status?.conditions?.find(({ type }) => type === 'Ready');
  return ready?.status === 'True' ? 'True' : ready?.status === 'False' ? 'False' : 'Unknown';
}

/**
 * When a node that was heard of at `heard` is given up. `promised`: for how long its Lease says that it is good,
 * which is more than a node's ordinary grace only for those that say so. All in milliseconds.
 */
export function dueAt(node: Node, heard: number, promised = 0): number {
  return heard + Math.max(promised, hasReported(node) ? grace.running : grace.starting);
}

/** Conditions of a node that says nothing any more; undefined when they say so already. */
export function unknownConditions({ status, metadata }: Node, now: number): readonly NodeCondition[] | undefined {
  const conditions = status?.conditions ?? [];
  const at = timestamp(now);
  let changed = false;
  const known = conditions.map((condition) => {
    if (!kubeletConditions.includes(condition.type) || condition.status === 'Unknown') return condition;
    changed = true;
    const message = 'Kubelet stopped posting node status.';
    return { ...condition, status: 'Unknown', reason: 'NodeStatusUnknown', message, lastTransitionTime: at };
  });
  const absent = kubeletConditions.filter((type) => !conditions.some((condition) => condition.type === type));
  if (!changed && absent.length === 0) return undefined;
  const never = absent.map((type) => ({
    type,
    status: 'Unknown',
    reason: 'NodeStatusNeverUpdated',
    message: 'Kubelet never posted node status.',
    lastHeartbeatTime: metadata.creationTimestamp,
    lastTransitionTime: at,
  }));
  return [...known, ...never];
}

/**
 * The node's taints as its conditions ask for; undefined when they are so. `evicting`: whether pods may be
 * driven from it, which waits for its turn when many nodes fail at once.
 */
export function taintsFor(node: Node, evicting: boolean, now: number): readonly Taint[] | undefined {
  const present = node.spec?.taints ?? [];
  const wanted = [
    ...withEffect(schedulingKeys(node), 'NoSchedule'),
    ...withEffect(evictionKeys(node, evicting), 'NoExecute'),
  ];
  const foreign = present.filter(
    ({ key, effect }) => !ownKeys.has(key) || effect === 'PreferNoSchedule' || isUnrelated(key, effect),
  );
  const own = present.filter((taint) => !foreign.includes(taint));
  const added = wanted.filter((taint) => !own.some((each) => sameTaint(each, taint)));
  const kept = own.filter((taint) => wanted.some((each) => sameTaint(each, taint)));
  if (added.length === 0 && kept.length === own.length) return undefined;
  return [...foreign, ...kept, ...added.map((taint) => ({ ...taint, timeAdded: timestamp(now) }))];
}

/** Only the two keys of health drive pods away; with another key that effect is somebody's own. */
function isUnrelated(key: string, effect: string): boolean {
  return effect === 'NoExecute' && key !== taintKeys.notReady && key !== taintKeys.unreachable;
}

function withEffect(keys: readonly string[], effect: Taint['effect']): readonly Taint[] {
  return keys.map((key) => ({ key, effect }));
}

function sameTaint(left: Taint, right: Taint): boolean {
  return left.key === right.key && left.effect === right.effect;
}

function schedulingKeys(node: Node): readonly string[] {
  const conditions = node.status?.conditions ?? [];
  const pressed = pressure.filter(([type]) => conditions.some((each) => each.type === type && each.status === 'True'));
  return [
    ...(hasReported(node) ? healthKeys(node) : birthKeys(node)),
    ...pressed.map(([, key]) => key),
    ...(node.spec?.unschedulable === true ? [taintKeys.unschedulable] : []),
  ];
}

const hasReported = ({ status }: Node): boolean => status?.conditions?.some(({ type }) => type === 'Ready') === true;

/** The taint that nodes are born with stays until the node has said how it is. */
function birthKeys({ spec }: Node): readonly string[] {
  const born = (spec?.taints ?? []).some(({ key, effect }) => key === taintKeys.notReady && effect === 'NoSchedule');
  return born ? [taintKeys.notReady] : [];
}

function healthKeys(node: Node): readonly string[] {
  // A node that has never reported is not yet known to be unreachable.
  if (!hasReported(node)) return [];
  const readiness = readinessOf(node);
  if (readiness === 'True') return [];
  return [readiness === 'False' ? taintKeys.notReady : taintKeys.unreachable];
}

/** A node that is driven from already, for another reason of the same sort, need not wait again. */
function evictionKeys(node: Node, evicting: boolean): readonly string[] {
  return evicting ? healthKeys(node) : [];
}

export function isEvicting({ spec }: Node): boolean {
  return (spec?.taints ?? []).some(
    ({ key, effect }) => effect === 'NoExecute' && (key === taintKeys.notReady || key === taintKeys.unreachable),
  );
}

/** Labels by their old names, which say what those of today say. */
const oldLabels = [
  ['kubernetes.io/os', 'beta.kubernetes.io/os'],
  ['kubernetes.io/arch', 'beta.kubernetes.io/arch'],
] as const;

/** What the node's labels lack or say wrongly; undefined when they are right. */
export function labelsFor({ metadata }: Node): Readonly<Record<string, string>> | undefined {
  const { labels = {} } = metadata;
  const wrong = oldLabels.filter(([now, before]) => labels[now] !== undefined && labels[before] !== labels[now]);
  return wrong.length === 0 ? undefined : Object.fromEntries(wrong.map(([now, before]) => [before, labels[now] ?? '']));
}
