/**
 * Preemption: which less important pods would have to go so that a pod can run. A pure function from the
 * decision that found no node to victims on one node, or to the reasons why nothing helps.
 */
import type { Pod } from '../api/core/pod.ts';
import type { PodDisruptionBudget } from '../api/policy/pod-disruption-budget.ts';
import { parseTimestamp } from '../base/clock.ts';
import { matches, selectorOf } from '../schema/selector.ts';
import { countReasons, rejectionOn, type Decision } from './decide.ts';
import { worldWithNodes, type Plugin, type Rejection, type World } from './plugin.ts';
import { withPods, type NodeView } from './snapshot.ts';

export interface Preemption {
  readonly node: string;
  readonly victims: readonly Pod[];
}

export interface PreemptionResult {
  readonly preemption?: Preemption;
  /** `0/3 nodes are available: 1 No preemption victims found for incoming pod, ...`; none when somebody goes. */
  readonly explanation?: string;
  /** The pod waits on for those that go already: where room is made for it stays as it is. */
  readonly waiting?: true;
}

export interface PreemptionContext {
  readonly decision: Decision;
  /** With pods of the same importance or more where room is made for them. */
  readonly world: World;
  readonly budgets: readonly PodDisruptionBudget[];
  readonly plugins: readonly Plugin[];
  /** Where room has been made for the pod before. */
  readonly nominated?: string;
}

interface Candidate extends Preemption {
  /** Victims whose disruption budget is used up. */
  readonly violations: number;
}

const notHelpful = 'Preemption is not helpful for scheduling';
const noVictims = 'No preemption victims found for incoming pod';

export function preempt(pod: Pod, context: PreemptionContext): PreemptionResult {
  const { decision, world } = context;
  if (pod.spec?.preemptionPolicy === 'Never') {
    return { explanation: 'not eligible due to preemptionPolicy=Never.' };
  }
  if (awaitsVictims(pod, context)) {
    return { explanation: 'not eligible due to a terminating pod on the nominated node.', waiting: true };
  }
  const reasons: string[] = [];
  const candidates: Candidate[] = [];
  for (const view of world.nodes) {
    if (decision.rejected.get(view.name)?.unresolvable !== false) {
      reasons.push(notHelpful);
      continue;
    }
    const candidate = candidateOn(view, pod, context);
    if ('reasons' in candidate) reasons.push(...candidate.reasons);
    else candidates.push(candidate);
  }
  const [chosen] = candidates.toSorted(leastHarm);
  if (chosen !== undefined) return { preemption: { node: chosen.node, victims: chosen.victims } };
  return { explanation: `0/${world.nodes.length} nodes are available: ${countReasons(reasons)}.` };
}

/** Whether pods are still on their way out for this one, on a node that would do without them. */
function awaitsVictims(pod: Pod, { nominated, decision, world }: PreemptionContext): boolean {
  const view = nominated === undefined ? undefined : world.node(nominated);
  if (view === undefined || decision.rejected.get(view.name)?.unresolvable === true) return false;
  return [...view.pods.values()].some((other) => priorityOf(other) < priorityOf(pod) && goesForPreemption(other));
}

function goesForPreemption({ metadata, status }: Pod): boolean {
  const target = status?.conditions?.find(({ type }) => type === 'DisruptionTarget');
  return (
    metadata.deletionTimestamp !== undefined && target?.status === 'True' && target.reason === 'PreemptionByScheduler'
  );
}

function candidateOn(
  view: NodeView,
  pod: Pod,
  { world, budgets, plugins }: PreemptionContext,
): Candidate | Pick<Rejection, 'reasons'> {
  const lower = [...view.pods.values()].filter((other) => priorityOf(other) < priorityOf(pod));
  if (lower.length === 0) return { reasons: [noVictims] };
  const worldWith = (changed: NodeView): World =>
    worldWithNodes(
      world,
      world.nodes.map((each) => (each.name === changed.name ? changed : each)),
    );
  const rejectionWithout = (removed: readonly Pod[]): Rejection | undefined => {
    const changed = withPods(view, removed);
    return rejectionOn(pod, changed, worldWith(changed), plugins);
  };
  const rejection = rejectionWithout(lower);
  if (rejection !== undefined) return rejection;
  // Spare whoever can stay, the most important first, those protected by a budget before all others.
  const guarded = violatingBudgets(lower, budgets);
  const order = lower.toSorted(
    (left, right) => Number(guarded.has(right)) - Number(guarded.has(left)) || byImportance(left, right),
  );
  let victims: readonly Pod[] = lower;
  for (const spared of order) {
    const rest = victims.filter((other) => other !== spared);
    if (rejectionWithout(rest) === undefined) victims = rest;
  }
  return { node: view.name, victims, violations: victims.filter((victim) => guarded.has(victim)).length };
}

/** The most important first; of equals the one that has run longest. */
function byImportance(left: Pod, right: Pod): number {
  return priorityOf(right) - priorityOf(left) || startOf(left) - startOf(right);
}

/** Which of the pods would exceed what their budgets allow, if all of them went in this order. */
function violatingBudgets(pods: readonly Pod[], budgets: readonly PodDisruptionBudget[]): ReadonlySet<Pod> {
  const left = new Map(budgets.map((budget) => [budget, budget.status?.disruptionsAllowed ?? 0]));
  const violating = new Set<Pod>();
  for (const pod of pods.toSorted(byImportance)) {
    for (const [budget, allowed] of left) {
      if (!covers(budget, pod)) continue;
      left.set(budget, allowed - 1);
      if (allowed <= 0) violating.add(pod);
    }
  }
  return violating;
}

function covers(budget: PodDisruptionBudget, pod: Pod): boolean {
  const selector = budget.spec?.selector;
  return (
    budget.metadata.namespace === pod.metadata.namespace &&
    selector !== undefined &&
    matches(selectorOf(selector), pod.metadata.labels) &&
    budget.status?.disruptedPods?.[pod.metadata.name] === undefined
  );
}

/** Fewest broken budgets, least important victims, least importance in sum, fewest victims, youngest of the first. */
function leastHarm(left: Candidate, right: Candidate): number {
  const highest = ({ victims }: Candidate): number => Math.max(...victims.map(priorityOf));
  const sum = ({ victims }: Candidate): number =>
    victims.reduce((all, victim) => all + priorityOf(victim) + 2 ** 31, 0);
  const oldest = (candidate: Candidate): number =>
    Math.min(...candidate.victims.filter((victim) => priorityOf(victim) === highest(candidate)).map(startOf));
  return (
    left.violations - right.violations ||
    highest(left) - highest(right) ||
    sum(left) - sum(right) ||
    left.victims.length - right.victims.length ||
    oldest(right) - oldest(left)
  );
}

function priorityOf(pod: Pod): number {
  return pod.spec?.priority ?? 0;
}

function startOf(pod: Pod): number {
  return parseTimestamp(pod.status?.startTime ?? pod.metadata.creationTimestamp);
}
