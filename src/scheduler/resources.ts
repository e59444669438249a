/**
 * Amounts of resources as plain numbers: CPU in thousandths of a core, everything else in whole units
 * (bytes, pieces). Numbers are exact up to 2^53, which no node reaches.
 */
import type { Container } from '../api/core/container.ts';
import type { Pod } from '../api/core/pod.ts';
import { milliValue, wholeValue } from '../schema/quantity.ts';

export type Resources = ReadonlyMap<string, number>;

/** What a container without requests is taken to use when nodes are compared (upstream's figures). */
const assumedRequests: Resources = new Map([
  ['cpu', 100],
  ['memory', 200 * 1024 * 1024],
]);

export interface PodRequests {
  /** What is reserved on the node. */
  readonly requests: Resources;
  /** The same with assumed amounts of CPU and memory where nothing is requested; for scoring. */
  readonly nonZero: Resources;
}

const cache = new WeakMap<Pod, PodRequests>();

/** What the pod needs at its peak: containers and sidecars together, or its largest init container. */
export function requestsOf(pod: Pod): PodRequests {
  const known = cache.get(pod);
  if (known !== undefined) return known;
  const made = { requests: total(pod, new Map()), nonZero: total(pod, assumedRequests) };
  cache.set(pod, made);
  return made;
}

function total(pod: Pod, assumed: Resources): Resources {
  const { spec } = pod;
  const sum = new Map<string, number>();
  for (const container of spec?.containers ?? []) add(sum, containerRequests(pod, container, assumed));
  const { sidecars, peak } = initRequests(pod, assumed);
  add(sum, sidecars);
  raise(sum, peak);
  for (const [name, amount] of Object.entries(spec?.resources?.requests ?? {})) sum.set(name, amountOf(name, amount));
  add(sum, parseResources(spec?.overhead));
  return sum;
}

/** Sidecars run on beside what comes after them; an ordinary init container runs beside earlier sidecars only. */
function initRequests(pod: Pod, assumed: Resources): { readonly sidecars: Resources; readonly peak: Resources } {
  const sidecars = new Map<string, number>();
  const peak = new Map<string, number>();
  for (const container of pod.spec?.initContainers ?? []) {
    const requests = containerRequests(pod, container, assumed);
    const now = new Map(sidecars);
    add(now, requests);
    raise(peak, now);
    if (container.restartPolicy === 'Always') add(sidecars, requests);
  }
  return { sidecars, peak };
}

function containerRequests(pod: Pod, container: Container, assumed: Resources): Resources {
  const requests = new Map(parseResources(container.resources?.requests));
  for (const [name, amount] of assumed) if (!requests.has(name)) requests.set(name, amount);
  const statuses = [pod.status?.containerStatuses, pod.status?.initContainerStatuses].flatMap((each) => each ?? []);
  const status = statuses.find(({ name }) => name === container.name);
  if (status === undefined) return requests;
  // A resize in progress reserves the largest of what is wanted, what the node has granted and what it gives now. What
  // the node can never give is not reserved.
  const granted = new Map(parseResources(status.resources?.requests));
  raise(granted, parseResources(status.allocatedResources));
  if (granted.size > 0 && isInfeasible(pod)) return granted;
  raise(requests, granted);
  return requests;
}

function isInfeasible({ status }: Pod): boolean {
  const pending = status?.conditions?.find(({ type }) => type === 'PodResizePending');
  return pending?.status === 'True' && pending.reason === 'Infeasible';
}

export function parseResources(list: Readonly<Record<string, string>> | undefined): Resources {
  return new Map(Object.entries(list ?? {}).map(([name, amount]) => [name, amountOf(name, amount)]));
}

function amountOf(name: string, amount: string): number {
  return name === 'cpu' ? milliValue(amount) : wholeValue(amount);
}

function add(sum: Map<string, number>, more: Resources): void {
  for (const [name, amount] of more) sum.set(name, (sum.get(name) ?? 0) + amount);
}

function raise(to: Map<string, number>, other: Resources): void {
  for (const [name, amount] of other) to.set(name, Math.max(to.get(name) ?? 0, amount));
}
