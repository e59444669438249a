/**
 * Which EndpointSlices somebody should have: a pure function. Endpoints stay in the slice they are in, so
 * that one pod's change rewrites one slice; new ones fill slices with room before a new slice is made.
 */
import { Service } from '../../api/core/service.ts';
import type { Endpoint, EndpointPort, EndpointSlice } from '../../api/discovery/endpoint-slice.ts';
import type { Draft } from '../../api/kind.ts';
import type { OwnerReference } from '../../api/meta/object-meta.ts';
import { controllerReference } from '../workload/ownership.ts';
import type { AddressType, Candidate } from './endpoint.ts';

export const maxEndpoints = 100;
export const serviceNameLabel = 'kubernetes.io/service-name';
export const managedByLabel = 'endpointslice.kubernetes.io/managed-by';
export const manager = 'endpointslice-controller.k8s.io';
const headlessLabel = 'service.kubernetes.io/headless';
const triggerAnnotation = 'endpoints.kubernetes.io/last-change-trigger-time';

/** For whom the slices are: a Service, or Endpoints that are mirrored. */
export interface SliceOwner {
  readonly name: string;
  readonly namespace: string | undefined;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly reference: OwnerReference;
}

export interface SlicePlan {
  readonly create: readonly Draft<EndpointSlice>[];
  readonly update: readonly EndpointSlice[];
  readonly remove: readonly EndpointSlice[];
}

export interface Wanted {
  readonly addressType: AddressType;
  readonly candidates: readonly Candidate[];
}

export function planSlices(owner: SliceOwner, wanted: readonly Wanted[], present: readonly EndpointSlice[]): SlicePlan {
  const plans = wanted.map(({ addressType, candidates }) =>
    planType(
      owner,
      addressType,
      candidates,
      present.filter((slice) => slice.addressType === addressType),
    ),
  );
  const types = new Set<string>(wanted.map(({ addressType }) => addressType));
  return {
    create: plans.flatMap(({ create }) => create),
    update: plans.flatMap(({ update }) => update),
    remove: [...plans.flatMap(({ remove }) => remove), ...present.filter(({ addressType }) => !types.has(addressType))],
  };
}

function planType(
  owner: SliceOwner,
  addressType: AddressType,
  candidates: readonly Candidate[],
  present: readonly EndpointSlice[],
): SlicePlan {
  const groups = byPorts(candidates);
  // A Service without endpoints keeps one empty slice: consumers then know that there are none.
  if (groups.size === 0) groups.set('[]', []);
  const plans = [...groups].map(([signature, members]) =>
    planGroup(
      owner,
      addressType,
      members,
      present.filter((slice) => signatureOf(slice.ports ?? []) === signature),
    ),
  );
  const stale = present.filter((slice) => !groups.has(signatureOf(slice.ports ?? [])));
  return {
    create: plans.flatMap(({ create }) => create),
    update: plans.flatMap(({ update }) => update),
    remove: [...plans.flatMap(({ remove }) => remove), ...stale],
  };
}

function byPorts(candidates: readonly Candidate[]): Map<string, Candidate[]> {
  const groups = new Map<string, Candidate[]>();
  for (const candidate of candidates) {
    const signature = signatureOf(candidate.ports);
    const group = groups.get(signature);
    if (group === undefined) groups.set(signature, [candidate]);
    else group.push(candidate);
  }
  return groups;
}

function signatureOf(ports: readonly EndpointPort[]): string {
  const rows = ports.map(({ name = '', protocol = 'TCP', port, appProtocol = '' }) => [
    name,
    protocol,
    port,
    appProtocol,
  ]);
  return JSON.stringify(rows.map((row) => JSON.stringify(row)).toSorted());
}

interface Filling {
  readonly slice: EndpointSlice;
  endpoints: Endpoint[];
}

function planGroup(
  owner: SliceOwner,
  addressType: AddressType,
  members: readonly Candidate[],
  present: readonly EndpointSlice[],
): SlicePlan {
  const missing = new Map(members.map(({ endpoint }) => [identityOf(endpoint), endpoint]));
  const fillings: Filling[] = present.map((slice) => ({ slice, endpoints: keep(slice, missing) }));
  const rest = [...missing.values()];
  for (const filling of fillings.toSorted((a, b) => b.endpoints.length - a.endpoints.length)) {
    filling.endpoints = [...filling.endpoints, ...rest.splice(0, Math.max(0, maxEndpoints - filling.endpoints.length))];
  }
  const ports = members[0]?.ports ?? [];
  const created: Endpoint[][] = [];
  while (rest.length > 0) created.push(rest.splice(0, maxEndpoints));
  if (members.length === 0 && present.length === 0) created.push([]);
  const emptied = fillings.filter(({ endpoints }) => endpoints.length === 0);
  // Of empty slices one stays when there is nothing else.
  const removed = members.length === 0 ? emptied.slice(1) : emptied;
  const kept = fillings.filter((filling) => !removed.includes(filling));
  return {
    create: created.map((endpoints) => draftOf(owner, addressType, ports, endpoints)),
    update: kept.flatMap(({ slice, endpoints }) => changed(owner, slice, endpoints)),
    remove: removed.map(({ slice }) => slice),
  };
}

/** Endpoints of the slice that are still wanted, as they are now; takes them out of `missing`. */
function keep(slice: EndpointSlice, missing: Map<string, Endpoint>): Endpoint[] {
  return slice.endpoints.flatMap((endpoint) => {
    const identity = identityOf(endpoint);
    const now = missing.get(identity);
    if (now === undefined) return [];
    missing.delete(identity);
    return [now];
  });
}

function identityOf({ targetRef, addresses }: Endpoint): string {
  return `${targetRef?.uid ?? ''} ${addresses.join(' ')}`;
}

function changed(
  { labels }: SliceOwner,
  slice: EndpointSlice,
  endpoints: readonly Endpoint[],
): readonly EndpointSlice[] {
  const same =
    canonical(endpoints) === canonical(slice.endpoints) &&
    canonical([labels]) === canonical([slice.metadata.labels ?? {}]);
  return same ? [] : [{ ...slice, metadata: { ...slice.metadata, labels }, endpoints }];
}

/** Text in which the order of keys and absent conditions do not count. */
function canonical(values: readonly object[]): string {
  return JSON.stringify(values, (_key, value: unknown) =>
    typeof value === 'object' && value !== null && !Array.isArray(value)
      ? Object.fromEntries(Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1)))
      : value,
  );
}

function draftOf(
  owner: SliceOwner,
  addressType: AddressType,
  ports: readonly EndpointPort[],
  endpoints: readonly Endpoint[],
): Draft<EndpointSlice> {
  const { name, namespace, labels, annotations, reference } = owner;
  return {
    metadata: {
      generateName: `${name}-`,
      ...(namespace === undefined ? {} : { namespace }),
      labels,
      ...(Object.keys(annotations).length === 0 ? {} : { annotations }),
      ownerReferences: [reference],
    },
    addressType,
    endpoints,
    ports,
  };
}

export function ownerOf(service: Service): SliceOwner {
  const { name, namespace, labels, annotations = {} } = service.metadata;
  const trigger = annotations[triggerAnnotation];
  return {
    name,
    namespace,
    labels: {
      ...labels,
      ...(service.spec?.clusterIP === 'None' ? { [headlessLabel]: '' } : {}),
      [managedByLabel]: manager,
      [serviceNameLabel]: name,
    },
    annotations: trigger === undefined ? {} : { [triggerAnnotation]: trigger },
    reference: controllerReference(Service, service),
  };
}
