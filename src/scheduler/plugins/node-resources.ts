/** NodeResourcesFit, NodeResourcesBalancedAllocation and ImageLocality. */
import type { NodeAmounts } from '../node-amounts.ts';
import { maxScore, resolvable, unresolvable, type Plugin, type Rejection } from '../plugin.ts';
import { requestsOf, type Resources } from '../resources.ts';
import type { NodeView } from '../snapshot.ts';

export const nodeResourcesFit: Plugin = {
  name: 'NodeResourcesFit',
  weight: 1,
  prepare(pod) {
    const { requests, nonZero } = requestsOf(pod);
    const wanted = [...requests].filter(([, amount]) => amount > 0);
    const [cpu, memory] = cpuAndMemory(nonZero);
    return {
      filter: (view) => lacking(wanted, view),
      // LeastAllocated: the more is left, the better.
      score: ({ amounts }) => ((leftShare(amounts, 'cpu', cpu) + leftShare(amounts, 'memory', memory)) / 2) | 0,
    };
  },
};

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

const cpuAndMemory = (resources: Resources): readonly [number, number] => [
  resources.get('cpu') ?? 0,
  resources.get('memory') ?? 0,
];

/** 0..100: what share of the resource is left with the pod on the node. */
function leftShare(amounts: NodeAmounts, name: string, wanted: number): number {
  const allocatable = amounts.allocatable(name);
  const used = amounts.requestedNonZero(name) + wanted;
  return allocatable === 0 || used > allocatable ? 0 : Math.floor(((allocatable - used) * maxScore) / allocatable);
}

export const balancedAllocation: Plugin = {
  name: 'NodeResourcesBalancedAllocation',
  weight: 1,
  prepare(pod) {
    const [cpu, memory] = cpuAndMemory(requestsOf(pod).requests);
    // A pod without requests changes no balance.
    if (cpu === 0 && memory === 0) return {};
    return {
      score: ({ amounts }) => {
        const distance = usedFraction(amounts, 'cpu', cpu) - usedFraction(amounts, 'memory', memory);
        // The standard deviation of two fractions is half their distance.
        return Math.floor((1 - Math.abs(distance) / 2) * maxScore);
      },
    };
  },
};

function usedFraction(amounts: NodeAmounts, name: string, wanted: number): number {
  const allocatable = amounts.allocatable(name);
  return allocatable === 0 ? 1 : Math.min(1, (amounts.requested(name) + wanted) / allocatable);
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
