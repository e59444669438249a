/** Defaults of real pods that templates do not get, and what a new pod's status says. */
import type { Warn } from '../kind.ts';
import type { Editable } from '../rules/draft.ts';
import { fillAbsent } from '../rules/draft.ts';
import { alignAppArmor } from './app-armor.ts';
import type { Container } from './container.ts';
import { qosClassOf } from './pod-qos.ts';
import type { PodSpec } from './pod-spec.ts';

interface PodDraft {
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
  podRequestsFromLimits(spec);
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

/** Requests of the whole pod, where only its limits are given and no container says more. */
function podRequestsFromLimits({ resources, containers }: Editable<PodSpec>): void {
  if (resources?.limits === undefined || Object.keys(resources.limits).length === 0) return;
  const asked = new Set((containers ?? []).flatMap((each) => Object.keys(each.resources?.requests ?? {})));
  const missing = Object.entries(resources.limits).filter(([name]) => !asked.has(name));
  if (missing.length > 0) resources.requests = { ...Object.fromEntries(missing), ...resources.requests };
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
  alignAppArmor(draft, warn);
  pod.status = { phase: 'Pending', qosClass: qosClassOf(spec), ...(gated ? { conditions: [condition] } : {}) };
}

/** The class does not change while a pod lives. */
export function preparePodStatusUpdate(draft: Record<string, unknown>, old: object): void {
  const before = old as { readonly status?: { readonly qosClass?: unknown } };
  const status = (draft['status'] ??= {}) as Record<string, unknown>;
  fillAbsent(status, 'qosClass', before.status?.qosClass);
  if (status['qosClass'] === undefined) delete status['qosClass'];
}
