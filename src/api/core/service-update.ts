/**
 * What the server does to a service between what the client sent and what it checks: keeps the two forms of
 * the cluster address together, keeps allocated values that the client left out, and drops those that a
 * change of type has made meaningless. Allocating new ones is the registry's work.
 */
import { fillEmpty, type Editable } from '../rules/draft.ts';
import { sameMeaning } from '../rules/equal.ts';
import type { Loose } from '../rules/loose.ts';
import type { ServiceSpec } from './service.ts';
import { isExternallyAccessible } from './service-defaults.ts';

type Spec = Editable<ServiceSpec>;
type OldSpec = Loose<ServiceSpec>;

/** A new service may name its address in clusterIP alone. */
export function joinClusterIPs(draft: Record<string, unknown>): void {
  const spec = draft['spec'] as Spec | undefined;
  const address = spec?.clusterIP ?? '';
  if (spec !== undefined && address !== '' && (spec.clusterIPs ?? []).length === 0) spec.clusterIPs = [address];
}

export function prepareServiceUpdate(
  draft: Record<string, unknown>,
  old: { readonly spec?: OldSpec | undefined },
): void {
  const spec = (draft['spec'] ??= {}) as Spec;
  const before = old.spec ?? {};
  followClusterIP(spec, before);
  keepAllocated(spec, before);
  dropMeaningless(spec, before);
}

/** Clients that know only clusterIP change that one alone. */
function followClusterIP(spec: Spec, old: OldSpec): void {
  if ((spec.clusterIP ?? '') === (old.clusterIP ?? '')) return;
  if (!sameMeaning(spec.clusterIPs, old.clusterIPs)) return;
  const address = spec.clusterIP ?? '';
  if (address === '') delete spec.clusterIPs;
  else spec.clusterIPs = [address];
}

function keepAllocated(spec: Spec, old: OldSpec): void {
  if (needsClusterIP(spec) && needsClusterIP(old)) keepClusterIPs(spec, old);
  if (needsNodePort(spec) && needsNodePort(old)) keepNodePorts(spec, old);
  const healthPort = old.healthCheckNodePort ?? 0;
  if (needsHealthPort(spec) && needsHealthPort(old) && healthPort !== 0) {
    fillEmpty(spec, 'healthCheckNodePort', healthPort);
  }
}

function keepClusterIPs(spec: Spec, old: OldSpec): void {
  if (old.clusterIP !== undefined) fillEmpty(spec, 'clusterIP', old.clusterIP);
  const given = spec.clusterIPs ?? [];
  if (given.length > 0 || spec.clusterIP !== old.clusterIP || old.clusterIPs === undefined) return;
  spec.clusterIPs = old.clusterIPs.map((address) => address ?? '');
}

/** By name, unless another port has taken the number meanwhile. */
function keepNodePorts(spec: Spec, old: OldSpec): void {
  const taken = new Set((spec.ports ?? []).map(({ nodePort, protocol }) => `${nodePort ?? 0}/${protocol}`));
  for (const port of spec.ports ?? []) {
    if ((port.nodePort ?? 0) !== 0) continue;
    const before = old.ports?.find(
      ({ name, protocol }) => (name ?? '') === (port.name ?? '') && protocol === port.protocol,
    );
    const number = before?.nodePort ?? 0;
    if (number !== 0 && !taken.has(`${number}/${port.protocol}`)) port.nodePort = number;
  }
}

const addressFields = ['clusterIP', 'clusterIPs', 'ipFamilies', 'ipFamilyPolicy'] as const;

/** Only where the client did not set the field itself: a value of its own is for the validator. */
function dropMeaningless(spec: Spec, old: OldSpec): void {
  const drop = (needs: (each: OldSpec) => boolean, ...fields: readonly (keyof ServiceSpec)[]): void => {
    if (!needs(old) || needs(spec)) return;
    for (const field of fields) if (sameMeaning(spec[field], old[field])) delete spec[field];
  };
  if (needsClusterIP(old) && !needsClusterIP(spec)) {
    const same = sameMeaning(spec.clusterIP, old.clusterIP) && sameMeaning(spec.clusterIPs, old.clusterIPs);
    const [families, policy] = [
      sameMeaning(spec.ipFamilies, old.ipFamilies),
      sameMeaning(spec.ipFamilyPolicy, old.ipFamilyPolicy),
    ];
    const gone = { clusterIP: same, clusterIPs: same, ipFamilies: families, ipFamilyPolicy: policy };
    for (const field of addressFields) if (gone[field]) delete spec[field];
  }
  if (needsNodePort(old) && !needsNodePort(spec) && sameNodePorts(spec, old)) {
    for (const port of spec.ports ?? []) delete port.nodePort;
  }
  drop(needsHealthPort, 'healthCheckNodePort');
  drop(isBalancer, 'allocateLoadBalancerNodePorts', 'loadBalancerClass');
  drop(isExternallyAccessible, 'externalTrafficPolicy');
}

function sameNodePorts(spec: OldSpec, old: OldSpec): boolean {
  const ports = (each: OldSpec): ReadonlySet<number> =>
    new Set((each.ports ?? []).map(({ nodePort }) => nodePort ?? 0).filter((port) => port !== 0));
  const [young, before] = [ports(spec), ports(old)];
  return young.size === before.size && young.isSubsetOf(before);
}

const isBalancer = ({ type }: OldSpec): boolean => type === 'LoadBalancer';
const needsClusterIP = ({ type }: OldSpec): boolean => type !== 'ExternalName';
export const needsHealthPort = (spec: OldSpec): boolean => isBalancer(spec) && spec.externalTrafficPolicy === 'Local';

function needsNodePort(spec: OldSpec): boolean {
  return spec.type === 'NodePort' || (isBalancer(spec) && spec.allocateLoadBalancerNodePorts !== false);
}
