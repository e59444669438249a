/** Defaults of real pods that templates do not get, and what a new pod's status says. */
import type { Warn } from '../kind.ts';
import { formatQuantity } from '../../schema/quantity.ts';
import type { Editable } from '../rules/draft.ts';
import { fillAbsent } from '../rules/draft.ts';
import { alignAppArmor } from './app-armor.ts';
import type { Container } from './container.ts';
import { writeLabelKeys } from './match-label-keys.ts';
import { podAmounts } from './pod-amounts.ts';
import { isHugePagesName } from './validate-resources.ts';
import { qosClassOf } from './pod-qos.ts';
import type { PodSpec } from './pod-spec.ts';
import type { PodStatus } from './pod-status.ts';

interface PodDraft {
  metadata?: { labels?: Record<string, string> };
  spec?: Editable<PodSpec>;
  status?: Record<string, unknown>;
}

export function podDefaults(draft: Record<string, unknown>): void {
  const { spec } = draft as PodDraft;
  if (spec === undefined || spec === null) return;
  for (const container of [...(spec.containers ?? []), ...(spec.initContainers ?? [])]) {
    requestsFromLimits(container);
    if (spec.hostNetwork === true) hostPortsFromPorts(container);
  }
  podResourcesFromContainers(spec);
  fillAbsent(spec, 'enableServiceLinks', true);
}

function requestsFromLimits({ resources }: Editable<Container>): void {
  if (resources?.limits === undefined || resources.limits === null) return;
  resources.requests = { ...resources.limits, ...resources.requests };
}

function hostPortsFromPorts({ ports }: Editable<Container>): void {
  for (const port of ports ?? []) {
    if ((port.hostPort ?? 0) === 0 && port.containerPort !== undefined) port.hostPort = port.containerPort;
  }
}

/**
 * What a pod asks for as a whole, where it says so in part: requests that are missing are those of its containers
 * together, or else its limit; limits of huge pages are those of its containers.
 */
function podResourcesFromContainers(spec: Editable<PodSpec>): void {
  const { resources } = spec;
  if (resources === undefined || resources === null) return;
  const { limits = {}, requests = {} } = resources;
  if (Object.keys(limits).length === 0 && Object.keys(requests).length === 0) return;
  const containers = { ...spec, resources: undefined };
  const ofContainers = (part: 'requests' | 'limits', isWanted: (name: string) => boolean) =>
    Object.entries(podAmounts(containers, part, false))
      .filter(([name]) => isWanted(name))
      .map(([name, amount]) => [name, formatQuantity(amount)] as const);
  const pages = ofContainers('limits', (name) => isHugePagesName(name) && requests[name] === undefined);
  const allLimits = { ...Object.fromEntries(pages), ...limits };
  if (Object.keys(allLimits).length === 0) return;
  resources.limits = allLimits;
  const asked = ofContainers('requests', (name) => name === 'cpu' || name === 'memory');
  resources.requests = { ...allLimits, ...Object.fromEntries(asked), ...requests };
}

/** A new pod waits: for its gates to open, then for a node. */
export function preparePodCreate(draft: Record<string, unknown>, warn: Warn): void {
  const pod = draft as PodDraft;
  const spec = pod.spec ?? {};
  if (spec.serviceAccountName !== undefined) spec.serviceAccount = spec.serviceAccountName;
  const gated = (spec.schedulingGates ?? []).length > 0;
  const condition = {
    type: 'PodScheduled',
    status: 'False',
    reason: 'SchedulingGated',
    message: 'Scheduling is blocked due to non-empty scheduling gates',
  };
  writeLabelKeys(spec, pod.metadata?.labels);
  alignAppArmor(draft, warn);
  pod.status = { phase: 'Pending', qosClass: qosClassOf(spec), ...(gated ? { conditions: [condition] } : {}) };
}

/** The class does not change while a pod lives, and what was observed stays so for clients that do not know of it. */
export function preparePodStatusUpdate(draft: Record<string, unknown>, old: object): void {
  const before = old as { readonly status?: PodStatus };
  const status = (draft['status'] ??= {}) as Record<string, unknown>;
  keepObserved(status, before.status);
  fillAbsent(status, 'qosClass', before.status?.qosClass);
  if (status['qosClass'] === undefined) delete status['qosClass'];
}

/** Conditions are matched by type, in their order where a type occurs more than once. */
function keepObserved(status: Editable<PodStatus>, before: PodStatus | undefined): void {
  if (!status.observedGeneration && before?.observedGeneration) status.observedGeneration = before.observedGeneration;
  const left = [...(before?.conditions ?? [])];
  for (const condition of status.conditions ?? []) {
    const at = left.findIndex(({ type }) => type === condition.type);
    const [old] = at === -1 ? [] : left.splice(at, 1);
    if (!condition.observedGeneration && old?.observedGeneration) condition.observedGeneration = old.observedGeneration;
  }
}
