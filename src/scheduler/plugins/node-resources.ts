/** NodeResourcesFit, NodeResourcesBalancedAllocation and ImageLocality. */
import type { NodeAmounts } from '../node-amounts.ts';
import { maxScore, resolvable, unresolvable, type Plugin, type Rejection } from '../plugin.ts';
import { requestsOf } from '../resources.ts';
import type { NodeView } from '../snapshot.ts';
import { cpuAndMemory, resourceScorer, type ScoringStrategy, type WeightedResource } from './resource-scoring.ts';

export interface FitArguments {
  /** Extended resources that another program looks after: their names, or what their names begin with up to the slash. */
  readonly ignored: readonly string[];
  readonly strategy: ScoringStrategy;
}

/** The more is left, the better. */
const leastAllocated: ScoringStrategy = { type: 'LeastAllocated', resources: cpuAndMemory };

export function nodeResourcesFitWith({ ignored, strategy }: FitArguments): Plugin {
  return {
    name: 'NodeResourcesFit',
    weight: 1,
    prepare(pod) {
      const requests = requestsOf(pod);
      const wanted = [...requests.requests].filter(
        ([name, amount]) => amount > 0 && !ignored.includes(name) && !ignored.includes(name.split('/', 1)[0] ?? ''),
      );
      const scorer = resourceScorer(strategy, requests);
      return { filter: (view) => lacking(wanted, view), score: ({ amounts }) => scorer(amounts) };
    },
  };
}

export const nodeResourcesFit = nodeResourcesFitWith({ ignored: [], strategy: leastAllocated });

function lacking(wanted: readonly (readonly [string, number])[], { amounts }: NodeView): Rejection | undefined {
  const reasons: string[] = [];
  if (amounts.requested('pods') + 1 > amounts.allocatable('pods')) reasons.push('Too many pods');
  let neverFits = false;
  for (const [name, amount] of wanted) {
    const allocatable = amounts.allocatable(name);
    if (amount <= allocatable - amounts.requested(name)) continue;
    reasons.push(`Insufficient ${name}`);
    if (amount > allocatable) neverFits = true;
  }
  if (reasons.length === 0) return undefined;
  return neverFits ? unresolvable(...reasons) : resolvable(...reasons);
}

/** Those whose resources are used alike are better: nothing of one is left over that can't be used for want of another. */
export function balancedAllocationWith(resources: readonly WeightedResource[]): Plugin {
  return {
    name: 'NodeResourcesBalancedAllocation',
    weight: 1,
    prepare(pod) {
      const { requests } = requestsOf(pod);
      const wanted = resources
        .map(({ name }) => [name, requests.get(name) ?? 0] as const)
        .filter(([name, amount]) => amount > 0 || name === 'cpu' || name === 'memory');
      // A pod without requests changes no balance.
      if (wanted.every(([, amount]) => amount === 0)) return {};
      return { score: ({ amounts }) => Math.floor((1 - deviation(amounts, wanted)) * maxScore) };
    },
  };
}

export const balancedAllocation = balancedAllocationWith(cpuAndMemory);

/** The standard deviation of how much of each resource is used. */
function deviation(amounts: NodeAmounts, wanted: readonly (readonly [string, number])[]): number {
  const fractions: number[] = [];
  for (const [name, amount] of wanted) {
    if (amounts.allocatable(name) > 0) fractions.push(usedFraction(amounts, name, amount));
  }
  const [one = 0, other = one] = fractions;
  // Of two it is half their distance, to the last bit.
  if (fractions.length <= 2) return Math.abs(one - other) / 2;
  const mean = fractions.reduce((sum, each) => sum + each, 0) / fractions.length;
  return Math.sqrt(fractions.reduce((sum, each) => sum + (each - mean) ** 2, 0) / fractions.length);
}

function usedFraction(amounts: NodeAmounts, name: string, wanted: number): number {
  return Math.min(1, (amounts.requested(name) + wanted) / amounts.allocatable(name));
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
