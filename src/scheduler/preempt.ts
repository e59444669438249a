/**
 * Preemption: which less important pods would have to go so that a pod can run. A pure function from the
 * decision that found no node to victims on one node, or to the reasons why nothing helps.
 */
import type { Pod } from '../api/core/pod.ts';
import type { PodDisruptionBudget } from '../api/policy/pod-disruption-budget.ts';
import { parseTimestamp } from '../base/clock.ts';
import { matches, selectorOf } from '../schema/selector.ts';
import { fits, type Decision } from './decide.ts';
import { worldWithNodes, type Plugin, type World } from './plugin.ts';
import { withPods, type NodeView } from './snapshot.ts';

export interface Preemption {
  readonly node: string;
  readonly victims: readonly Pod[];
}

export interface PreemptionResult {
  readonly preemption?: Preemption;
  /** `0/3 nodes are available: 1 No preemption victims found for incoming pod, ...` */
  readonly explanation: string;
}

interface Candidate extends Preemption {
  /** Victims whose disruption budget is used up. */
  readonly violations: number;
}

const notHelpful = 'Preemption is not helpful for scheduling';
const noVictims = 'No preemption victims found for incoming pod';

export function preempt(
  pod: Pod,
  decision: Decision,
  world: World,
  budgets: readonly PodDisruptionBudget[],
  plugins: readonly Plugin[],
): PreemptionResult {
  if (pod.spec?.preemptionPolicy === 'Never') {
    return { explanation: `not eligible due to preemptionPolicy=Never.` };
  }
  const reasons = new Map<string, number>();
  const count = (reason: string): void => void reasons.set(reason, (reasons.get(reason) ?? 0) + 1);
  const candidates: Candidate[] = [];
  for (const view of world.nodes) {
    if (decision.rejected.get(view.name)?.unresolvable !== false) {
      count(notHelpful);
      continue;
    }
    const candidate = candidateOn(view, pod, world, budgets, plugins);
    if (candidate === undefined) count(noVictims);
    else candidates.push(candidate);
  }
  const [chosen] = candidates.toSorted(leastHarm);
  const counted = [...reasons].map(([reason, times]) => `${times} ${reason}`).toSorted();
  return {
    ...(chosen === undefined ? {} : { preemption: { node: chosen.node, victims: chosen.victims } }),
    explanation: `0/${world.nodes.length} nodes are available: ${counted.join(', ')}.`,
  };
}

function candidateOn(
  view: NodeView,
  pod: Pod,
  world: World,
  budgets: readonly PodDisruptionBudget[],
  plugins: readonly Plugin[],
): Candidate | undefined {
  const lower = [...view.pods.values()].filter((other) => priorityOf(other) < priorityOf(pod));
  if (lower.length === 0) return undefined;
  const worldWith = (changed: NodeView): World =>
    worldWithNodes(
      world,
      world.nodes.map((each) => (each.name === changed.name ? changed : each)),
    );
  const fitsWithout = (removed: readonly Pod[]): boolean => {
    const changed = withPods(view, removed);
    return fits(pod, changed, worldWith(changed), plugins);
  };
  if (!fitsWithout(lower)) return undefined;
  // Spare whoever can stay, the most important first, those protected by a budget before all others.
  const guarded = violatingBudgets(lower, budgets);
  const order = lower.toSorted(
    (left, right) =>
      Number(guarded.has(right)) - Number(guarded.has(left)) ||
      priorityOf(right) - priorityOf(left) ||
      startOf(left) - startOf(right),
  );
  let victims: readonly Pod[] = lower;
  for (const spared of order) {
    const rest = victims.filter((other) => other !== spared);
    if (fitsWithout(rest)) victims = rest;
  }
  return { node: view.name, victims, violations: victims.filter((victim) => guarded.has(victim)).length };
}

/** Which of the pods would exceed what their budgets allow, if all of them went in this order. */
function violatingBudgets(pods: readonly Pod[], budgets: readonly PodDisruptionBudget[]): ReadonlySet<Pod> {
  const left = new Map(budgets.map((budget) => [budget, budget.status?.disruptionsAllowed ?? 0]));
  const violating = new Set<Pod>();
  for (const pod of pods.toSorted((a, b) => priorityOf(b) - priorityOf(a))) {
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

/** Fewest broken budgets, least important victims, least importance in sum, fewest victims, youngest victims. */
function leastHarm(left: Candidate, right: Candidate): number {
  const highest = ({ victims }: Candidate): number => Math.max(...victims.map(priorityOf));
  const sum = ({ victims }: Candidate): number =>
    victims.reduce((all, victim) => all + priorityOf(victim) + 2 ** 31, 0);
  const oldest = ({ victims }: Candidate): number => Math.min(...victims.map(startOf));
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
