/** Pods: what a new one must be, and what may change about a running one through which door. */
import { duplicate, forbidden, invalid, notSupported, required, type Fault } from '../../schema/fault.ts';
import { checkRange } from '../../schema/names.ts';
import type { ObjectMeta } from '../meta/object-meta.ts';
import { addressFaults, parseAddress } from '../rules/addresses.ts';
import { describeDifference, sameMeaning } from '../rules/equal.ts';
import { complaintFaults, ifSet, immutableFaults, labelNameFaults, subdomainFaults } from '../rules/faults.ts';
import type { Loose } from '../rules/loose.ts';
import type { NodeAffinity } from './affinity.ts';
import type { Container } from './container.ts';
import type { ObjectReference } from './object-reference.ts';
import type { PodSpec } from './pod-spec.ts';
import type { ContainerStatus, PodStatus } from './pod-status.ts';
import { podSpecFaults } from './validate-pod-spec.ts';

const maxInt32 = 2 ** 31 - 1;
const mirrorAnnotation = 'kubernetes.io/config.mirror';
const deletionCost = 'controller.kubernetes.io/pod-deletion-cost';

export interface PodLike {
  readonly metadata?: Loose<ObjectMeta> | undefined;
  readonly spec?: Loose<PodSpec> | undefined;
  readonly status?: Loose<PodStatus> | undefined;
}

/** What holds on create and on every later write. */
export function podFaults({ metadata, spec }: PodLike): Fault[] {
  return [
    ...podAnnotationFaults(metadata, spec),
    ...podSpecFaults(spec ?? {}, 'spec', { pod: { name: metadata?.name ?? '' } }),
  ];
}

export function podCreateFaults({ spec }: PodLike): Fault[] {
  const gated = (spec?.nodeName ?? '') !== '' && (spec?.schedulingGates ?? []).length > 0;
  return [
    ...((spec?.ephemeralContainers ?? []).length > 0
      ? [forbidden('spec.ephemeralContainers', 'cannot be set on create')]
      : []),
    ...(gated ? [forbidden('spec.nodeName', 'cannot be set until all schedulingGates have been cleared')] : []),
  ];
}

function podAnnotationFaults(metadata: Loose<ObjectMeta> | undefined, spec: Loose<PodSpec> | undefined): Fault[] {
  const annotations = metadata?.annotations ?? {};
  const mirror = annotations[mirrorAnnotation];
  const cost = annotations[deletionCost];
  const text = 'must set spec.nodeName if mirror pod annotation is set';
  return [
    ...(mirror !== undefined && (spec?.nodeName ?? '') === ''
      ? [invalid(`metadata.annotations[${mirrorAnnotation}]`, mirror, text)]
      : []),
    ...(cost === undefined || isInt32(cost)
      ? []
      : [invalid(`metadata.annotations[${deletionCost}]`, cost, 'must be a 32bit integer')]),
  ];
}

/** Neither a plus sign nor leading zeros, as upstream reads this annotation. */
function isInt32(text: string): boolean {
  return /^(?:0|-?[1-9]\d*)$/u.test(text) && Math.abs(Number(text)) <= maxInt32;
}

const changeable = [
  '`spec.containers[*].image`',
  '`spec.initContainers[*].image`',
  '`spec.activeDeadlineSeconds`',
  '`spec.tolerations` (only additions to existing tolerations)',
  '`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)',
].join(',');

/** A plain update: of the specification only a handful of fields may change. */
export function podUpdateFaults(pod: PodLike, old: PodLike): Fault[] {
  const spec = pod.spec ?? {};
  const before = old.spec ?? {};
  const added = [
    ...containerCountFaults(spec.containers, before.containers, 'spec.containers'),
    ...containerCountFaults(spec.initContainers, before.initContainers, 'spec.initContainers'),
  ];
  if (added.length > 0) return [...annotationUpdateFaults(pod, old), ...added];
  const kept = withOldChangeables(spec, before);
  const gated = (before.schedulingGates ?? []).length > 0 ? gatedFaults(spec, before) : [];
  const same = sameMeaning(kept, before);
  const text = `pod updates may not change fields other than ${changeable}\n${describeDifference(before, kept)}`;
  return [
    ...annotationUpdateFaults(pod, old),
    ...deadlineFaults(spec.activeDeadlineSeconds, before.activeDeadlineSeconds),
    ...tolerationUpdateFaults(spec, before),
    ...schedulingGateFaults(spec, before),
    ...gated,
    ...(same ? [] : [forbidden('spec', text)]),
  ];
}

function annotationUpdateFaults(pod: PodLike, old: PodLike): Fault[] {
  const [young, before] = [pod.metadata?.annotations ?? {}, old.metadata?.annotations ?? {}].map(
    (all) => all[mirrorAnnotation],
  );
  if (young === before) return [];
  const verb = before === undefined ? 'add' : 'remove or update';
  return [forbidden(`metadata.annotations[${mirrorAnnotation}]`, `may not ${verb} mirror pod annotation`)];
}

type Containers = readonly Loose<Container>[] | undefined;

function containerCountFaults(containers: Containers, old: Containers, path: string): Fault[] {
  if ((containers ?? []).length === (old ?? []).length) return [];
  return [forbidden(path, 'pod updates may not add or remove containers')];
}

/** The new specification with everything put back that an update may change; what differs then is forbidden. */
function withOldChangeables(spec: Loose<PodSpec>, old: Loose<PodSpec>): Loose<PodSpec> {
  const images = (young: Containers, before: Containers): Containers =>
    young?.map((container, index) => ({ ...container, image: before?.[index]?.image }));
  const grace = (old.terminationGracePeriodSeconds ?? 0) < 0 && spec.terminationGracePeriodSeconds === 1;
  const gated = (old.schedulingGates ?? []).length > 0;
  return {
    ...spec,
    containers: images(spec.containers, old.containers),
    initContainers: images(spec.initContainers, old.initContainers),
    activeDeadlineSeconds: old.activeDeadlineSeconds,
    schedulingGates: old.schedulingGates,
    tolerations: old.tolerations,
    ...(grace ? { terminationGracePeriodSeconds: old.terminationGracePeriodSeconds } : {}),
    ...(gated
      ? { nodeSelector: old.nodeSelector, affinity: { ...spec.affinity, nodeAffinity: old.affinity?.nodeAffinity } }
      : {}),
  };
}

function deadlineFaults(seconds: number | undefined, old: number | undefined): Fault[] {
  const path = 'spec.activeDeadlineSeconds';
  if (seconds === undefined) {
    return old === undefined ? [] : [invalid(path, null, 'must not update from a positive integer to nil value')];
  }
  const range = checkRange(seconds, 0, maxInt32);
  if (range.length > 0) return complaintFaults(path, seconds, range);
  return old !== undefined && old < seconds
    ? [invalid(path, seconds, 'must be less than or equal to previous value')]
    : [];
}

function tolerationUpdateFaults(spec: Loose<PodSpec>, old: Loose<PodSpec>): Fault[] {
  const young = spec.tolerations ?? [];
  const kept = (old.tolerations ?? []).every((toleration) =>
    young.some((each) => sameMeaning({ ...toleration, tolerationSeconds: each.tolerationSeconds }, each)),
  );
  if (kept) return [];
  return [forbidden('spec.tolerations', 'existing toleration can not be modified except its tolerationSeconds')];
}

function schedulingGateFaults(spec: Loose<PodSpec>, old: Loose<PodSpec>): Fault[] {
  const known = new Set((old.schedulingGates ?? []).map(({ name }) => name));
  return (spec.schedulingGates ?? []).flatMap(({ name = '' }, index) => {
    const text = `only deletion is allowed, but found new scheduling gate '${name}'`;
    return known.has(name) ? [] : [forbidden(`spec.schedulingGates[${index}].name`, text)];
  });
}

/** While a gate is shut, node selection may become narrower. */
function gatedFaults(spec: Loose<PodSpec>, old: Loose<PodSpec>): Fault[] {
  const kept = Object.entries(old.nodeSelector ?? {}).every(([key, value]) => spec.nodeSelector?.[key] === value);
  const text = 'only additions to spec.nodeSelector are allowed (no mutations or deletions)';
  return [
    ...(kept ? [] : [invalid('spec.nodeSelector', spec.nodeSelector, text)]),
    ...gatedAffinityFaults(spec.affinity?.nodeAffinity, old.affinity?.nodeAffinity),
  ];
}

function gatedAffinityFaults(affinity: Loose<NodeAffinity> | undefined, old: Loose<NodeAffinity> | undefined): Fault[] {
  const path = 'spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms';
  const before = old?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms ?? [];
  const young = affinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms ?? [];
  if (before.length === 0) return [];
  if (before.length !== young.length) {
    return [invalid(path, young, 'no additions/deletions to non-empty NodeSelectorTerms list are allowed')];
  }
  return before.flatMap((term, index) => {
    const next = young[index] ?? {};
    const empty = (term.matchExpressions ?? []).length + (term.matchFields ?? []).length === 0;
    const added = (next.matchExpressions ?? []).length + (next.matchFields ?? []).length > 0;
    const kept =
      startsWith(next.matchExpressions, term.matchExpressions) && startsWith(next.matchFields, term.matchFields);
    if (kept && !(empty && added)) return [];
    return [invalid(`${path}[${index}]`, next, 'only additions are allowed (no mutations or deletions)')];
  });
}

function startsWith(list: readonly unknown[] | undefined, start: readonly unknown[] | undefined): boolean {
  return (start ?? []).every((each, index) => sameMeaning(each, list?.[index]));
}

/** An update through /status: the kubelet's. */
export function podStatusUpdateFaults(pod: PodLike, old: PodLike): Fault[] {
  const status = pod.status ?? {};
  const before = old.status ?? {};
  const nominated = status.nominatedNodeName;
  return [
    ...conditionFaults(status, 'metadata.conditions'),
    ...((pod.spec?.nodeName ?? '') === (old.spec?.nodeName ?? '')
      ? []
      : [forbidden('status.nodeName', 'may not be changed directly')]),
    ...(nominated === before.nominatedNodeName
      ? []
      : ifSet(nominated, (name) => subdomainFaults('status.nominatedNodeName', name))),
    ...immutableFaults('status.qosClass', status.qosClass ?? '', before.qosClass ?? ''),
    ...allRevivalFaults(status, before, old.spec ?? {}),
    ...addressListFaults(status.podIPs, 'status.podIPs'),
    ...hostAddressFaults(status),
  ];
}

const systemConditions: ReadonlySet<string> = new Set(['PodScheduled', 'Ready', 'Initialized']);

function conditionFaults({ conditions }: Loose<PodStatus>, path: string): Fault[] {
  return (conditions ?? []).flatMap(({ type = '' }, index) =>
    systemConditions.has(type) || type === '' ? [] : labelNameFaults(`${path}[${index}].Type`, type),
  );
}

type Statuses = readonly Loose<ContainerStatus>[] | undefined;

function allRevivalFaults(status: Loose<PodStatus>, old: Loose<PodStatus>, spec: Loose<PodSpec>): Fault[] {
  const sidecars = (spec.initContainers ?? []).filter((each) => each.restartPolicy === 'Always');
  const restartable = new Set(sidecars.map(({ name }) => name));
  const init = old.initContainerStatuses?.map((each) => (restartable.has(each.name) ? {} : each));
  const ephemeral = old.ephemeralContainerStatuses;
  return [
    ...revivalFaults(status.containerStatuses, old.containerStatuses, spec.restartPolicy, 'status.containerStatuses'),
    ...revivalFaults(status.initContainerStatuses, init, spec.restartPolicy, 'status.initContainerStatuses'),
    ...revivalFaults(status.ephemeralContainerStatuses, ephemeral, 'Never', 'status.ephemeralContainerStatuses'),
  ];
}

/** A container that ended for good must not run again. */
function revivalFaults(statuses: Statuses, old: Statuses, policy: string | undefined, path: string): Fault[] {
  if (policy === 'Always') return [];
  return (old ?? []).flatMap(({ name, state }, index) => {
    const ended = state?.terminated;
    if (ended === undefined || (ended.exitCode !== 0 && policy === 'OnFailure')) return [];
    const revived = statuses?.some((each) => each.name === name && each.state?.terminated === undefined);
    if (revived !== true) return [];
    return [forbidden(`${path}[${index}].state`, 'may not be transitioned to non-terminated state')];
  });
}

type Addresses = readonly { readonly ip?: string | undefined }[] | undefined;

function addressListFaults(addresses: Addresses, path: string): Fault[] {
  const all = addresses ?? [];
  const seen = new Set<string>();
  const families = new Set(all.map(({ ip = '' }) => parseAddress(ip)?.family));
  return [
    ...all.flatMap(({ ip = '' }, index) => addressFaults(`${path}[${index}]`, ip)),
    ...(all.length > 1 && (families.size !== 2 || all.length > 2)
      ? [invalid(path, all, 'may specify no more than one IP for each IP family')]
      : []),
    ...all.flatMap((address, index) => {
      const again = seen.has(address.ip ?? '');
      seen.add(address.ip ?? '');
      return again ? [duplicate(`${path}[${index}]`, address)] : [];
    }),
  ];
}

function hostAddressFaults({ hostIP, hostIPs }: Loose<PodStatus>): Fault[] {
  const first = hostIPs?.[0]?.ip;
  if (first === undefined) return [];
  return [
    ...(first === hostIP ? [] : [invalid('status.hostIPs[0].ip', first, 'must be equal to `hostIP`')]),
    ...addressListFaults(hostIPs, 'status.hostIPs'),
  ];
}

/** An update through /ephemeralcontainers: they are added, never changed or taken away. */
export function ephemeralContainersUpdateFaults(pod: PodLike, old: PodLike): Fault[] {
  if (old.metadata?.annotations?.[mirrorAnnotation] !== undefined) {
    return [forbidden('', 'static pods do not support ephemeral containers')];
  }
  const path = 'spec.ephemeralContainers';
  const kept = (old.spec?.ephemeralContainers ?? []).flatMap((before) => {
    const name = JSON.stringify(before.name);
    const young = pod.spec?.ephemeralContainers?.find((each) => each.name === before.name);
    if (young === undefined) return [forbidden(path, `existing ephemeral containers ${name} may not be removed\n`)];
    if (sameMeaning(before, young)) return [];
    const difference = describeDifference(before, young);
    return [forbidden(path, `existing ephemeral containers ${name} may not be changed\n${difference}`)];
  });
  return [...podFaults(pod), ...kept];
}

/** A Binding, or a pod's /binding. */
export function bindingFaults(target: Loose<ObjectReference> | undefined): Fault[] {
  const { kind = '', name = '' } = target ?? {};
  return [
    ...(kind === '' || kind === 'Node' ? [] : [notSupported('target.kind', kind, ['Node', '<empty>'])]),
    ...(name === '' ? [required('target.name')] : []),
  ];
}
