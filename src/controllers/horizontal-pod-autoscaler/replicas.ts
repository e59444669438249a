/** How many pods the use of a resource asks for: pure, as upstream reckons. */
import type { Pod } from '../../api/core/pod.ts';
import { podAmounts } from '../../api/core/pod-amounts.ts';
import type { PodSpec } from '../../api/core/pod-spec.ts';
import { parseTimestamp } from '../../base/clock.ts';
import { formatQuantity, milliValue } from '../../schema/quantity.ts';

/** Milliseconds: how long the processor use of a young pod is not believed, and how long it may take to be ready. */
const young = { cpu: 300_000, ready: 30_000 };

export interface PodUse {
  /** Thousandths. */
  readonly value: number;
  /** Milliseconds since the epoch, and over how long before. */
  readonly at: number;
  readonly window: number;
}

export interface Tolerance {
  readonly up: number;
  readonly down: number;
}

export interface Groups {
  readonly ready: readonly Pod[];
  readonly unready: readonly Pod[];
  readonly missing: readonly Pod[];
}

/** Pods by whether their figures count. Those that have failed, or go, are left out. */
export function groupPods(pods: readonly Pod[], uses: ReadonlyMap<string, PodUse>, cpu: boolean, now: number): Groups {
  const living = pods.filter(
    ({ metadata, status }) => metadata.deletionTimestamp === undefined && status?.phase !== 'Failed',
  );
  const unready = living.filter((pod) => isUnready(pod, uses.get(pod.metadata.name), cpu, now));
  const rest = living.filter((pod) => !unready.includes(pod));
  return {
    unready,
    ready: rest.filter(({ metadata }) => uses.has(metadata.name)),
    missing: rest.filter(({ metadata }) => !uses.has(metadata.name)),
  };
}

function isUnready(pod: Pod, use: PodUse | undefined, cpu: boolean, now: number): boolean {
  if (pod.status?.phase === 'Pending') return true;
  return use !== undefined && cpu && isStarting(pod, use, now);
}

/** Starting up takes work that says nothing about what comes later. */
function isStarting({ status }: Pod, use: PodUse, now: number): boolean {
  const condition = status?.conditions?.find(({ type }) => type === 'Ready');
  if (condition === undefined || status?.startTime === undefined) return true;
  const start = parseTimestamp(status.startTime);
  const changed = parseTimestamp(condition.lastTransitionTime ?? '');
  if (start + young.cpu > now) return condition.status === 'False' || use.at < changed + use.window;
  return condition.status === 'False' && start + young.ready > changed;
}

/**
 * What the pod asks for of a resource, in thousandths; of one container when it is named. What the pod asks for as a
 * whole goes before what its containers do. Or what is missing for an answer, in upstream's words.
 */
export function requestOf(pod: Pod, resource: string, container?: string): number | { readonly missing: string } {
  const { metadata, spec } = pod;
  if (container === undefined && hasOwnRequests(spec)) {
    const whole = podAmounts(spec, 'requests', true)[resource];
    if (whole !== undefined) return milliValue(formatQuantity(whole));
    return { missing: `missing pod-level request for ${resource} in Pod ${metadata.name}` };
  }
  const containers = countedContainers(pod).filter(({ name }) => container === undefined || name === container);
  if (containers.length === 0) return { missing: `container ${container ?? ''} not found in Pod ${metadata.name}` };
  let sum = 0;
  for (const { name, resources } of containers) {
    const request = resources?.requests?.[resource];
    if (request === undefined) {
      return { missing: `missing request for ${resource} in container ${name} of Pod ${metadata.name}` };
    }
    sum += milliValue(request);
  }
  return sum;
}

function countedContainers({ spec }: Pod): PodSpec['containers'] {
  const sidecars = (spec?.initContainers ?? []).filter(({ restartPolicy }) => restartPolicy === 'Always');
  return [...(spec?.containers ?? []), ...sidecars];
}

function hasOwnRequests(spec: PodSpec | undefined): spec is PodSpec {
  return Object.keys(spec?.resources?.requests ?? {}).length > 0;
}

export interface Demand {
  readonly replicas: number;
  /** Average use per pod in thousandths, and as a percentage of what is asked for. */
  readonly average: number;
  readonly utilization?: number;
}

export interface Target {
  /** A percentage of `weights` (requests in thousandths), or, without weights, thousandths per pod. */
  readonly goal: number;
  readonly weights?: ReadonlyMap<string, number>;
  readonly tolerance: Tolerance;
}

export function demandFor(current: number, groups: Groups, uses: ReadonlyMap<string, PodUse>, target: Target): Demand {
  const known = new Map(groups.ready.map(({ metadata }) => [metadata.name, uses.get(metadata.name)?.value ?? 0]));
  const { ratio, utilization } = ratioOf(known, target);
  const average = averageOf(known);
  const demand = { average, ...(utilization !== undefined && { utilization }) };
  if (groups.missing.length > 0 || (groups.unready.length > 0 && ratio > 1)) {
    return { ...demand, replicas: cautious(current, groups, known, ratio, target) };
  }
  return { ...demand, replicas: within(ratio, target.tolerance) ? current : Math.ceil(ratio * known.size) };
}

/** Pods without figures are taken to be what speaks against a change; a change that they turn round is none. */
function cautious(
  current: number,
  groups: Groups,
  known: ReadonlyMap<string, number>,
  ratio: number,
  target: Target,
): number {
  const assumed = new Map(known);
  for (const { metadata } of ratio === 1 ? [] : groups.missing) {
    assumed.set(metadata.name, ratio < 1 ? fullShare(metadata.name, target) : 0);
  }
  for (const { metadata } of ratio > 1 ? groups.unready : []) assumed.set(metadata.name, 0);
  const later = ratioOf(assumed, target).ratio;
  if (within(later, target.tolerance) || ratio < 1 !== later < 1) return current;
  const replicas = Math.ceil(later * assumed.size);
  return later < 1 === replicas > current ? current : replicas;
}

function fullShare(name: string, { goal, weights }: Target): number {
  return weights === undefined ? goal : ((weights.get(name) ?? 0) * Math.max(100, goal)) / 100;
}

export function within(ratio: number, { up, down }: Tolerance): boolean {
  return 1 - down <= ratio && ratio <= 1 + up;
}

function ratioOf(
  values: ReadonlyMap<string, number>,
  { goal, weights }: Target,
): { readonly ratio: number; readonly utilization?: number } {
  if (weights === undefined) return { ratio: averageOf(values) / goal };
  const wanted = [...values.keys()].reduce((sum, name) => sum + (weights.get(name) ?? 0), 0);
  const utilization = wanted === 0 ? 0 : Math.trunc((sumOf(values) * 100) / wanted);
  return { utilization, ratio: utilization / goal };
}

/** Whole thousandths, as upstream reckons. */
function averageOf(values: ReadonlyMap<string, number>): number {
  return Math.trunc(sumOf(values) / Math.max(1, values.size));
}

function sumOf(values: ReadonlyMap<string, number>): number {
  return [...values.values()].reduce((sum, value) => sum + value, 0);
}
