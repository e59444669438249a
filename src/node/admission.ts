/** Whether this node takes a pod that was bound to it, with upstream's reasons. Pure. */
import type { NodeSelectorTerm } from '../api/core/affinity.ts';
import type { Node } from '../api/core/node.ts';
import type { Pod } from '../api/core/pod.ts';
import type { Taint, Toleration } from '../api/core/taint.ts';
import { appArmorAnnotation } from './container/security.ts';
import type { Pressures } from './node-object.ts';
import type { ResizeVerdict } from './pod/allocation.ts';
import { containersOf, isStatic } from './pod/names.ts';
import { amountOf, podAmount, qosClass } from './pod/resources.ts';
import type { Verdict } from './pod/status.ts';

export interface AdmissionInput {
  readonly pod: Pod;
  /** Pods that the node has taken and that are not over. */
  readonly others: readonly Pod[];
  /** undefined: not known yet; nothing about labels and taints is checked. */
  readonly node: Node | undefined;
  readonly allocatable: Readonly<Record<string, string>>;
  readonly pressures: Pressures;
  readonly allowedUnsafeSysctls: readonly string[];
  readonly shuttingDown: boolean;
  /** Whether the kernel has it. */
  readonly appArmor: boolean;
}

interface Refusal {
  readonly reason: string;
  readonly message: string;
}

export function admitPod(input: AdmissionInput): Verdict | undefined {
  for (const check of checks) {
    const refusal = check(input);
    if (refusal === undefined) continue;
    return { phase: 'Failed', reason: refusal.reason, message: `Pod was rejected: ${refusal.message}` };
  }
  return undefined;
}

type Check = (input: AdmissionInput) => Refusal | undefined;

const checks: readonly Check[] = [shutdown, pressure, sysctls, appArmor, affinity, taints, ports, resources];

/** Pods at or above this priority keep the cluster itself going. */
export const criticalPriority = 2_000_000_000;
export const isCritical = (pod: Pod): boolean => isStatic(pod) || (pod.spec?.priority ?? 0) >= criticalPriority;

function shutdown({ shuttingDown }: AdmissionInput): Refusal | undefined {
  return shuttingDown
    ? { reason: 'NodeShutdown', message: 'Pod was rejected as the node is shutting down.' }
    : undefined;
}

function pressure({ pod, pressures }: AdmissionInput): Refusal | undefined {
  if (isCritical(pod)) return undefined;
  const conditions: string[] = [];
  const tolerates = (key: string): boolean =>
    (pod.spec?.tolerations ?? []).some((each) => tolerated(each, { key, effect: 'NoSchedule' }));
  if (pressures.memory && qosClass(pod) === 'BestEffort' && !tolerates('node.kubernetes.io/memory-pressure')) {
    conditions.push('MemoryPressure');
  }
  if (pressures.disk) conditions.push('DiskPressure');
  if (pressures.pid) conditions.push('PIDPressure');
  if (conditions.length === 0) return undefined;
  return { reason: 'Evicted', message: `The node had condition: [${conditions.join(' ')}]. ` };
}

/** Those that belong to the pod's own namespaces and endanger nobody else. */
const safeSysctls: ReadonlySet<string> = new Set([
  'kernel.shm_rmid_forced',
  'net.ipv4.ip_local_port_range',
  'net.ipv4.tcp_syncookies',
  'net.ipv4.ping_group_range',
  'net.ipv4.ip_unprivileged_port_start',
  'net.ipv4.ip_local_reserved_ports',
  'net.ipv4.tcp_keepalive_time',
  'net.ipv4.tcp_fin_timeout',
  'net.ipv4.tcp_keepalive_intvl',
  'net.ipv4.tcp_keepalive_probes',
  'net.ipv4.tcp_rmem',
  'net.ipv4.tcp_wmem',
]);

function sysctls({ pod, allowedUnsafeSysctls }: AdmissionInput): Refusal | undefined {
  for (const { name: written } of pod.spec?.securityContext?.sysctls ?? []) {
    const name = written.replaceAll('/', '.');
    const listed = allowedUnsafeSysctls.some((each) =>
      each.endsWith('*') ? name.startsWith(each.slice(0, -1)) : each === name,
    );
    if (safeSysctls.has(name) || listed) continue;
    return { reason: 'SysctlForbidden', message: `forbidden sysctl: "${written}" not allowlisted` };
  }
  return undefined;
}

/** Who asks for a profile must not run without one; who says nothing gets the default where there is one. */
function appArmor({ pod, appArmor: enabled }: AdmissionInput): Refusal | undefined {
  if (enabled || !asksForAppArmor(pod)) return undefined;
  return { reason: 'AppArmor', message: 'Cannot enforce AppArmor: AppArmor is not enabled on the host' };
}

function asksForAppArmor(pod: Pod): boolean {
  const { spec, metadata } = pod;
  const contexts = [spec?.securityContext, ...containersOf(pod).map((each) => each.spec.securityContext)];
  const profiles = contexts.map((context) => context?.appArmorProfile?.type);
  if (profiles.some((type) => type !== undefined && type !== 'Unconfined')) return true;
  return Object.entries(metadata.annotations ?? {}).some(
    ([key, value]) => key.startsWith(appArmorAnnotation) && value !== 'unconfined',
  );
}

function affinity({ pod, node }: AdmissionInput): Refusal | undefined {
  if (node === undefined || fitsNode(pod, node)) return undefined;
  const message = "Predicate NodeAffinity failed: node(s) didn't match Pod's node affinity/selector";
  return { reason: 'NodeAffinity', message };
}

function fitsNode(pod: Pod, node: Node): boolean {
  const labels = node.metadata.labels ?? {};
  const selected = Object.entries(pod.spec?.nodeSelector ?? {}).every(([key, value]) => labels[key] === value);
  const required = pod.spec?.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution;
  if (!selected || required === undefined) return selected;
  const fields = { 'metadata.name': node.metadata.name };
  return required.nodeSelectorTerms.some((term) => fitsTerm(term, labels, fields));
}

type Labels = Readonly<Record<string, string>>;

function fitsTerm(term: NodeSelectorTerm, labels: Labels, fields: Labels): boolean {
  const expressions = term.matchExpressions ?? [];
  const fieldRules = term.matchFields ?? [];
  if (expressions.length + fieldRules.length === 0) return false;
  return expressions.every((rule) => fitsRule(rule, labels)) && fieldRules.every((rule) => fitsRule(rule, fields));
}

interface Rule {
  readonly key: string;
  readonly operator: string;
  readonly values?: readonly string[];
}

function fitsRule({ key, operator, values = [] }: Rule, labels: Labels): boolean {
  const value = labels[key];
  switch (operator) {
    case 'In':
      return value !== undefined && values.includes(value);
    case 'NotIn':
      return value === undefined || !values.includes(value);
    case 'Exists':
      return value !== undefined;
    case 'DoesNotExist':
      return value === undefined;
    case 'Gt':
      return Number(value) > Number(values[0]);
    case 'Lt':
      return Number(value) < Number(values[0]);
    default:
      return false;
  }
}

function taints({ pod, node }: AdmissionInput): Refusal | undefined {
  if (isStatic(pod)) return undefined;
  const blocking = (node?.spec?.taints ?? [])
    .filter((taint) => taint.effect === 'NoExecute')
    .find((taint) => !(pod.spec?.tolerations ?? []).some((each) => tolerated(each, taint)));
  if (blocking === undefined) return undefined;
  const message = "Predicate TaintToleration failed: node(s) had taints that the pod didn't tolerate";
  return { reason: 'TaintToleration', message };
}

export function tolerated(toleration: Toleration, taint: Pick<Taint, 'key' | 'value' | 'effect'>): boolean {
  const { key = '', operator = 'Equal', value = '', effect = '' } = toleration;
  if (effect !== '' && effect !== taint.effect) return false;
  if (key !== '' && key !== taint.key) return false;
  return operator === 'Exists' || (key !== '' && value === (taint.value ?? ''));
}

function ports({ pod, others }: AdmissionInput): Refusal | undefined {
  const taken = new Set(others.flatMap(hostPorts));
  if (!hostPorts(pod).some((port) => taken.has(port))) return undefined;
  const message = "Predicate NodePorts failed: node(s) didn't have free ports for the requested pod ports";
  return { reason: 'NodePorts', message };
}

function hostPorts(pod: Pod): readonly string[] {
  return (pod.spec?.containers ?? [])
    .flatMap((each) => each.ports ?? [])
    .filter((port) => (port.hostPort ?? 0) > 0)
    .map((port) => `${port.protocol ?? 'TCP'}/${port.hostIP ?? ''}/${port.hostPort}`);
}

function resources({ pod, others, allocatable }: AdmissionInput): Refusal | undefined {
  const names = new Set(['cpu', 'memory', 'ephemeral-storage', ...extendedNames(pod)]);
  const pods = amountOf('pods', allocatable['pods']);
  if (allocatable['pods'] !== undefined && others.length + 1 > pods) return lacking('pods', 1, others.length, pods);
  for (const name of names) {
    const requested = podAmount(pod, name, 'requests');
    if (requested === 0) continue;
    const used = others.reduce((sum, other) => sum + podAmount(other, name, 'requests'), 0);
    const capacity = amountOf(name, allocatable[name]);
    if (requested + used > capacity) return lacking(name, requested, used, capacity);
  }
  return undefined;
}

/** Whether a pod that runs here may grow. */
export function checkResize(input: Pick<AdmissionInput, 'pod' | 'others' | 'allocatable'>): ResizeVerdict | undefined {
  const { pod, others, allocatable } = input;
  for (const name of ['cpu', 'memory']) {
    const requested = podAmount(pod, name, 'requests');
    const capacity = amountOf(name, allocatable[name]);
    if (requested > capacity) {
      const message = `Node didn't have enough capacity: ${name}, requested: ${requested}, capacity: ${capacity}`;
      return { reason: 'Infeasible', message };
    }
    const used = others.reduce((sum, other) => sum + podAmount(other, name, 'requests'), 0);
    if (requested + used > capacity)
      return { reason: 'Deferred', message: lacking(name, requested, used, capacity).message };
  }
  return undefined;
}

/** Resources that others manage (`example.com/dongle`) and huge pages. */
function extendedNames(pod: Pod): readonly string[] {
  const all = [...(pod.spec?.containers ?? []), ...(pod.spec?.initContainers ?? [])];
  const names = all.flatMap((each) => Object.keys({ ...each.resources?.requests, ...each.resources?.limits }));
  return names.filter((name) => name.includes('/') || name.startsWith('hugepages-'));
}

function lacking(name: string, requested: number, used: number, capacity: number): Refusal {
  return {
    reason: `OutOf${name}`,
    message: `Node didn't have enough resource: ${name}, requested: ${requested}, used: ${used}, capacity: ${capacity}`,
  };
}
