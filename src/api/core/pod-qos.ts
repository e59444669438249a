/** How a pod fares when its node runs short: the three classes that follow from requests and limits. */
import { addQuantity, compareQuantity, isZero, type Quantity } from '../../schema/quantity.ts';
import type { Loose } from '../rules/loose.ts';
import type { ResourceRequirements } from './container.ts';
import type { PodSpec } from './pod-spec.ts';

export type QosClass = 'Guaranteed' | 'Burstable' | 'BestEffort';

const resources = ['cpu', 'memory'] as const;

/** Guaranteed: every container has limits for both resources, and requests just that. */
export function qosClassOf(spec: Loose<PodSpec>): QosClass {
  const all = [...(spec.containers ?? []), ...(spec.initContainers ?? [])].map((each) => each.resources);
  const parts = spec.resources === undefined ? all : [spec.resources];
  const requests = resources.map((name) => total(parts, 'requests', name));
  const limits = resources.map((name) => total(parts, 'limits', name));
  if ([...requests, ...limits].every((sum) => sum === undefined)) return 'BestEffort';
  const limited = parts.every((part) => resources.every((name) => amount(part, 'limits', name) !== undefined));
  const equal = resources.every((_, index) => same(requests[index], limits[index]));
  return limited && equal ? 'Guaranteed' : 'Burstable';
}

type Part = Loose<ResourceRequirements> | undefined;

/** Absent and zero are the same here. */
function amount(part: Part, kind: 'requests' | 'limits', name: string): string | undefined {
  const value = part?.[kind]?.[name];
  return value === undefined || isZero(value) ? undefined : value;
}

function total(parts: readonly Part[], kind: 'requests' | 'limits', name: string): Quantity | undefined {
  const amounts = parts.flatMap((part) => amount(part, kind, name) ?? []);
  return amounts.length === 0
    ? undefined
    : amounts.reduce<Quantity>((sum, each) => addQuantity(sum, each), addQuantity('0', '0'));
}

function same(left: Quantity | undefined, right: Quantity | undefined): boolean {
  return left !== undefined && right !== undefined && compareQuantity(left, right) === 0;
}
