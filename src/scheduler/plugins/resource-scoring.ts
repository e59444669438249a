/** How full nodes are preferred: the scoring strategies of NodeResourcesFit. Pure. */
import type { NodeAmounts } from '../node-amounts.ts';
import { maxScore } from '../plugin.ts';
import type { PodRequests } from '../resources.ts';

export interface WeightedResource {
  readonly name: string;
  readonly weight: number;
}

/** What use is worth: a point of a line, use in percent, worth from 0 to 10. */
export interface ShapePoint {
  readonly utilization: number;
  readonly score: number;
}

export type ScoringStrategy = { readonly resources: readonly WeightedResource[] } & (
  | { readonly type: 'LeastAllocated' | 'MostAllocated' }
  | { readonly type: 'RequestedToCapacityRatio'; readonly shape: readonly ShapePoint[] }
);

export const cpuAndMemory: readonly WeightedResource[] = [
  { name: 'cpu', weight: 1 },
  { name: 'memory', weight: 1 },
];

interface Wanted extends WeightedResource {
  readonly amount: number;
  readonly isNative: boolean;
}

/** The resources that count for the pod: of those that not every pod has, only what it requests. */
export function countedFor({ requests, nonZero }: PodRequests, resources: readonly WeightedResource[]): Wanted[] {
  return resources
    .map(({ name, weight }) => {
      const isNative = name === 'cpu' || name === 'memory';
      return { name, weight, isNative, amount: (isNative ? nonZero : requests).get(name) ?? 0 };
    })
    .filter(({ isNative, amount }) => isNative || amount > 0);
}

/** Scores a node from 0 to 100 for a pod. Resources that the node does not have do not count. */
export function resourceScorer(strategy: ScoringStrategy, requests: PodRequests): (amounts: NodeAmounts) => number {
  const wanted = countedFor(requests, strategy.resources);
  const rate = rateOf(strategy);
  const skipsZeros = strategy.type === 'RequestedToCapacityRatio';
  return (amounts) => {
    let sum = 0;
    let weights = 0;
    for (const { name, weight, amount, isNative } of wanted) {
      const allocatable = amounts.allocatable(name);
      if (allocatable === 0) continue;
      const used = (isNative ? amounts.requestedNonZero(name) : amounts.requested(name)) + amount;
      const score = rate(used, allocatable);
      if (skipsZeros && score === 0) continue;
      sum += score * weight;
      weights += weight;
    }
    if (weights === 0) return 0;
    return skipsZeros ? Math.round(sum / weights) : Math.floor(sum / weights);
  };
}

function rateOf(strategy: ScoringStrategy): (used: number, allocatable: number) => number {
  switch (strategy.type) {
    case 'LeastAllocated':
      return (used, allocatable) =>
        used > allocatable ? 0 : Math.floor(((allocatable - used) * maxScore) / allocatable);
    case 'MostAllocated':
      return (used, allocatable) => Math.floor((Math.min(used, allocatable) * maxScore) / allocatable);
    case 'RequestedToCapacityRatio': {
      const points = strategy.shape.map(({ utilization, score }) => [utilization, score * 10] as const);
      return (used, allocatable) => valueAt(points, Math.min(100, Math.floor((used * 100) / allocatable)));
    }
    default:
      throw new TypeError(`unknown strategy ${JSON.stringify(strategy satisfies never)}`);
  }
}

/** On the line through the points; flat before the first and behind the last. Cut to whole numbers, as upstream. */
function valueAt(points: readonly (readonly [number, number])[], at: number): number {
  let before: readonly [number, number] | undefined;
  for (const [x, y] of points) {
    if (at <= x)
      return before === undefined ? y : before[1] + Math.trunc(((y - before[1]) * (at - before[0])) / (x - before[0]));
    before = [x, y];
  }
  return before?.[1] ?? 0;
}
