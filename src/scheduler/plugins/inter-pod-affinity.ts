/**
 * InterPodAffinity: pods that want to be near or away from other pods, by topology domain. For each decision
 * the pods of the cluster are counted per domain once; judging a node then is a few look-ups.
 */
import type { PodAffinityTerm } from '../../api/core/affinity.ts';
import type { Pod } from '../../api/core/pod.ts';
import { matches, selectorOf, type Selector } from '../../schema/selector.ts';
import { maxScore, resolvable, unresolvable, type Plugin, type Rejection, type World } from '../plugin.ts';
import type { NodeView } from '../snapshot.ts';

export interface InterPodAffinityArguments {
  /** How strongly a required affinity of pods already there draws, from 0 to 100. */
  readonly hardPodAffinityWeight: number;
  /** Whether preferences of pods already there count only for pods that have affinities of their own. */
  readonly ignorePreferredTermsOfExistingPods: boolean;
}

interface Term {
  readonly topologyKey: string;
  matches(pod: Pod): boolean;
}

/** Counts by `key=value` of a topology domain. */
type Counts = Map<string, number>;

export function interPodAffinityWith(settings: InterPodAffinityArguments): Plugin {
  return {
    name: 'InterPodAffinity',
    weight: 2,
    prepare(pod, world) {
      const affinity = requiredTerms(pod, 'podAffinity', world);
      const antiAffinity = requiredTerms(pod, 'podAntiAffinity', world);
      const excluded = domainsExcludedByOthers(pod, world);
      const scores = scoresOfDomains(pod, world, settings);
      const hasFilter = affinity.length > 0 || antiAffinity.length > 0 || excluded.size > 0;
      return {
        ...(hasFilter ? { filter: filterOf(pod, world, affinity, antiAffinity, excluded) } : {}),
        ...(scores.size === 0
          ? {}
          : {
              score: (view: NodeView) => {
                let sum = 0;
                for (const [key, value] of Object.entries(view.labels)) sum += scores.get(domain(key, value)) ?? 0;
                return sum;
              },
              normalize: spreadBetweenExtremes,
            }),
      };
    },
  };
}

export const interPodAffinity = interPodAffinityWith({
  hardPodAffinityWeight: 1,
  ignorePreferredTermsOfExistingPods: false,
});

function filterOf(
  pod: Pod,
  { nodes }: World,
  affinity: readonly Term[],
  antiAffinity: readonly Term[],
  excluded: Counts,
): (view: NodeView) => Rejection | undefined {
  const near = countDomains(nodes, affinity, (other) => affinity.every((term) => term.matches(other)));
  const away = countDomains(nodes, antiAffinity, (other, term) => term.matches(other));
  // The first pod of a group that wants to be together may start anywhere.
  const isFirst = near.size === 0 && affinity.every((term) => term.matches(pod));
  return (view) => {
    if (
      !affinity.every(
        (term) => hasDomain(view, term, near) || (isFirst && Object.hasOwn(view.labels, term.topologyKey)),
      )
    ) {
      return unresolvable("node(s) didn't match pod affinity rules");
    }
    if (antiAffinity.some((term) => hasDomain(view, term, away))) {
      return resolvable("node(s) didn't match pod anti-affinity rules");
    }
    for (const [key, value] of excluded.size === 0 ? [] : Object.entries(view.labels)) {
      if (excluded.has(domain(key, value)))
        return resolvable("node(s) didn't satisfy existing pods anti-affinity rules");
    }
    return undefined;
  };
}

function hasDomain(view: NodeView, term: Term, counts: Counts): boolean {
  const value = view.labels[term.topologyKey];
  return value !== undefined && counts.has(domain(term.topologyKey, value));
}

function countDomains(
  nodes: readonly NodeView[],
  terms: readonly Term[],
  counts: (other: Pod, term: Term) => boolean,
): Counts {
  const found: Counts = new Map();
  if (terms.length === 0) return found;
  for (const view of nodes) {
    // Those that are on their way out count as well: they are still there.
    for (const other of view.pods.values()) {
      for (const term of terms) if (counts(other, term)) increase(found, view, term.topologyKey, 1);
    }
  }
  return found;
}

function domainsExcludedByOthers(pod: Pod, world: World): Counts {
  const excluded: Counts = new Map();
  for (const view of world.nodesWithAffinity) {
    for (const other of view.podsWithAffinity.values()) {
      for (const term of requiredTerms(other, 'podAntiAffinity', world)) {
        if (term.matches(pod)) increase(excluded, view, term.topologyKey, 1);
      }
    }
  }
  return excluded;
}

function scoresOfDomains(pod: Pod, world: World, settings: InterPodAffinityArguments): Counts {
  const scores: Counts = new Map();
  const wanted = [...preferredTerms(pod, 'podAffinity', world), ...preferredTerms(pod, 'podAntiAffinity', world)];
  for (const view of wanted.length > 0 ? world.nodes : []) {
    for (const other of view.pods.values()) {
      for (const { term, weight } of wanted) if (term.matches(other)) increase(scores, view, term.topologyKey, weight);
    }
  }
  if (wanted.length === 0 && settings.ignorePreferredTermsOfExistingPods) return scores;
  for (const view of world.nodesWithAffinity) {
    for (const other of view.podsWithAffinity.values()) {
      drawTowards(pod, other, { view, world, scores, weight: settings.hardPodAffinityWeight });
    }
  }
  return scores;
}

interface Drawing {
  readonly view: NodeView;
  readonly world: World;
  readonly scores: Counts;
  /** Of required affinity. */
  readonly weight: number;
}

/** Pods already there have wishes about this one, too. */
function drawTowards(pod: Pod, other: Pod, { view, world, scores, weight: hard }: Drawing): void {
  for (const term of hard === 0 ? [] : requiredTerms(other, 'podAffinity', world)) {
    if (term.matches(pod)) increase(scores, view, term.topologyKey, hard);
  }
  for (const side of ['podAffinity', 'podAntiAffinity'] as const) {
    for (const { term, weight } of preferredTerms(other, side, world)) {
      if (term.matches(pod)) increase(scores, view, term.topologyKey, weight);
    }
  }
}

function increase(counts: Counts, view: NodeView, topologyKey: string, by: number): void {
  const value = view.labels[topologyKey];
  if (value === undefined) return;
  const key = domain(topologyKey, value);
  counts.set(key, (counts.get(key) ?? 0) + by);
}

const domain = (key: string, value: string): string => `${key}=${value}`;

type Side = 'podAffinity' | 'podAntiAffinity';

function requiredTerms(pod: Pod, side: Side, world: World): readonly Term[] {
  const terms = pod.spec?.affinity?.[side]?.requiredDuringSchedulingIgnoredDuringExecution ?? [];
  return terms.map((term) => termOf(pod, term, world));
}

function preferredTerms(
  pod: Pod,
  side: Side,
  world: World,
): readonly { readonly term: Term; readonly weight: number }[] {
  const terms = pod.spec?.affinity?.[side]?.preferredDuringSchedulingIgnoredDuringExecution ?? [];
  const sign = side === 'podAffinity' ? 1 : -1;
  return terms.map(({ weight, podAffinityTerm }) => ({
    weight: sign * weight,
    term: termOf(pod, podAffinityTerm, world),
  }));
}

/** The term as its owner means it: its namespaces default to the owner's own. */
function termOf(owner: Pod, term: PodAffinityTerm, world: World): Term {
  const selector = term.labelSelector === undefined ? undefined : withLabelKeys(owner, term);
  const own = (term.namespaces ?? []).length === 0 && term.namespaceSelector === undefined;
  const namespaces = new Set(own ? [owner.metadata.namespace ?? ''] : (term.namespaces ?? []));
  const byLabel = term.namespaceSelector === undefined ? undefined : selectorOf(term.namespaceSelector);
  return {
    topologyKey: term.topologyKey,
    matches(pod) {
      if (selector === undefined || !matches(selector, pod.metadata.labels)) return false;
      const namespace = pod.metadata.namespace ?? '';
      return (
        namespaces.has(namespace) ||
        (byLabel !== undefined && matches(byLabel, world.namespace(namespace)?.metadata.labels ?? {}))
      );
    },
  };
}

/** matchLabelKeys and mismatchLabelKeys add the owner's own values to the selector. */
function withLabelKeys(owner: Pod, term: PodAffinityTerm): Selector {
  const labels = owner.metadata.labels ?? {};
  const of = (keys: readonly string[] | undefined, operator: 'in' | 'notin'): Selector =>
    (keys ?? []).flatMap((key) => {
      const value = labels[key];
      return value === undefined ? [] : [{ key, operator, values: [value] }];
    });
  return [...selectorOf(term.labelSelector), ...of(term.matchLabelKeys, 'in'), ...of(term.mismatchLabelKeys, 'notin')];
}

function spreadBetweenExtremes(scores: readonly number[]): readonly number[] {
  const lowest = Math.min(...scores);
  const range = Math.max(...scores) - lowest;
  return scores.map((score) => (range === 0 ? 0 : Math.floor((maxScore * (score - lowest)) / range)));
}
