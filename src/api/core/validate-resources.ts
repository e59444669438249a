/** Resource names and amounts: requests, limits, capacities, overhead. */
import { duplicate, forbidden, invalid, notFound, notSupported, required, type Fault } from '../../schema/fault.ts';
import { checkQualifiedName } from '../../schema/names.ts';
import {
  canonicalQuantity,
  compareQuantity,
  isNegative,
  isZero,
  milliValue,
  wholeValue,
} from '../../schema/quantity.ts';
import { complaintFaults, dnsLabelFaults, negativeText } from '../rules/faults.ts';
import type { Loose } from '../rules/loose.ts';
import type { ResourceRequirements } from './container.ts';

type Amounts = Loose<Readonly<Record<string, string>>> | undefined;

const containerNames: ReadonlySet<string> = new Set(['cpu', 'memory', 'ephemeral-storage']);
/** A list of names, given as one text. */
function words(text: string): readonly string[] {
  return text.split(' ');
}

const integerNames: ReadonlySet<string> = new Set([
  ...words('pods services replicationcontrollers resourcequotas secrets configmaps'),
  ...words('persistentvolumeclaims services.nodeports services.loadbalancers'),
]);
const standardNames: ReadonlySet<string> = new Set([
  ...integerNames,
  ...words('cpu memory ephemeral-storage storage requests.cpu requests.memory requests.storage'),
  ...words('requests.ephemeral-storage limits.cpu limits.memory limits.ephemeral-storage'),
]);

export const isHugePagesName = (name: string): boolean => name.startsWith('hugepages-');
const isHugePagesRequest = (name: string): boolean => name.startsWith('requests.hugepages-');
/** Without a domain, or in Kubernetes' own. */
const isNativeResource = (name: string): boolean => !name.includes('/') || name.includes('kubernetes.io/');

/** `vendor.example/gpu`: counted in whole units, never shared, request equal to limit. */
function isExtendedResource(name: string): boolean {
  if (isNativeResource(name) || name.startsWith('requests.')) return false;
  return checkQualifiedName(`requests.${name}`).length === 0;
}

/** More of it may be promised than there is. */
export function isOvercommitAllowed(name: string): boolean {
  return isNativeResource(name) && !isHugePagesName(name);
}

export function resourceNameFaults(name: string, path: string): Fault[] {
  const faults = complaintFaults(path, name, checkQualifiedName(name));
  if (faults.length > 0 || name.includes('/')) return faults;
  if (standardNames.has(name) || isHugePagesRequest(name) || isHugePagesName(name)) return [];
  return [invalid(path, name, 'must be a standard resource type or fully qualified')];
}

export function containerResourceNameFaults(name: string, path: string): Fault[] {
  const faults = resourceNameFaults(name, path);
  if (!name.includes('/')) {
    if (containerNames.has(name) || isHugePagesName(name)) return faults;
    return [...faults, invalid(path, name, 'must be a standard resource for containers')];
  }
  if (isNativeResource(name) || isExtendedResource(name)) return faults;
  return [...faults, invalid(path, name, "doesn't follow extended resource name standard")];
}

/** The amount itself: not negative, and whole for things that are counted. */
export function amountFaults(name: string, amount: string | undefined, path: string): Fault[] {
  if (amount === undefined) return [];
  const text = canonicalQuantity(amount);
  const negative = isNegative(amount) ? [invalid(path, text, negativeText)] : [];
  const counted = integerNames.has(name) || isExtendedResource(name);
  return [
    ...negative,
    ...(counted && milliValue(amount) % 1000 !== 0 ? [invalid(path, amount, 'must be an integer')] : []),
  ];
}

/** Capacity and the like, where the name was checked elsewhere. */
export function basicAmountFaults(amount: string | undefined, path: string): Fault[] {
  if (amount === undefined || !isNegative(amount)) return [];
  return [invalid(path, wholeValue(amount), 'must be a valid resource quantity')];
}

export interface ResourceRules {
  /** Names of the pod's resource claims, which containers may use. */
  readonly claims?: ReadonlySet<string>;
}

export function resourceFaults(
  resources: Loose<ResourceRequirements> | undefined,
  path: string,
  rules: ResourceRules = {},
): Fault[] {
  const { limits, requests, claims } = resources ?? {};
  return [
    ...entries(limits).flatMap(([name, amount]) => oneAmountFaults(name, amount, `${path}.limits[${name}]`)),
    ...entries(requests).flatMap(([name, amount]) => [
      ...oneAmountFaults(name, amount, `${path}.requests[${name}]`),
      ...requestFaults(name, amount, limits, path),
    ]),
    ...hugePagesFaults(limits, requests, path),
    ...claimFaults(claims, rules.claims ?? new Set(), `${path}.claims`),
  ];
}

function oneAmountFaults(name: string, amount: string, path: string): Fault[] {
  return [
    ...containerResourceNameFaults(name, path),
    ...amountFaults(name, amount, path),
    ...(isHugePagesName(name) ? hugePageSizeFaults(name, amount, path) : []),
  ];
}

/** What of a resource is asked for at least, measured against its limit. */
function requestFaults(name: string, amount: string, limits: Amounts, path: string): Fault[] {
  const limit = limits?.[name];
  const at = `${path}.requests`;
  if (limit === undefined) {
    return isOvercommitAllowed(name)
      ? []
      : [required(`${path}.limits`, 'Limit must be set for non overcommitable resources')];
  }
  const order = compareQuantity(amount, limit);
  const text = canonicalQuantity(amount);
  if (order !== 0 && !isOvercommitAllowed(name))
    return [invalid(at, text, `must be equal to ${name} limit of ${canonicalQuantity(limit)}`)];
  return order > 0
    ? [invalid(at, text, `must be less than or equal to ${name} limit of ${canonicalQuantity(limit)}`)]
    : [];
}

function hugePageSizeFaults(name: string, amount: string, path: string): Fault[] {
  const unit = pageSize(name.slice('hugepages-'.length));
  if (unit !== undefined && unit > 0 && wholeValue(amount) % unit === 0) return [];
  const text = canonicalQuantity(amount);
  return [invalid(path, text, `${text} is not positive integer multiple of ${name}`)];
}

function pageSize(text: string): number | undefined {
  try {
    return wholeValue(text);
  } catch {
    // The name holds no page size, so nothing can be a multiple of it.
    return undefined;
  }
}

function hugePagesFaults(limits: Amounts, requests: Amounts, path: string): Fault[] {
  const names = new Set([...Object.keys(limits ?? {}), ...Object.keys(requests ?? {})]);
  if (![...names].some(isHugePagesName) || names.has('cpu') || names.has('memory')) return [];
  return [forbidden(path, 'HugePages require cpu or memory')];
}

function claimFaults(claims: Loose<ResourceRequirements>['claims'], known: ReadonlySet<string>, path: string): Fault[] {
  const seen = new Set<string>();
  return (claims ?? []).flatMap(({ name = '', request = '' }, index) => {
    const at = `${path}[${index}]`;
    if (name === '') return [required(at)];
    const key = request === '' ? name : `${name}/${request}`;
    const again = [name, key].find((each) => seen.has(each)) ?? (request === '' ? partOf(name, seen) : undefined);
    seen.add(key);
    return [
      ...(request === '' ? [] : dnsLabelFaults(`${at}.request`, request)),
      ...(again === undefined ? [] : [duplicate(at, again)]),
      ...(known.has(name) ? [] : [unknownClaim(at, name, known)]),
    ];
  });
}

/** The whole claim is asked for after one of its requests was. */
function partOf(name: string, seen: ReadonlySet<string>): string | undefined {
  return [...seen].some((each) => each.startsWith(`${name}/`)) ? name : undefined;
}

function unknownClaim(path: string, name: string, known: ReadonlySet<string>): Fault {
  const names = known.size === 0 ? ' which is empty' : `: ${[...known].toSorted().join(', ')}`;
  const fault = notFound(path, name);
  return { ...fault, body: `${fault.body}: must be one of the names in pod.spec.resourceClaims${names}` };
}

export function entries(amounts: Amounts): (readonly [string, string])[] {
  return Object.entries(amounts ?? {}).flatMap(([name, amount]) =>
    amount === undefined ? [] : [[name, amount] as const],
  );
}

const podLevelNames = ['cpu', 'memory'];

/** Resources of the whole pod. */
export function podResourceFaults(resources: Loose<ResourceRequirements> | undefined, path: string): Fault[] {
  if (resources === undefined) return [];
  const { limits, requests, claims } = resources;
  const nameFaults = (name: string, at: string): Fault[] => {
    const faults = resourceNameFaults(name, at);
    if (faults.length > 0 || podLevelNames.includes(name) || isHugePagesName(name)) return faults;
    return [notSupported(at, name, podLevelNames)];
  };
  return [
    ...(claims === undefined ? [] : [forbidden(`${path}.claims`, 'claims cannot be set for Resources at pod-level')]),
    ...entries(limits).flatMap(([name, amount]) => [
      ...nameFaults(name, `${path}.limits[${name}]`),
      ...amountFaults(name, amount, `${path}.limits[${name}]`),
    ]),
    ...entries(requests).flatMap(([name, amount]) => [
      ...nameFaults(name, `${path}.requests[${name}]`),
      ...amountFaults(name, amount, `${path}.requests[${name}]`),
      ...requestFaults(name, amount, limits, path),
    ]),
  ];
}

export function isPositive(amount: string): boolean {
  return !isNegative(amount) && !isZero(amount);
}
