/**
 * LimitRanger: what containers leave out is filled in from the namespace's LimitRanges, then containers, pods
 * and claims must lie within their bounds.
 */
import type { LimitRangeItem } from '../../api/core/limit-range.ts';
import { LimitRange } from '../../api/core/limit-range.ts';
import { PersistentVolumeClaim } from '../../api/core/persistent-volume-claim.ts';
import { Pod } from '../../api/core/pod.ts';
import { parse, podAmounts } from '../../api/core/pod-amounts.ts';
import type { AdmissionPlugin, AdmissionRequest, ObjectReader } from '../access.ts';
import { boundFaults, type Bounded } from './limit-bounds.ts';
import { aggregate, isOf, podOf, refuse, type ContainerDraft, type PodDraft } from './request.ts';

const limitRangerAnnotation = 'kubernetes.io/limit-ranger';

export function limitRanger(reader: ObjectReader): AdmissionPlugin {
  const rangesOf = (request: AdmissionRequest): readonly LimitRange[] => {
    // What is on its way out may always be written: its finalizers must come off.
    if (request.old?.metadata['deletionTimestamp'] !== undefined) return [];
    return reader.list(LimitRange, request.namespace);
  };
  return {
    name: 'LimitRanger',
    handles: ({ operation, kind, subresource }) =>
      isOf(Pod, { kind })
        ? (operation === 'CREATE' && subresource === '') || (operation === 'UPDATE' && subresource === 'resize')
        : isOf(PersistentVolumeClaim, { kind }) &&
          subresource === '' &&
          (operation === 'CREATE' || operation === 'UPDATE'),
    admit(request) {
      if (!isOf(Pod, request)) return;
      for (const range of rangesOf(request)) fillIn(podOf(request), range.spec?.limits ?? []);
    },
    validate(request) {
      for (const range of rangesOf(request)) {
        const faults = (range.spec?.limits ?? []).flatMap((limit) => faultsOf(request, limit));
        if (faults.length > 0) throw refuse(request, aggregate(faults));
      }
    },
  };
}

function fillIn(pod: PodDraft, limits: readonly LimitRangeItem[]): void {
  const ofContainers = limits.filter(({ type }) => type === 'Container');
  const requests = Object.assign({}, ...ofContainers.map((each) => each.defaultRequest)) as Record<string, string>;
  const defaults = Object.assign({}, ...ofContainers.map((each) => each.default)) as Record<string, string>;
  const { containers = [], initContainers = [] } = pod.spec ?? {};
  const notes = [
    ...containers.flatMap((each) => fillContainer(each, 'container', requests, defaults)),
    ...initContainers.flatMap((each) => fillContainer(each, 'init container', requests, defaults)),
  ];
  if (notes.length === 0) return;
  pod.metadata.annotations = {
    ...pod.metadata.annotations,
    [limitRangerAnnotation]: `LimitRanger plugin set: ${notes.join('; ')}`,
  };
}

/** Sets what is missing; says what it set. */
function fillContainer(
  container: ContainerDraft,
  what: string,
  requests: Readonly<Record<string, string>>,
  limits: Readonly<Record<string, string>>,
): readonly string[] {
  const own = container.resources ?? {};
  const missing = (defaults: Readonly<Record<string, string>>, present: object = {}): readonly string[] =>
    Object.keys(defaults)
      .filter((name) => !(name in present))
      .toSorted();
  const [newRequests, newLimits] = [missing(requests, own.requests), missing(limits, own.limits)];
  if (newRequests.length > 0) own.requests = { ...requests, ...own.requests };
  if (newLimits.length > 0) own.limits = { ...limits, ...own.limits };
  if (newRequests.length + newLimits.length === 0) return [];
  container.resources = own;
  const note = (names: readonly string[], part: string): readonly string[] =>
    names.length === 0 ? [] : [`${names.join(', ')} ${part} for ${what} ${container.name}`];
  return [...note(newRequests, 'request'), ...note(newLimits, 'limit')];
}

function faultsOf(request: AdmissionRequest, limit: LimitRangeItem): readonly string[] {
  if (isOf(Pod, request)) return podFaults(podOf(request), limit);
  if (limit.type !== 'PersistentVolumeClaim') return [];
  const { spec } = request.object as unknown as PersistentVolumeClaim;
  return boundFaults(limit, { requests: parse(spec?.resources?.requests) });
}

function podFaults({ spec }: PodDraft, limit: LimitRangeItem): readonly string[] {
  if (spec === undefined) return [];
  if (limit.type === 'Container') {
    const containers = [...spec.containers, ...(spec.initContainers ?? [])];
    return containers.flatMap(({ resources }) => boundFaults(limit, amountsOf(resources)));
  }
  if (limit.type !== 'Pod') return [];
  return boundFaults(limit, {
    requests: podAmounts(spec, 'requests', false),
    limits: podAmounts(spec, 'limits', false),
  });
}

function amountsOf(resources: ContainerDraft['resources']): Bounded {
  return { requests: parse(resources?.requests), limits: parse(resources?.limits) };
}
