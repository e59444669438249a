/** Endpoints that a user wrote, as EndpointSlices: consumers read only those. Pure. */
import { Endpoints } from '../../api/core/endpoints.ts';
import type { Service } from '../../api/core/service.ts';
import type { EndpointSlice } from '../../api/discovery/endpoint-slice.ts';
import type { AddressType, Candidate } from '../endpoint-slice/endpoint.ts';
import {
  managedByLabel,
  planSlices,
  serviceNameLabel,
  type SliceOwner,
  type SlicePlan,
} from '../endpoint-slice/plan.ts';
import { controllerReference } from '../workload/ownership.ts';

export const mirrorManager = 'endpointslicemirroring-controller.k8s.io';
const skipLabel = 'endpointslice.kubernetes.io/skip-mirror';
const leaderAnnotation = 'control-plane.alpha.kubernetes.io/leader';
const endpointsManagedBy = 'endpoints.kubernetes.io/managed-by';
/** Annotations that belong to the Endpoints alone. */
const ownAnnotations = new Set([
  'kubectl.kubernetes.io/last-applied-configuration',
  'endpoints.kubernetes.io/last-change-trigger-time',
]);
/** Addresses of one subset beyond this are not mirrored; all of a subset are in one slice of each type. */
const maxAddresses = 1_000;

type Subset = NonNullable<Endpoints['subsets']>[number];
type Address = NonNullable<Subset['addresses']>[number];

/** Only for Services without a selector: the others have slices of their own. */
export function isMirrored(endpoints: Endpoints, service: Service | undefined): boolean {
  const { labels = {}, annotations = {}, deletionTimestamp } = endpoints.metadata;
  return (
    service !== undefined &&
    Object.keys(service.spec?.selector ?? {}).length === 0 &&
    deletionTimestamp === undefined &&
    labels[skipLabel] !== 'true' &&
    labels[endpointsManagedBy] === undefined &&
    annotations[leaderAnnotation] === undefined
  );
}

export function planMirror(endpoints: Endpoints, present: readonly EndpointSlice[]): SlicePlan {
  const all = (endpoints.subsets ?? []).flatMap(candidatesOf);
  const types = [...new Set(all.map(({ type }) => type))];
  const wanted = types.map((addressType) => ({
    addressType,
    candidates: all.filter(({ type }) => type === addressType).map(({ candidate }) => candidate),
  }));
  return planSlices(ownerOf(endpoints), wanted, present);
}

/** Addresses that are not mirrored, because there are too many; undefined when all are. */
export function skippedOf({ subsets = [] }: Endpoints): string | undefined {
  const counts = subsets.map(
    ({ addresses = [], notReadyAddresses = [] }) => addresses.length + notReadyAddresses.length,
  );
  const skipped = counts.reduce((sum, count) => sum + Math.max(0, count - maxAddresses), 0);
  if (skipped === 0) return undefined;
  return `A max of ${maxAddresses} addresses can be mirrored to EndpointSlices per Endpoints subset. ${skipped} addresses were skipped`;
}

function candidatesOf(subset: Subset): readonly { readonly type: AddressType; readonly candidate: Candidate }[] {
  const ready = (subset.addresses ?? []).map((address) => ({ address, isReady: true }));
  const others = (subset.notReadyAddresses ?? []).map((address) => ({ address, isReady: false }));
  const ports = (subset.ports ?? []).map(({ name = '', port, protocol = 'TCP', appProtocol }) => ({
    name,
    protocol,
    port,
    ...(appProtocol === undefined ? {} : { appProtocol }),
  }));
  return [...ready, ...others].slice(0, maxAddresses).map(({ address, isReady }) => ({
    type: address.ip.includes(':') ? 'IPv6' : 'IPv4',
    candidate: { endpoint: endpointOf(address, isReady), ports },
  }));
}

function endpointOf({ ip, hostname, nodeName, targetRef }: Address, ready: boolean): Candidate['endpoint'] {
  return {
    addresses: [ip],
    conditions: { ready },
    ...(hostname === undefined ? {} : { hostname }),
    ...(nodeName === undefined ? {} : { nodeName }),
    ...(targetRef === undefined ? {} : { targetRef }),
  };
}

function ownerOf(endpoints: Endpoints): SliceOwner {
  const { name, namespace, labels, annotations = {} } = endpoints.metadata;
  const kept = Object.entries(annotations).filter(([key]) => !ownAnnotations.has(key));
  return {
    name,
    namespace,
    labels: { ...labels, [managedByLabel]: mirrorManager, [serviceNameLabel]: name },
    annotations: Object.fromEntries(kept),
    reference: controllerReference(Endpoints, endpoints),
    most: maxAddresses,
    mirrored: true,
  };
}
