/** LimitRanges: names of resources, and amounts that fit together. */
import { duplicate, forbidden, invalid, required, type Fault } from '../../schema/fault.ts';
import { approximateValue, canonicalQuantity, compareQuantity } from '../../schema/quantity.ts';
import { checkQualifiedName } from '../../schema/names.ts';
import { complaintFaults } from '../rules/faults.ts';
import type { Loose } from '../rules/loose.ts';
import type { LimitRangeItem } from './limit-range.ts';
import { containerResourceNameFaults, entries, isOvercommitAllowed, resourceNameFaults } from './validate-resources.ts';

const types: ReadonlySet<string> = new Set(['Pod', 'Container', 'PersistentVolumeClaim']);
const forPods = ['default', 'defaultRequest'] as const;

export function limitRangeFaults(limits: readonly Loose<LimitRangeItem>[] | undefined): Fault[] {
  const seen = new Set<string>();
  return (limits ?? []).flatMap((limit, index) => {
    const path = `spec.limits[${index}]`;
    const type = limit.type ?? '';
    const again = seen.has(type);
    seen.add(type);
    return [
      ...typeFaults(type, `${path}.type`),
      ...(again ? [duplicate(`${path}.type`, type)] : []),
      ...nameFaults(limit, type, path),
      ...storageFaults(limit, type, path),
      ...namesOf(limit).flatMap((name) => amountsFaults(limit, name, path)),
    ];
  });
}

function typeFaults(type: string, path: string): Fault[] {
  const faults = complaintFaults(path, type, checkQualifiedName(type));
  if (faults.length > 0 || type.includes('/') || types.has(type)) return faults;
  return [invalid(path, type, 'must be a standard limit type or fully qualified')];
}

function nameFaults(limit: Loose<LimitRangeItem>, type: string, path: string): Fault[] {
  const check = type === 'Pod' || type === 'Container' ? containerResourceNameFaults : resourceNameFaults;
  const fields = ['max', 'min', 'default', 'defaultRequest', 'maxLimitRequestRatio'] as const;
  return fields.flatMap((field) => {
    if (type === 'Pod' && forPods.some((each) => each === field)) {
      const given = Object.keys(limit[field] ?? {}).length > 0;
      return given ? [forbidden(`${path}.${field}`, "may not be specified when `type` is 'Pod'")] : [];
    }
    return entries(limit[field]).flatMap(([name]) => check(name, `${path}.${field}[${name}]`));
  });
}

function storageFaults({ min, max }: Loose<LimitRangeItem>, type: string, path: string): Fault[] {
  if (type !== 'PersistentVolumeClaim' || min?.['storage'] !== undefined || max?.['storage'] !== undefined) return [];
  return [required(`${path}.limits`, 'either minimum or maximum storage value is required, but neither was provided')];
}

function namesOf(limit: Loose<LimitRangeItem>): readonly string[] {
  const { min, max, maxLimitRequestRatio, defaultRequest } = limit;
  const all = [min, max, limit.default, defaultRequest, maxLimitRequestRatio];
  return [...new Set(all.flatMap((amounts) => Object.keys(amounts ?? {})))].toSorted();
}

/** Pairs of fields of which the first may not be above the second, with how upstream speaks of them. */
const orders = [
  ['min', 'max', 'min', 'min value', 'max value'],
  ['min', 'defaultRequest', 'defaultRequest', 'min value', 'default request value'],
  ['defaultRequest', 'max', 'defaultRequest', 'default request value', 'max value'],
  ['defaultRequest', 'default', 'defaultRequest', 'default request value', 'default limit value'],
  ['min', 'default', 'default', 'min value', 'default value'],
  ['default', 'max', 'default', 'default value', 'max value'],
] as const;

function amountsFaults(limit: Loose<LimitRangeItem>, name: string, path: string): Fault[] {
  const wrong = orders.flatMap(([low, high, field, lowText, highText]) => {
    const [less, more] = [limit[low]?.[name], limit[high]?.[name]];
    if (less === undefined || more === undefined || compareQuantity(less, more) <= 0) return [];
    const text = `${lowText} ${canonicalQuantity(less)} is greater than ${highText} ${canonicalQuantity(more)}`;
    const shown = field === 'default' ? (low === 'min' ? less : more) : (limit[field]?.[name] ?? less);
    return [invalid(`${path}.${field}[${name}]`, canonicalQuantity(shown), text)];
  });
  return [...wrong, ...ratioFaults(limit, name, path), ...equalFaults(limit, name, path)];
}

function ratioFaults({ min, max, maxLimitRequestRatio }: Loose<LimitRangeItem>, name: string, path: string): Fault[] {
  const ratio = maxLimitRequestRatio?.[name];
  if (ratio === undefined) return [];
  const at = `${path}.maxLimitRequestRatio[${name}]`;
  const shown = canonicalQuantity(ratio);
  const [low, high] = [min?.[name], max?.[name]];
  const limit = low === undefined || high === undefined ? Infinity : approximateValue(high) / approximateValue(low);
  return [
    ...(compareQuantity(ratio, '1') < 0 ? [invalid(at, shown, `ratio ${shown} is less than 1`)] : []),
    ...(approximateValue(ratio) > limit
      ? [invalid(at, shown, `ratio ${shown} is greater than max/min = ${limit.toFixed(6)}`)]
      : []),
  ];
}

/** Devices are not shared: what is asked for is what is had. */
function equalFaults(limit: Loose<LimitRangeItem>, name: string, path: string): Fault[] {
  const [most, least] = [limit.default?.[name], limit.defaultRequest?.[name]];
  if (isOvercommitAllowed(name) || most === undefined || least === undefined) return [];
  if (compareQuantity(most, least) === 0) return [];
  const [shown, asked] = [canonicalQuantity(most), canonicalQuantity(least)];
  const text = `default value ${shown} must equal to defaultRequest value ${asked} in ${name}`;
  return [invalid(`${path}.defaultRequest[${name}]`, asked, text)];
}
