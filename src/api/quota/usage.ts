/**
 * What one object counts for in quotas, per kind. Pure, so that admission (one object more) and the controller
 * (all that are there) can't disagree.
 *
 * Rules: pkg/quota/v1/evaluator/core/{pods,persistent_volume_claims,services,resource_claims}.go.
 */
import {
  addQuantity,
  compareQuantity,
  quantityOf,
  parseQuantity,
  roundedUp,
  type Quantity,
} from '../../schema/quantity.ts';
import { parseTimestamp } from '../../base/clock.ts';
import type { PersistentVolumeClaim } from '../core/persistent-volume-claim.ts';
import type { Pod } from '../core/pod.ts';
import { podAmounts, type Amounts } from '../core/pod-amounts.ts';
import type { ResourceQuotaSpec } from '../core/resource-quota.ts';
import type { Service } from '../core/service.ts';
import { isHugePagesName } from '../core/validate-resources.ts';
import type { Kind, KubernetesObject } from '../kind.ts';
import type { DeviceRequest, ResourceClaim } from '../resource/resource-claim.ts';
import { claimMeets, podMeets, requirementsOf, type Requirement } from './scopes.ts';

export type { Amounts };

export interface Counter {
  /** Whether objects of the kind count towards this resource of a quota. */
  counts(resource: string): boolean;
  /** `now` in milliseconds since the epoch. */
  usage(object: KubernetesObject, now: number): Amounts;
  /** Whether the object falls into a scope. Kinds without scopes are never counted by a quota that has some. */
  meets(requirement: Requirement, object: KubernetesObject): boolean;
  /** What the object must say because the quota limits it; '' when nothing is missing. */
  missing(resources: readonly string[], object: KubernetesObject): string;
  /** Whether updates can change what is used, beside creation: of the object, and of these subresources. */
  readonly updates: readonly string[];
}

const one: Quantity = quantityOf(1);
const amount = (count: number): Quantity => quantityOf(count);

const plain: Pick<Counter, 'meets' | 'missing' | 'updates'> = { meets: () => false, missing: () => '', updates: [] };

/** Core kinds that quotas also know by their bare names. */
const legacy: ReadonlySet<string> = new Set(['configmaps', 'resourcequotas', 'replicationcontrollers', 'secrets']);

export function counterOf({ group, plural }: Pick<Kind, 'group' | 'plural'>): Counter {
  if (group === '' && plural === 'pods') return podCounter;
  if (group === '' && plural === 'services') return serviceCounter;
  if (group === '' && plural === 'persistentvolumeclaims') return claimCounter;
  if (group === 'resource.k8s.io' && plural === 'resourceclaims') return deviceCounter;
  const names = [`count/${plural}${group === '' ? '' : `.${group}`}`];
  if (group === '' && legacy.has(plural)) names.push(plural);
  return {
    ...plain,
    counts: (resource) => names.includes(resource),
    usage: () => Object.fromEntries(names.map((name) => [name, one])),
  };
}

/** The resources of the quota that the object counts towards; empty when the quota does not concern it. */
export function concerned(spec: ResourceQuotaSpec, counter: Counter, object: KubernetesObject): readonly string[] {
  const names = Object.keys(spec.hard ?? {}).filter((name) => counter.counts(name));
  if (names.length === 0) return [];
  return requirementsOf(spec).every((requirement) => counter.meets(requirement, object)) ? names : [];
}

const compute: ReadonlySet<string> = new Set(['cpu', 'memory', 'ephemeral-storage']);
/** Devices of vendors. */
const isExtended = (name: string): boolean => name.includes('/') && !/^(?:[^/]*\.)?kubernetes\.io\//u.test(name);

/** Containers must name these when a quota limits them; others count as nothing when they are left out. */
const demanded: ReadonlySet<string> = new Set([
  'cpu',
  'memory',
  'requests.cpu',
  'requests.memory',
  'limits.cpu',
  'limits.memory',
]);

export const podCounter: Counter = {
  counts(resource) {
    const [, part, name = resource] = /^(?:(requests|limits)\.)?(.+)$/u.exec(resource) ?? [];
    if (resource === 'pods' || resource === 'count/pods') return true;
    if (compute.has(name)) return true;
    if (part === 'limits') return false;
    return isHugePagesName(name) || (part === 'requests' && isExtended(name));
  },
  usage(object, now) {
    const pod = object as Pod;
    const counted = { 'count/pods': one };
    if (!isActive(pod, now) || pod.spec === undefined) return counted;
    const requests = podAmounts(pod.spec, 'requests', true);
    const limits = podAmounts(pod.spec, 'limits', true);
    return { ...counted, pods: one, ...computeUsage(requests, limits) };
  },
  meets: (requirement, object) => podMeets(requirement, object),
  missing(resources, object) {
    const { containers = [], initContainers = [], resources: whole } = (object as Pod).spec ?? {};
    const ofPod = new Set(Object.keys(computeUsage(asAmounts(whole?.requests), asAmounts(whole?.limits))));
    const lacking = resources
      .filter((name) => demanded.has(name) && !ofPod.has(name))
      .toSorted()
      .flatMap((name) => {
        const silent = [...containers, ...initContainers]
          .filter(
            (each) => !(name in computeUsage(asAmounts(each.resources?.requests), asAmounts(each.resources?.limits))),
          )
          .map((each) => each.name)
          .toSorted();
        return silent.length === 0 ? [] : [`${name} for: ${silent.join(',')}`];
      });
    return lacking.length === 0 ? '' : `must specify ${lacking.join('; ')}`;
  },
  updates: ['resize'],
};

function asAmounts(texts: Readonly<Record<string, string>> | undefined): Amounts {
  return Object.fromEntries(Object.entries(texts ?? {}).map(([name, text]) => [name, parseQuantity(text)]));
}

function computeUsage(requests: Amounts, limits: Amounts): Amounts {
  const used: Record<string, Quantity> = {};
  for (const [name, value] of Object.entries(requests)) {
    if (compute.has(name) || isHugePagesName(name)) used[name] = value;
    if (compute.has(name) || isHugePagesName(name) || isExtended(name)) used[`requests.${name}`] = value;
  }
  for (const [name, value] of Object.entries(limits)) if (compute.has(name)) used[`limits.${name}`] = value;
  return used;
}

/** Pods that have ended use nothing, nor do those whose node should have ended them by now. */
export function isActive({ metadata, status }: Pod, now: number): boolean {
  if (status?.phase === 'Succeeded' || status?.phase === 'Failed') return false;
  const { deletionTimestamp, deletionGracePeriodSeconds } = metadata;
  if (deletionTimestamp === undefined || deletionGracePeriodSeconds === undefined) return true;
  return now <= parseTimestamp(deletionTimestamp) + deletionGracePeriodSeconds * 1000;
}

const serviceResources = new Set(['count/services', 'services', 'services.nodeports', 'services.loadbalancers']);

const serviceCounter: Counter = {
  ...plain,
  counts: (resource) => serviceResources.has(resource),
  usage(object) {
    const { type, ports = [], allocateLoadBalancerNodePorts = true } = (object as Service).spec ?? {};
    const used = { 'count/services': one, services: one };
    if (type === 'NodePort') return { ...used, 'services.nodeports': amount(ports.length), ...noBalancers };
    if (type !== 'LoadBalancer') return { ...used, 'services.nodeports': amount(0), ...noBalancers };
    const own = allocateLoadBalancerNodePorts ? ports : ports.filter(({ nodePort = 0 }) => nodePort !== 0);
    return { ...used, 'services.nodeports': amount(own.length), 'services.loadbalancers': one };
  },
  updates: [''],
};
const noBalancers = { 'services.loadbalancers': amount(0) };

const ofClass = '.storageclass.storage.k8s.io/';
const claimResources = new Set(['count/persistentvolumeclaims', 'persistentvolumeclaims', 'requests.storage']);

const claimCounter: Counter = {
  counts: (resource) =>
    claimResources.has(resource) ||
    resource.endsWith(`${ofClass}requests.storage`) ||
    resource.endsWith(`${ofClass}persistentvolumeclaims`),
  usage(object) {
    const claim = object as PersistentVolumeClaim;
    const { metadata, spec } = claim;
    const storage = storageOf(claim);
    const used = { 'count/persistentvolumeclaims': one, persistentvolumeclaims: one, 'requests.storage': storage };
    const name = metadata.annotations?.['volume.beta.kubernetes.io/storage-class'] ?? spec?.storageClassName ?? '';
    if (name === '') return used;
    return {
      ...used,
      [`${name}${ofClass}persistentvolumeclaims`]: one,
      [`${name}${ofClass}requests.storage`]: storage,
    };
  },
  meets: (requirement, object) => claimMeets(requirement, object),
  missing: () => '',
  updates: [''],
};

/** What is asked for or, while a growth is taken back, what is being made ready: in whole bytes. */
function storageOf({ spec, status }: PersistentVolumeClaim): Quantity {
  const asked = spec?.resources?.requests?.['storage'] ?? '0';
  const allocated = status?.allocatedResources?.['storage'] ?? '0';
  return roundedUp(compareQuantity(allocated, asked) > 0 ? allocated : asked);
}

const ofDeviceClass = '.deviceclass.resource.k8s.io/devices';
const claims = 'count/resourceclaims.resource.k8s.io';
/** The most devices that one claim can get: what a request for all of them counts for. */
const mostDevices = 32;

const deviceCounter: Counter = {
  ...plain,
  counts: (resource) => resource === claims || resource.endsWith(ofDeviceClass),
  usage(object) {
    const used: Record<string, Quantity> = { [claims]: one };
    for (const request of (object as ResourceClaim).spec.devices?.requests ?? []) {
      for (const [name, count] of devicesOf(request)) {
        const key = `${name}${ofDeviceClass}`;
        used[key] = addQuantity(used[key] ?? '0', amount(count));
      }
    }
    return used;
  },
  updates: [''],
};

/** Devices by class. Of alternatives it is not known which will be had: the most of each class counts. */
function devicesOf({ exactly, firstAvailable = [] }: DeviceRequest): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const each of exactly === undefined ? firstAvailable : [exactly]) {
    const count = each.allocationMode === 'All' ? mostDevices : (each.count ?? 1);
    counts.set(each.deviceClassName, Math.max(count, counts.get(each.deviceClassName) ?? 0));
  }
  return counts;
}
