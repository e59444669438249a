/** Small checks that many kinds share, each with the text that Kubernetes' clients know. */
import { forbidden, invalid, required, type Fault } from '../../schema/fault.ts';
import {
  checkDns1123Label,
  checkDns1123Subdomain,
  checkPortName,
  checkPortNumber,
  checkQualifiedName,
  type Complaints,
} from '../../schema/names.ts';
import { sameMeaning } from './equal.ts';

export const immutableText = 'field is immutable';
export const negativeText = 'must be greater than or equal to 0';

/** One fault per complaint that a rule of schema/names.ts has about a value. */
export function complaintFaults(path: string, value: unknown, complaints: Complaints): Fault[] {
  return complaints.map((text) => invalid(path, value, text));
}

export const labelNameFaults = (path: string, value: string): Fault[] =>
  complaintFaults(path, value, checkQualifiedName(value));
export const dnsLabelFaults = (path: string, value: string): Fault[] =>
  complaintFaults(path, value, checkDns1123Label(value));
export const subdomainFaults = (path: string, value: string): Fault[] =>
  complaintFaults(path, value, checkDns1123Subdomain(value));

/** Nothing when the field is absent or empty, else what the rule says. */
export function ifSet(value: string | undefined, check: (value: string) => Fault[]): Fault[] {
  return value === undefined || value === '' ? [] : check(value);
}

export function nonNegativeFaults(path: string, value: number | undefined): Fault[] {
  return value !== undefined && value < 0 ? [invalid(path, value, negativeText)] : [];
}

export function immutableFaults(path: string, value: unknown, old: unknown): Fault[] {
  return sameMeaning(value, old) ? [] : [invalid(path, value, immutableText)];
}

/** A port by number or by name. An absent one counts as 0. */
export function portFaults(path: string, port: number | string | undefined): Fault[] {
  const complaints = typeof port === 'string' ? checkPortName(port) : checkPortNumber(port ?? 0);
  return complaintFaults(path, port ?? 0, complaints);
}

/** For unions: at most one of the fields that are set, with upstream's words about a further one. */
export function oneOfFaults(
  path: string,
  source: Readonly<Record<string, unknown>>,
  fields: readonly string[],
  texts: { readonly tooMany: string; readonly none: string },
): Fault[] {
  const [first, ...others] = fields.filter((name) => source[name] !== undefined);
  if (first === undefined) return [required(path, texts.none)];
  return others.map((name) => forbidden(`${path}.${name}`, texts.tooMany));
}

/** A relative path that stays below where it starts. */
export function localPathFaults(path: string, value: string): Fault[] {
  return [
    ...(value.startsWith('/') ? [invalid(path, value, 'must be a relative path')] : []),
    ...backstepFaults(path, value),
  ];
}

export function backstepFaults(path: string, value: string): Fault[] {
  return value.split('/').includes('..') ? [invalid(path, value, "must not contain '..'")] : [];
}

/** A local path that the kubelet does not keep for itself. */
export function unreservedPathFaults(path: string, value: string): Fault[] {
  const faults = localPathFaults(path, value);
  if (value.startsWith('..') && !value.startsWith('../')) {
    return [...faults, invalid(path, value, "must not start with '..'")];
  }
  return faults;
}

/** File permission bits. */
export function modeFaults(path: string, mode: number | undefined): Fault[] {
  if (mode === undefined || (mode >= 0 && mode <= 0o777)) return [];
  return [invalid(path, mode, 'must be a number between 0 and 0777 (octal), both inclusive')];
}
