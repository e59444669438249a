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
import { triggerAnnotation } from './trigger.ts';

const maxEndpoints = 100;
export const serviceNameLabel = 'kubernetes.io/service-name';
export const managedByLabel = 'endpointslice.kubernetes.io/managed-by';
export const manager = 'endpointslice-controller.k8s.io';
const headlessLabel = 'service.kubernetes.io/headless';
/** What a Service may say by these labels is not for its slices: they say something of their own by them. */
const reserved: ReadonlySet<string> = new Set([serviceNameLabel, managedByLabel, headlessLabel]);

/** For whom the slices are: a Service, or Endpoints that are mirrored. */
export interface SliceOwner {
  readonly name: string;
  readonly namespace: string | undefined;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly reference: OwnerReference;
  /** Endpoints of one slice. */
  readonly most: number;
  /** The slices have these annotations and no others, and change with them; if not, they come with the next change. */
  readonly mirrored: boolean;
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
  const [own, foreign] = [
    present.filter((slice) => isOwn(owner, slice)),
    present.filter((slice) => !isOwn(owner, slice)),
  ];
  const plans = wanted.map(({ addressType, candidates }) =>
    recycled(
      owner,
      planType(
        owner,
        addressType,
        candidates,
        own.filter((slice) => slice.addressType === addressType),
      ),
    ),
  );
  const types = new Set<string>(wanted.map(({ addressType }) => addressType));
  const stale = own.filter(({ addressType }) => !types.has(addressType));
  return {
    create: plans.flatMap(({ create }) => create),
    update: plans.flatMap(({ update }) => update),
    remove: [...plans.flatMap(({ remove }) => remove), ...stale, ...foreign],
  };
}

/** Those of an earlier owner of the name go with it, whoever writes to them. */
function isOwn({ reference }: SliceOwner, { metadata }: EndpointSlice): boolean {
  return metadata.ownerReferences?.some(({ uid }) => uid === reference.uid) === true;
}

/** Where one slice goes and another comes, the first becomes the second: there is none without endpoints in between. */
function recycled(owner: SliceOwner, { create, update, remove }: SlicePlan): SlicePlan {
  const count = Math.min(create.length, remove.length);
  const reused = remove.slice(0, count).map((slice, at) => {
    const { ports, endpoints = [] } = create[create.length - 1 - at] ?? {};
    return { ...written(owner, slice), endpoints, ...(ports !== undefined && { ports }) };
  });
  return {
    create: create.slice(0, create.length - count),
    update: [...update, ...reused],
    remove: remove.slice(count),
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
    filling.endpoints = [...filling.endpoints, ...rest.splice(0, Math.max(0, owner.most - filling.endpoints.length))];
  }
  const ports = members[0]?.ports ?? [];
  const created: Endpoint[][] = [];
  while (rest.length > 0) created.push(rest.splice(0, owner.most));
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

function changed(owner: SliceOwner, slice: EndpointSlice, endpoints: readonly Endpoint[]): readonly EndpointSlice[] {
  const { labels = {}, annotations = {} } = slice.metadata;
  const same =
    canonical(endpoints) === canonical(slice.endpoints) &&
    canonical([owner.labels]) === canonical([labels]) &&
    (!owner.mirrored || canonical([owner.annotations]) === canonical([annotations]));
  return same ? [] : [{ ...written(owner, slice), endpoints }];
}

/** The slice as its owner's present labels and annotations have it. */
function written({ labels, annotations, mirrored }: SliceOwner, slice: EndpointSlice): EndpointSlice {
  const { [triggerAnnotation]: _, ...others } = slice.metadata.annotations ?? {};
  const next = mirrored ? annotations : { ...others, ...annotations };
  return { ...slice, metadata: { ...slice.metadata, labels, annotations: next } };
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

/** `trigger`: when what the slices say last changed, as RFC 3339. */
export function ownerOf(service: Service, trigger?: string): SliceOwner {
  const { name, namespace, labels = {} } = service.metadata;
  const { clusterIP = '' } = service.spec ?? {};
  return {
    name,
    namespace,
    labels: {
      ...Object.fromEntries(Object.entries(labels).filter(([key]) => !reserved.has(key))),
      ...(clusterIP === 'None' || clusterIP === '' ? { [headlessLabel]: '' } : {}),
      [managedByLabel]: manager,
      [serviceNameLabel]: name,
    },
    annotations: trigger === undefined ? {} : { [triggerAnnotation]: trigger },
    reference: controllerReference(Service, service),
    most: maxEndpoints,
    mirrored: false,
  };
}
