/** Nodes: taints, pod CIDRs, amounts; and what may not change once it is set. */
import { duplicate, forbidden, invalid, notSupported, required, type Fault } from '../../schema/fault.ts';
import { checkLabelValue } from '../../schema/names.ts';
import { cidrFaults, parseCidr } from '../rules/addresses.ts';
import { sameMeaning } from '../rules/equal.ts';
import { labelNameFaults } from '../rules/faults.ts';
import type { Loose } from '../rules/loose.ts';
import type { NodeSpec, NodeStatus } from './node.ts';
import type { Taint } from './taint.ts';
import { amountFaults, entries } from './validate-resources.ts';

interface NodeLike {
  readonly spec?: Loose<NodeSpec> | undefined;
  readonly status?: Loose<NodeStatus> | undefined;
}

/** podCIDR is the first of podCIDRs; a client may send either. */
export function joinPodCidrs(draft: Record<string, unknown>): void {
  const spec = draft['spec'] as { podCIDR?: string; podCIDRs?: string[] } | undefined;
  if (spec === undefined) return;
  if ((spec.podCIDRs ?? []).length === 0 && spec.podCIDR !== undefined && spec.podCIDR !== '') {
    spec.podCIDRs = [spec.podCIDR];
  }
  const first = spec.podCIDRs?.[0];
  if (first !== undefined) spec.podCIDR = first;
}

export function nodeFaults({ spec, status }: NodeLike): Fault[] {
  return [
    // Upstream reports taints under metadata, and clients see it so.
    ...taintFaults(spec?.taints, 'metadata.taints'),
    ...amountsFaults(status),
    ...podCidrFaults(spec?.podCIDRs ?? []),
  ];
}

const effects = ['NoSchedule', 'PreferNoSchedule', 'NoExecute'];

function taintFaults(taints: readonly Loose<Taint>[] | undefined, path: string): Fault[] {
  const seen = new Set<string>();
  return (taints ?? []).flatMap((taint, index) => {
    const { key = '', value = '', effect = '' } = taint;
    const at = `${path}[${index}]`;
    const complaints = checkLabelValue(value);
    const again = seen.has(`${effect}/${key}`);
    seen.add(`${effect}/${key}`);
    const twice = duplicate(at, taint);
    return [
      ...labelNameFaults(`${at}.key`, key),
      ...(complaints.length === 0 ? [] : [invalid(`${at}.value`, value, complaints.join(';'))]),
      ...effectFaults(effect, `${at}.effect`),
      ...(again ? [{ ...twice, body: `${twice.body}: taints must be unique by key and effect pair` }] : []),
    ];
  });
}

function effectFaults(effect: string, path: string): Fault[] {
  if (effect === '') return [required(path)];
  return effects.includes(effect) ? [] : [notSupported(path, effect, effects)];
}

function amountsFaults(status: Loose<NodeStatus> | undefined): Fault[] {
  return (['capacity', 'allocatable'] as const).flatMap((field) =>
    entries(status?.[field]).flatMap(([name, amount]) => amountFaults(name, amount, `status.${field}.${name}`)),
  );
}

function podCidrFaults(cidrs: readonly (string | undefined)[]): Fault[] {
  const path = 'spec.podCIDRs';
  const families = new Set(cidrs.map((cidr) => parseCidr(cidr ?? '')?.address.family));
  return [
    ...cidrs.flatMap((cidr, index) => cidrFaults(`${path}[${index}]`, cidr ?? '')),
    ...(cidrs.length > 1 && (families.size !== 2 || cidrs.length > 2)
      ? [invalid(path, cidrs, 'may specify no more than one CIDR for each IP family')]
      : []),
    ...cidrs.flatMap((cidr, index) => (cidrs.indexOf(cidr) < index ? [duplicate(`${path}[${index}]`, cidr)] : [])),
  ];
}

export function nodeUpdateFaults({ spec = {}, status }: NodeLike, old: NodeLike): Fault[] {
  const before = old.spec ?? {};
  const provider = before.providerID ?? '';
  return [
    ...addressFaults(status),
    ...podCidrUpdateFaults(spec.podCIDRs ?? [], before.podCIDRs ?? []),
    ...(provider !== '' && provider !== spec.providerID
      ? [forbidden('spec.providerID', 'node updates may not change providerID except from "" to valid')]
      : []),
    ...((spec.externalID ?? '') === (before.externalID ?? '')
      ? []
      : [forbidden('spec.externalID', 'may not be updated')]),
  ];
}

function podCidrUpdateFaults(cidrs: readonly (string | undefined)[], old: readonly (string | undefined)[]): Fault[] {
  if (old.length === 0 || sameMeaning(cidrs, old)) return [];
  return [forbidden('spec.podCIDRs', 'node updates may not change podCIDR except from "" to valid')];
}

export function nodeStatusFaults({ status }: NodeLike): Fault[] {
  return [...amountsFaults(status), ...addressFaults(status)];
}

function addressFaults(status: Loose<NodeStatus> | undefined): Fault[] {
  const seen = new Set<string>();
  return (status?.addresses ?? []).flatMap((address, index) => {
    const key = `${address.type} ${address.address}`;
    const again = seen.has(key);
    seen.add(key);
    return again ? [duplicate(`status.addresses[${index}]`, address)] : [];
  });
}
