/** Cluster addresses of services and their families: one or two, one of each family, and the first one stays. */
import { duplicate, invalid, required, type Fault } from '../../schema/fault.ts';
import { addressFaults, parseAddress } from '../rules/addresses.ts';
import type { Loose } from '../rules/loose.ts';
import type { ServiceSpec } from './service.ts';

type Spec = Loose<ServiceSpec>;
type Texts = readonly (string | undefined)[];

const path = 'spec.clusterIPs';

export function isHeadless({ clusterIPs }: Spec): boolean {
  return clusterIPs?.length === 1 && clusterIPs[0] === 'None';
}

const isIPv6 = (address: string | undefined): boolean => (address ?? '').includes(':');

export function clusterIPFaults(spec: Spec): Fault[] {
  if (spec.type === 'ExternalName') return [];
  const addresses = spec.clusterIPs ?? [];
  const families = spec.ipFamilies ?? [];
  const bad = eachAddressFaults(addresses);
  const own = [
    ...togetherFaults(spec.clusterIP ?? '', addresses),
    ...families.flatMap((family, index) =>
      families.indexOf(family) < index ? [duplicate(`spec.ipFamilies[${index}]`, family)] : [],
    ),
    ...bad,
    ...(addresses.length > 2 ? [invalid(path, addresses, 'may only hold up to 2 values')] : []),
  ];
  if (bad.length > 0) return own;
  const same = addresses.length > 1 && new Set(addresses.map(isIPv6)).size === 1;
  return [
    ...own,
    ...(same ? [invalid(path, addresses, 'may specify no more than one IP for each IP family')] : []),
    ...(isHeadless(spec) ? [] : familyFaults(addresses, families)),
  ];
}

function togetherFaults(address: string, addresses: Texts): Fault[] {
  if (address === '') {
    return addresses.length === 0 ? [] : [invalid(path, addresses, 'must be empty when `clusterIP` is not specified')];
  }
  if (addresses.length === 0) return [required(path)];
  return addresses[0] === address ? [] : [invalid(path, addresses, 'first value must match `clusterIP`')];
}

function eachAddressFaults(addresses: Texts): Fault[] {
  return addresses.flatMap((address = '', index) => {
    if (index > 0 || address !== 'None') return addressFaults(`${path}[${index}]`, address);
    return addresses.length > 1 ? [invalid(path, addresses, "'None' must be the first and only value")] : [];
  });
}

function familyFaults(addresses: Texts, families: Texts): Fault[] {
  return addresses.flatMap((address, index) => {
    const family = families[index];
    if (family === undefined || parseAddress(address ?? '') === undefined) return [];
    if ((family === 'IPv6') === isIPv6(address)) return [];
    return [
      invalid(`${path}[${index}]`, address, `expected an ${family} value as indicated by \`ipFamilies[${index}]\``),
    ];
  });
}

const isExternalName = (...specs: readonly Spec[]): boolean => specs.some(({ type }) => type === 'ExternalName');
const stays = 'may not change once set';

export function clusterIPUpdateFaults(spec: Spec, old: Spec): Fault[] {
  if (isExternalName(spec, old) || (isHeadless(spec) && isHeadless(old))) return [];
  const young = spec.clusterIPs ?? [];
  const before = old.clusterIPs ?? [];
  if (before.length === young.length) {
    return before.flatMap((address, index) =>
      address === young[index] ? [] : [invalid(`${path}[${index}]`, young, stays)],
    );
  }
  return [
    ...(young.length === 0 ? [invalid(`${path}[0]`, young, 'primary clusterIP can not be unset')] : []),
    ...firstFaults(young, before, young, `${path}[0]`),
    ...releaseFaults(spec, young, before, 'clusterIP'),
  ];
}

export function familyUpdateFaults(spec: Spec, old: Spec): Fault[] {
  if (isExternalName(spec, old) || isHeadless(spec) || isHeadless(old)) return [];
  const at = 'spec.ipFamilies[0]';
  const young = spec.ipFamilies ?? [];
  const before = old.ipFamilies ?? [];
  if (before.length === young.length) {
    return before.flatMap((family, index) => (family === young[index] ? [] : [invalid(at, young, stays)]));
  }
  const unset = before.length > young.length && (spec.clusterIPs ?? []).length === 0;
  return [
    ...(unset ? [invalid(at, young, 'primary ipFamily can not be unset')] : []),
    ...firstFaults(young, before, spec.clusterIPs, at),
    ...releaseFaults(spec, young, before, 'ipFamily'),
  ];
}

/** `shown`: upstream prints the addresses even where families are wrong. */
function firstFaults(young: Texts, before: Texts, shown: unknown, at: string): Fault[] {
  const both = young.length > 0 && before.length > 0;
  return both && young[0] !== before[0] ? [invalid(at, shown, stays)] : [];
}

function releaseFaults(spec: Spec, young: Texts, before: Texts, what: string): Fault[] {
  if (before.length <= young.length || young.length !== 1 || spec.ipFamilyPolicy === 'SingleStack') return [];
  const text = `must be set to 'SingleStack' when releasing the secondary ${what}`;
  return [invalid('spec.ipFamilyPolicy', spec.ipFamilyPolicy, text)];
}
