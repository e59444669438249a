/**
 * PodTopologySpread: pods of a kind evenly over zones, hosts or whatever label tells domains apart.
 * `DoNotSchedule` filters by skew; `ScheduleAnyway`, and upstream's default constraints, only score.
 */
import type { TopologySpreadConstraint } from '../../api/core/affinity.ts';
import { requiredNodes, tolerates } from '../../api/core/placement.ts';
import type { Pod } from '../../api/core/pod.ts';
import { matches, selectorOf, selectorOfMap, type Selector } from '../../schema/selector.ts';
import {
  maxScore,
  resolvable,
  unresolvable,
  type Plugin,
  type Rejection,
  type Scoring,
  type World,
} from '../plugin.ts';
import type { NodeView } from '../snapshot.ts';

interface Constraint {
  readonly topologyKey: string;
  readonly maxSkew: number;
  readonly minDomains: number;
  readonly selector: Selector;
  readonly counts: (view: NodeView) => boolean;
}

const hostname = 'kubernetes.io/hostname';

const defaults: readonly TopologySpreadConstraint[] = [
  { maxSkew: 3, topologyKey: hostname, whenUnsatisfiable: 'ScheduleAnyway' },
  { maxSkew: 5, topologyKey: 'topology.kubernetes.io/zone', whenUnsatisfiable: 'ScheduleAnyway' },
];

export const podTopologySpread: Plugin = {
  name: 'PodTopologySpread',
  weight: 2,
  prepare(pod, world) {
    const own = pod.spec?.topologySpreadConstraints ?? [];
    const hard = own.filter(({ whenUnsatisfiable }) => whenUnsatisfiable === 'DoNotSchedule');
    const soft = own.length > 0 ? own.filter((each) => !hard.includes(each)) : defaultConstraints(pod, world);
    return {
      ...(hard.length === 0
        ? {}
        : {
            filter: filterOf(
              pod,
              world,
              hard.map((each) => constraintOf(pod, each)),
            ),
          }),
      ...(soft.length === 0
        ? {}
        : {
            scoring: (candidates: readonly NodeView[]) =>
              scoringOf(
                pod,
                world,
                candidates,
                soft.map((each) => constraintOf(pod, each)),
                own.length > 0,
              ),
          }),
    };
  },
};

function defaultConstraints(pod: Pod, world: World): readonly TopologySpreadConstraint[] {
  const selectors = world.selectorsOf(pod);
  if (selectors.length === 0) return [];
  const matchLabels = Object.assign({}, ...selectors) as Record<string, string>;
  return defaults.map((each) => ({ ...each, labelSelector: { matchLabels } }));
}

function constraintOf(pod: Pod, constraint: TopologySpreadConstraint): Constraint {
  const labels = pod.metadata.labels ?? {};
  const extra = (constraint.matchLabelKeys ?? []).filter((key) => Object.hasOwn(labels, key));
  const affinity = constraint.nodeAffinityPolicy === 'Ignore' ? undefined : requiredNodes(pod.spec);
  const honorTaints = constraint.nodeTaintsPolicy === 'Honor';
  return {
    topologyKey: constraint.topologyKey,
    maxSkew: constraint.maxSkew,
    minDomains: constraint.minDomains ?? 1,
    selector: [
      ...selectorOf(constraint.labelSelector),
      ...selectorOfMap(Object.fromEntries(extra.map((key) => [key, labels[key] ?? '']))),
    ],
    counts: (view) => (affinity === undefined || affinity(view)) && (!honorTaints || toleratesNode(pod, view)),
  };
}

function toleratesNode(pod: Pod, view: NodeView): boolean {
  const taints = view.node.spec?.taints ?? [];
  return taints.every(
    ({ effect, ...taint }) =>
      effect === 'PreferNoSchedule' || tolerates(pod.spec?.tolerations ?? [], { ...taint, effect }),
  );
}

/** How many matching pods each domain holds; only domains with a node that counts. */
function countsOf(pod: Pod, world: World, constraint: Constraint, all: readonly Constraint[]): Map<string, number> {
  const counts = new Map<string, number>();
  const matching = world.podsMatching(pod.metadata.namespace ?? '', constraint.selector);
  for (const view of world.nodes) {
    const value = view.labels[constraint.topologyKey];
    if (value === undefined || !constraint.counts(view)) continue;
    if (!hasAllLabels(view, all)) continue;
    counts.set(value, (counts.get(value) ?? 0) + (matching.get(view.name) ?? 0));
  }
  return counts;
}

function hasAllLabels(view: NodeView, constraints: readonly Constraint[]): boolean {
  return constraints.every(({ topologyKey }) => Object.hasOwn(view.labels, topologyKey));
}

/** How many matching pods the domain of each candidate holds, and how many domains the candidates are in. */
interface Counts {
  readonly domains: number;
  of(view: NodeView, domain: string): number;
}

function countsAmong(
  candidates: readonly NodeView[],
  pod: Pod,
  world: World,
  constraint: Constraint,
  all: readonly Constraint[],
): Counts {
  const { topologyKey } = constraint;
  const matching = world.podsMatching(pod.metadata.namespace ?? '', constraint.selector);
  const counted = (view: NodeView): boolean => constraint.counts(view) && hasAllLabels(view, all);
  if (topologyKey === hostname) {
    // A candidate's host is the candidate.
    return {
      domains: candidates.filter(({ labels }) => labels[hostname] !== undefined).length,
      of: (view) => {
        const count = matching.get(view.name) ?? 0;
        return count > 0 && counted(view) ? count : 0;
      },
    };
  }
  const counts = new Map<string, number>();
  for (const { labels } of candidates) {
    const value = labels[topologyKey];
    if (value !== undefined) counts.set(value, 0);
  }
  // Other domains hold nodes that are no candidates.
  if (counts.size > 0) {
    for (const view of nodesOf(matching, world)) {
      const value = view.labels[topologyKey] ?? '';
      const before = counts.get(value);
      if (before !== undefined && counted(view)) counts.set(value, before + (matching.get(view.name) ?? 0));
    }
  }
  return { domains: counts.size, of: (_, domain) => counts.get(domain) ?? 0 };
}

function* nodesOf(byName: ReadonlyMap<string, number>, world: World): Iterable<NodeView> {
  for (const name of byName.keys()) {
    const view = world.node(name);
    if (view !== undefined) yield view;
  }
}

function filterOf(
  pod: Pod,
  world: World,
  constraints: readonly Constraint[],
): (view: NodeView) => Rejection | undefined {
  const missing = unresolvable("node(s) didn't match pod topology spread constraints (missing required label)");
  const skewed = resolvable("node(s) didn't match pod topology spread constraints");
  const prepared = constraints.map((constraint) => {
    const counts = countsOf(pod, world, constraint, constraints);
    // With fewer domains than asked for, the missing ones count as empty.
    const lowest = counts.size < constraint.minDomains ? 0 : Math.min(...counts.values());
    const self = matches(constraint.selector, pod.metadata.labels) ? 1 : 0;
    return { constraint, counts, lowest, self };
  });
  return (view) => {
    for (const { constraint, counts, lowest, self } of prepared) {
      const value = view.labels[constraint.topologyKey];
      if (value === undefined) return missing;
      const skew = (counts.get(value) ?? 0) + self - lowest;
      if (skew > constraint.maxSkew) return skewed;
    }
    return undefined;
  };
}

function scoringOf(
  pod: Pod,
  world: World,
  candidates: readonly NodeView[],
  constraints: readonly Constraint[],
  requireAllLabels: boolean,
): Scoring {
  const prepared = constraints.map((constraint) => {
    const counts = countsAmong(candidates, pod, world, constraint, requireAllLabels ? constraints : []);
    // Domains that are many (hosts) count less each than domains that are few (zones).
    return { constraint, counts, weight: Math.log(counts.domains + 2) };
  });
  return {
    score: (view) => {
      let sum = 0;
      for (const { constraint, counts, weight } of prepared) {
        const value = view.labels[constraint.topologyKey];
        if (value === undefined) {
          if (requireAllLabels) return -1;
          continue;
        }
        sum += counts.of(view, value) * weight + (constraint.maxSkew - 1);
      }
      return Math.round(sum);
    },
    normalize: fewestFirst,
  };
}

/** The node with the fewest pods gets 100; nodes without the labels (-1) get 0. */
function fewestFirst(scores: readonly number[]): readonly number[] {
  let [lowest, highest] = [Infinity, 0];
  for (const score of scores) {
    if (score < 0) continue;
    if (score < lowest) lowest = score;
    if (score > highest) highest = score;
  }
  return scores.map((score) => {
    if (score < 0) return 0;
    return highest === 0 ? maxScore : Math.floor((maxScore * (highest + lowest - score)) / highest);
  });
}
