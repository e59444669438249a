/** Replaces a DaemonSet's pods of older templates within its limits: a pure function. */
import type { DaemonSet } from '../../api/apps/daemon-set.ts';
import type { Pod } from '../../api/core/pod.ts';
import { isAvailable } from '../workload/pods.ts';
import { isLiving, isYoung, limitsOf, type Changes, type NodePods } from './node-pods.ts';

/** A node and its living pods, one of each sort at the most. */
interface Place {
  readonly name: string;
  /** Whether the set should run there; where it should not, a pod may still be from before. */
  readonly run: boolean;
  readonly young?: Pod | undefined;
  readonly old?: Pod | undefined;
}

export function roll(set: DaemonSet, views: readonly NodePods[], hash: string, now: number): Changes {
  if (set.spec?.updateStrategy?.type === 'OnDelete') return { create: [], remove: [] };
  const wanted = views.filter(({ run }) => run).length;
  const { maxSurge, maxUnavailable } = limitsOf(set, wanted);
  const available = (pod: Pod): boolean => isAvailable(pod, set.spec?.minReadySeconds ?? 0, now);
  const concerned = views.filter(({ run, pods }) => run || pods.length > 0);
  const places = concerned.flatMap((view) => placeOf(view, hash) ?? []);
  // Where pods are too many, some are about to go: such a node counts as one that is being updated.
  const crowded = concerned.length - places.length;
  return maxSurge > 0
    ? surgeOver(places, maxSurge - crowded, wanted, available)
    : replaceInPlace(places, maxUnavailable - crowded, available);
}

function placeOf({ node, run, pods }: NodePods, hash: string): Place | undefined {
  const living = pods.filter(isLiving);
  const [young, ...otherYoung] = living.filter((pod) => isYoung(pod, hash));
  const [old, ...otherOld] = living.filter((pod) => !isYoung(pod, hash));
  if (otherYoung.length > 0 || otherOld.length > 0) return undefined;
  return { name: node.metadata.name, run, young, old };
}

/** Old pods that do not work go at once, others as far as availability allows; their successors come when they are gone. */
function replaceInPlace(places: readonly Place[], limit: number, available: (pod: Pod) => boolean): Changes {
  const broken: Pod[] = [];
  const working: Pod[] = [];
  let left = limit;
  for (const { young, old } of places) {
    const only = young === undefined ? old : old === undefined ? young : undefined;
    const works = only !== undefined && available(only);
    if (!works) left -= 1;
    if (only !== undefined && only === old) (works ? working : broken).push(old);
  }
  return { create: [], remove: [...broken, ...working.slice(0, Math.max(0, left))] };
}

/**
 * Successors come beside old pods: as many as the surge allows where the old one works, and wherever it does not. Where
 * the set should not run any more nothing succeeds the old pod; it goes when enough others are available.
 */
function surgeOver(
  places: readonly Place[],
  maxSurge: number,
  wanted: number,
  available: (pod: Pod) => boolean,
): Changes {
  const outdated = places.flatMap(({ old, young, ...place }) =>
    old === undefined || young !== undefined ? [] : [{ ...place, old }],
  );
  const works = ({ old }: { readonly old: Pod }): boolean => available(old);
  const nodes = outdated.filter(({ run }) => run);
  const sunset = outdated.filter(({ run }) => !run);
  const both = places.flatMap(({ old, young }) => (old === undefined || young === undefined ? [] : [{ old, young }]));
  const succeeded = both.filter(({ young }) => available(young));
  const free = Math.max(0, maxSurge - (both.length - succeeded.length));
  const inWork = places.filter(({ old, young }) => {
    const longest = old ?? young;
    return longest !== undefined && available(longest);
  }).length;
  const spare = Math.max(0, inWork - wanted);
  return {
    create: [...nodes.filter((place) => !works(place)), ...nodes.filter(works).slice(0, free)].map(({ name }) => name),
    remove: [...succeeded, ...sunset.filter((place) => !works(place)), ...sunset.filter(works).slice(0, spare)].map(
      ({ old }) => old,
    ),
  };
}
