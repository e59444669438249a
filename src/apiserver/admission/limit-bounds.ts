/**
 * Amounts against the bounds of one LimitRange item.
 *
 * Messages: plugin/pkg/admission/limitranger/admission.go (minConstraint, maxConstraint, maxRequestConstraint,
 * limitRequestRatioConstraint).
 */
import type { LimitRangeItem } from '../../api/core/limit-range.ts';
import type { Amounts } from '../../api/core/pod-amounts.ts';
import { approximateValue, compareQuantity, formatQuantity, isZero, type Quantity } from '../../schema/quantity.ts';

export interface Bounded {
  readonly requests: Amounts;
  /** Claims have requests only. */
  readonly limits?: Amounts;
}

type Check = (name: string, bound: string, type: string, amounts: Bounded) => string | undefined;

export function boundFaults(limit: LimitRangeItem, amounts: Bounded): readonly string[] {
  const isClaim = amounts.limits === undefined;
  return [
    ...check(limit.min, atLeast, limit.type, amounts),
    ...check(limit.max, isClaim ? requestAtMost : atMost, limit.type, amounts),
    ...(isClaim ? [] : check(limit.maxLimitRequestRatio, ratioAtMost, limit.type, amounts)),
  ];
}

function check(
  bounds: Readonly<Record<string, string>> | undefined,
  rule: Check,
  type: string,
  amounts: Bounded,
): readonly string[] {
  return Object.entries(bounds ?? {}).flatMap(([name, bound]) => rule(name, bound, type, amounts) ?? []);
}

const atLeast: Check = (name, bound, type, { requests, limits }) => {
  const says = `minimum ${name} usage per ${type} is ${formatQuantity(bound)}`;
  const request = requests[name];
  if (request === undefined) return `${says}.  No request is specified`;
  if (compareQuantity(request, bound) < 0) return `${says}, but request is ${formatQuantity(request)}`;
  const limit = limits?.[name];
  if (limit !== undefined && compareQuantity(limit, bound) < 0) return `${says}, but limit is ${formatQuantity(limit)}`;
  return undefined;
};

const requestAtMost: Check = (name, bound, type, { requests }) => {
  const says = `maximum ${name} usage per ${type} is ${formatQuantity(bound)}`;
  const request = requests[name];
  if (request === undefined) return `${says}.  No request is specified`;
  return compareQuantity(request, bound) > 0 ? `${says}, but request is ${formatQuantity(request)}` : undefined;
};

const atMost: Check = (name, bound, type, { requests, limits = {} }) => {
  const says = `maximum ${name} usage per ${type} is ${formatQuantity(bound)}`;
  const limit = limits[name];
  if (limit === undefined) return `${says}.  No limit is specified`;
  if (compareQuantity(limit, bound) > 0) return `${says}, but limit is ${formatQuantity(limit)}`;
  const request = requests[name];
  if (request === undefined || compareQuantity(request, bound) <= 0) return undefined;
  return `${says}, but request is ${formatQuantity(request)}`;
};

const ratioAtMost: Check = (name, bound, type, { requests, limits = {} }) => {
  const says = `${name} max limit to request ratio per ${type} is ${formatQuantity(bound)}`;
  const isNothing = (amount: Quantity | undefined): amount is undefined => amount === undefined || isZero(amount);
  const [request, limit] = [requests[name], limits[name]];
  if (isNothing(request)) return `${says}, but no request is specified or request is 0`;
  if (isNothing(limit)) return `${says}, but no limit is specified or limit is 0`;
  const ratio = approximateValue(limit) / approximateValue(request);
  return ratio > approximateValue(bound) ? `${says}, but provided ratio is ${ratio.toFixed(6)}` : undefined;
};
