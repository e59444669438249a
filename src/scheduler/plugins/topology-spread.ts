/**
 * PodTopologySpread: pods of a kind evenly over zones, hosts or whatever label tells domains apart.
 * `DoNotSchedule` filters by skew; `ScheduleAnyway`, and upstream's default constraints, only score.
 */
import type { TopologySpreadConstraint } from '../../api/core/affinity.ts';
import { hostname, requiredNodes, requiresNames, tolerates, type NodeLike } from '../../api/core/placement.ts';
import type { Pod } from '../../api/core/pod.ts';
import type { Taint, Toleration } from '../../api/core/taint.ts';
import { matches, nothing, selectorOf, selectorOfMap, type Selector } from '../../schema/selector.ts';
import {
  maxScore,
  resolvable,
  unresolvable,
  type Plugin,
  type Rejection,
  type Scoring,
  type World,
} from '../plugin.ts';
import type { NodeTraits } from '../node-traits.ts';
import type { NodeView } from '../snapshot.ts';

interface Constraint {
  readonly topologyKey: string;
  readonly maxSkew: number;
  readonly minDomains: number;
  readonly selector: Selector;
  /** Of which pods are counted: none by a selector that is there but empty, as upstream. */
  readonly counted: Selector;
  /** Whether pods on such a node count. */
  readonly counts: (node: NodeLike, taints: readonly Taint[]) => boolean;
  /** Whether that depends on which node it is, and not only on what it is like. */
  readonly byName: boolean;
}

/** For pods that say nothing themselves, and are selected by something. */
const systemDefaults: readonly TopologySpreadConstraint[] = [
  { maxSkew: 3, topologyKey: hostname, whenUnsatisfiable: 'ScheduleAnyway' },
  { maxSkew: 5, topologyKey: 'topology.kubernetes.io/zone', whenUnsatisfiable: 'ScheduleAnyway' },
];

export function podTopologySpreadWith(defaults: readonly TopologySpreadConstraint[]): Plugin {
  return {
    name: 'PodTopologySpread',
    weight: 2,
    prepare(pod, world) {
      const own = pod.spec?.topologySpreadConstraints ?? [];
      const all = own.length > 0 ? own : defaultConstraints(pod, world, defaults);
      const hard = all.filter(({ whenUnsatisfiable }) => whenUnsatisfiable === 'DoNotSchedule');
      const soft = all.filter((each) => !hard.includes(each));
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
}

export const podTopologySpread = podTopologySpreadWith(systemDefaults);

function defaultConstraints(
  pod: Pod,
  world: World,
  defaults: readonly TopologySpreadConstraint[],
): readonly TopologySpreadConstraint[] {
  if (defaults.length === 0) return defaults;
  const selectors = world.selectorsOf(pod);
  if (selectors.length === 0) return [];
  const matchLabels = Object.assign({}, ...selectors) as Record<string, string>;
  return defaults.map((each) => ({ ...each, labelSelector: { matchLabels } }));
}

function constraintOf(pod: Pod, constraint: TopologySpreadConstraint): Constraint {
  const labels = pod.metadata.labels ?? {};
  const extra = (constraint.matchLabelKeys ?? []).filter((key) => Object.hasOwn(labels, key));
  const affinity = constraint.nodeAffinityPolicy === 'Ignore' ? undefined : requiredNodes(pod.spec);
  const tolerations = constraint.nodeTaintsPolicy === 'Honor' ? (pod.spec?.tolerations ?? []) : undefined;
  const selector = [
    ...selectorOf(constraint.labelSelector),
    ...selectorOfMap(Object.fromEntries(extra.map((key) => [key, labels[key] ?? '']))),
  ];
  return {
    topologyKey: constraint.topologyKey,
    maxSkew: constraint.maxSkew,
    minDomains: constraint.minDomains ?? 1,
    selector,
    counted: selector.length === 0 ? nothing : selector,
    counts: (node, taints) =>
      (affinity === undefined || affinity(node)) && (tolerations === undefined || allTolerated(tolerations, taints)),
    byName: affinity !== undefined && requiresNames(pod.spec),
  };
}

function allTolerated(tolerations: readonly Toleration[], taints: readonly Taint[]): boolean {
  return taints.every((taint) => taint.effect === 'PreferNoSchedule' || tolerates(tolerations, taint));
}

/** The domain of a node; undefined if it is in none. */
function domainOf({ hostname: host, traits }: NodeView, topologyKey: string): string | undefined {
  return topologyKey === hostname ? host : traits.labels[topologyKey];
}

/** How many matching pods each domain holds; only domains with a node that counts. */
function countsOf(pod: Pod, world: World, constraint: Constraint, all: readonly Constraint[]): Map<string, number> {
  const counts = new Map<string, number>();
  const matching = world.podsMatching(pod.metadata.namespace ?? '', constraint.counted);
  for (const view of world.nodes) {
    const value = domainOf(view, constraint.topologyKey);
    if (value === undefined || !constraint.counts(view, view.traits.taints)) continue;
    if (!hasAllLabels(view, all)) continue;
    counts.set(value, (counts.get(value) ?? 0) + (matching.get(view.name) ?? 0));
  }
  return counts;
}

function hasAllLabels({ labels }: Pick<NodeLike, 'labels'>, constraints: readonly Constraint[]): boolean {
  return constraints.every(({ topologyKey }) => Object.hasOwn(labels, topologyKey));
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
  const namespace = pod.metadata.namespace ?? '';
  const counted = (node: NodeLike, { taints }: NodeTraits): boolean =>
    constraint.counts(node, taints) && hasAllLabels(node, all);
  if (topologyKey === hostname) {
    // A candidate's host is the candidate.
    const matching = world.podsMatching(namespace, constraint.counted);
    return {
      domains: candidates.filter((view) => view.hostname !== undefined).length,
      of: (view) => {
        const count = matching.get(view.name) ?? 0;
        return count > 0 && counted(view, view.traits) ? count : 0;
      },
    };
  }
  const counts = new Map<string, number>();
  for (const { traits } of candidates) {
    const value = traits.labels[topologyKey];
    if (value !== undefined) counts.set(value, 0);
  }
  const add = (node: NodeLike, traits: NodeTraits, count: number): void => {
    const value = traits.labels[topologyKey] ?? '';
    const before = counts.get(value);
    // Other domains hold nodes that are no candidates.
    if (before !== undefined && counted(node, traits)) counts.set(value, before + count);
  };
  const byName = constraint.byName || all.some((each) => each.topologyKey === hostname);
  if (counts.size > 0 && !byName) {
    for (const [traits, count] of world.podsMatchingByTraits(namespace, constraint.counted)) {
      add({ name: '', labels: traits.labels }, traits, count);
    }
  } else if (counts.size > 0) {
    for (const [name, count] of world.podsMatching(namespace, constraint.counted)) {
      const view = world.node(name);
      if (view !== undefined) add(view, view.traits, count);
    }
  }
  return { domains: counts.size, of: (_, domain) => counts.get(domain) ?? 0 };
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
      const value = domainOf(view, constraint.topologyKey);
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
        const value = domainOf(view, constraint.topologyKey);
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
