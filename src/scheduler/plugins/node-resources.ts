/** NodeResourcesFit, NodeResourcesBalancedAllocation and ImageLocality. */
import { maxScore, resolvable, unresolvable, type Plugin, type Rejection } from '../plugin.ts';
import { requestsOf, type Resources } from '../resources.ts';
import type { NodeView } from '../snapshot.ts';

export const nodeResourcesFit: Plugin = {
  name: 'NodeResourcesFit',
  weight: 1,
  prepare(pod) {
    const { requests, nonZero } = requestsOf(pod);
    const wanted = [...requests].filter(([, amount]) => amount > 0);
    return {
      filter: (view) => lacking(wanted, view),
      // LeastAllocated: the more is left, the better.
      score: (view) => ((leftShare(view, nonZero, 'cpu') + leftShare(view, nonZero, 'memory')) / 2) | 0,
    };
  },
};

function lacking(wanted: readonly (readonly [string, number])[], view: NodeView): Rejection | undefined {
  const slots = view.allocatable.get('pods') ?? 0;
  const reasons: string[] = [];
  if (view.pods.size + 1 > slots) reasons.push('Too many pods');
  let neverFits = false;
  for (const [name, amount] of wanted) {
    const capacity = view.allocatable.get(name) ?? 0;
    if (amount <= capacity - (view.requested.get(name) ?? 0)) continue;
    reasons.push(`Insufficient ${name}`);
    if (amount > capacity) neverFits = true;
  }
  if (reasons.length === 0) return undefined;
  return neverFits ? unresolvable(...reasons) : resolvable(...reasons);
}

/** 0..100: what share of the resource is left with the pod on the node. */
function leftShare(view: NodeView, nonZero: Resources, name: string): number {
  const capacity = view.allocatable.get(name) ?? 0;
  const used = (view.requestedNonZero.get(name) ?? 0) + (nonZero.get(name) ?? 0);
  return capacity === 0 || used > capacity ? 0 : Math.floor(((capacity - used) * maxScore) / capacity);
}

export const balancedAllocation: Plugin = {
  name: 'NodeResourcesBalancedAllocation',
  weight: 1,
  prepare(pod) {
    const { requests } = requestsOf(pod);
    // A pod without requests changes no balance.
    if ((requests.get('cpu') ?? 0) === 0 && (requests.get('memory') ?? 0) === 0) return {};
    return {
      score: (view) => {
        const cpu = usedFraction(view, requests, 'cpu');
        const memory = usedFraction(view, requests, 'memory');
        // The standard deviation of two fractions is half their distance.
        return Math.floor((1 - Math.abs(cpu - memory) / 2) * maxScore);
      },
    };
  },
};

function usedFraction(view: NodeView, requests: Resources, name: string): number {
  const capacity = view.allocatable.get(name) ?? 0;
  if (capacity === 0) return 1;
  return Math.min(1, ((view.requested.get(name) ?? 0) + (requests.get(name) ?? 0)) / capacity);
}

const smallestImage = 23 * 1024 * 1024;
const largestPerContainer = 1000 * 1024 * 1024;

export const imageLocality: Plugin = {
  name: 'ImageLocality',
  weight: 1,
  prepare(pod, world) {
    const containers = [...(pod.spec?.initContainers ?? []), ...(pod.spec?.containers ?? [])];
    const names = containers.map(({ image = '' }) => normalized(image));
    // An image that only some nodes have counts for less, so that one node does not draw everything.
    const spread = new Map(names.map((name) => [name, world.nodesWithImage(name) / Math.max(1, world.nodes.length)]));
    if ([...spread.values()].every((share) => share === 0)) return {};
    const largest = largestPerContainer * Math.max(1, containers.length);
    return {
      score: (view) => {
        const sum = names.reduce(
          (all, name) => all + Math.floor((view.images.get(name) ?? 0) * (spread.get(name) ?? 0)),
          0,
        );
        const clamped = Math.min(largest, Math.max(smallestImage, sum));
        return Math.floor((maxScore * (clamped - smallestImage)) / (largest - smallestImage));
      },
    };
  },
};

function normalized(image: string): string {
  const lastPart = image.slice(image.lastIndexOf('/') + 1);
  return lastPart.includes(':') || lastPart.includes('@') ? image : `${image}:latest`;
}
