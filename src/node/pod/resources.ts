/** What a pod asks for, as the kernel wants to hear it. Pure. */
import type { ResourceRequirements } from '../../api/core/container.ts';
import type { Pod } from '../../api/core/pod.ts';
import { milliValue, wholeValue } from '../../schema/quantity.ts';
import type { ContainerResources } from '../../runtime/runtime.ts';
import { containersOf, type AnyContainer } from './names.ts';

export type QosClass = 'Guaranteed' | 'Burstable' | 'BestEffort';
type Amounts = Readonly<Record<string, string>>;

export const bytesOf = (text: string | undefined): number => (text === undefined ? 0 : wholeValue(text));
export const millisOf = (text: string | undefined): number => (text === undefined ? 0 : milliValue(text));
/** CPU in thousandths, everything else in whole units. */
export const amountOf = (resource: string, text: string | undefined): number =>
  resource === 'cpu' ? millisOf(text) : bytesOf(text);

/** Requests, where what has only a limit requests that much. */
export function requestsOf(resources: ResourceRequirements | undefined): Amounts {
  return { ...resources?.limits, ...resources?.requests };
}

export function qosClass(pod: Pod): QosClass {
  const whole = pod.spec?.resources;
  const parts =
    whole?.requests !== undefined || whole?.limits !== undefined
      ? [whole]
      : containersOf(pod)
          .filter((each) => each.role !== 'ephemeral')
          .map((each) => each.spec.resources);
  const computes = ['cpu', 'memory'];
  const counts = (amounts: Amounts | undefined): number =>
    computes.filter((name) => amountOf(name, amounts?.[name]) > 0).length;
  if (parts.every((part) => counts(part?.requests) + counts(part?.limits) === 0)) return 'BestEffort';
  const equal = (part: ResourceRequirements | undefined): boolean =>
    computes.every(
      (name) =>
        amountOf(name, part?.limits?.[name]) > 0 &&
        amountOf(name, requestsOf(part)[name]) === amountOf(name, part?.limits?.[name]),
    );
  return parts.every(equal) ? 'Guaranteed' : 'Burstable';
}

type Kind = 'requests' | 'limits';

const amountsOf = (container: AnyContainer, kind: Kind): Amounts =>
  kind === 'requests' ? requestsOf(container.resources) : (container.resources?.limits ?? {});

/**
 * The pod's total in thousandths (cpu) or whole units: containers and sidecars together, or the largest
 * init container with the sidecars before it, whichever is more; pod-level values replace it; overhead on top.
 */
export function podAmount(pod: Pod, resource: string, kind: Kind): number {
  const level = kind === 'requests' ? requestsOf(pod.spec?.resources) : pod.spec?.resources?.limits;
  const overhead = amountOf(resource, pod.spec?.overhead?.[resource]);
  if (level?.[resource] !== undefined) return amountOf(resource, level[resource]) + overhead;
  return containersAmount(pod, resource, kind) + overhead;
}

function containersAmount(pod: Pod, resource: string, kind: Kind): number {
  let sidecars = 0;
  let starting = 0;
  let running = 0;
  for (const { role, sidecar, spec } of containersOf(pod)) {
    const amount = amountOf(resource, amountsOf(spec, kind)[resource]);
    if (role === 'regular') running += amount;
    if (role !== 'init') continue;
    if (sidecar) sidecars += amount;
    starting = Math.max(starting, sidecar ? sidecars : sidecars + amount);
  }
  return Math.max(starting, running + sidecars);
}

/** Whether every container is bound by a limit of this resource, so that the whole pod is. */
export function isLimited(pod: Pod, resource: string): boolean {
  if (pod.spec?.resources?.limits?.[resource] !== undefined) return true;
  return containersOf(pod)
    .filter((each) => each.role !== 'ephemeral')
    .every((each) => amountOf(resource, each.spec.resources?.limits?.[resource]) > 0);
}

const sharesPerCpu = 1024;
const leastShares = 2;
const mostShares = 262_144;
export const cpuPeriod = 100_000;
const leastQuota = 1000;

export function cpuShares(millis: number): number {
  return Math.min(mostShares, Math.max(leastShares, Math.floor((millis * sharesPerCpu) / 1000)));
}

/** Microseconds per period; -1 when there is no limit. */
export function cpuQuota(millis: number): number {
  return millis === 0 ? -1 : Math.max(leastQuota, Math.floor((millis * cpuPeriod) / 1000));
}

/**
 * How willing the kernel is to kill it when the machine runs out of memory: -997 for guaranteed pods, 1000 for
 * best effort, between them by the share of memory requested.
 */
export function oomScoreAdj(pod: Pod, container: AnyContainer, machineMemory: number): number {
  const priority = pod.spec?.priority ?? 0;
  if (priority >= 2_000_001_000) return -997;
  const quality = qosClass(pod);
  if (quality === 'Guaranteed') return -997;
  if (quality === 'BestEffort') return 1000;
  const request = bytesOf(requestsOf(container.resources)['memory']);
  const score = Math.floor(1000 - (1000 * request) / machineMemory);
  return Math.min(999, Math.max(3, score));
}

export interface ResourceSettings {
  readonly machineMemory: number;
  readonly podPidsLimit: number;
  /** Out of memory, all of a container's processes are killed, not one of them. */
  readonly oomKillsAll: boolean;
}

export function containerResources(pod: Pod, container: AnyContainer, settings: ResourceSettings): ContainerResources {
  const requests = requestsOf(container.resources);
  const limits: Amounts = { ...pod.spec?.resources?.limits, ...container.resources?.limits };
  const memoryLimit = bytesOf(limits['memory']);
  const quota = cpuQuota(millisOf(limits['cpu']));
  return {
    cpuShares: cpuShares(millisOf(requests['cpu'])),
    cpuPeriod,
    cpuQuota: quota,
    oomScoreAdj: oomScoreAdj(pod, container, settings.machineMemory),
    ...(memoryLimit > 0 ? { memoryLimit } : {}),
    ...(settings.podPidsLimit > 0 ? { pidsLimit: settings.podPidsLimit } : {}),
    hugepageLimits: hugepages(limits),
    ...(settings.oomKillsAll ? { unified: { 'memory.oom.group': '1' } } : {}),
  };
}

function hugepages(limits: Amounts): readonly { pageSize: string; limit: number }[] {
  return Object.entries(limits)
    .filter(([name]) => name.startsWith('hugepages-'))
    .map(([name, amount]) => ({
      pageSize: name.slice('hugepages-'.length).replace('i', 'B'),
      limit: bytesOf(amount),
    }));
}
