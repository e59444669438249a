/** The sentences in which custom resources' faults are told, as clients know them. */
import { invalid, notSupported, required, tooLong, tooMany, typeInvalid, type Fault } from './fault.ts';

/** Upstream has no field for faults of combined schemas and says `<nil>`. */
const nowhere = '<nil>';

/** Paths start with a dot where upstream's do; the fault's own path never does. */
function at(path: string): string {
  return path.startsWith('.') ? path.slice(1) : path;
}

function inBody(path: string, value: unknown, rule: string): Fault {
  return invalid(at(path), value, `${path} in body ${rule}`);
}

export function wrongType(path: string, wanted: string, found: string): Fault {
  return typeInvalid(at(path), found, `${path} in body must be of type ${wanted}: ${JSON.stringify(found)}`);
}

export function missing(path: string): Fault {
  return required(at(path));
}

export function notInEnum(path: string, value: unknown, allowed: readonly unknown[]): Fault {
  return notSupported(
    at(path),
    value,
    allowed.map((each) => (typeof each === 'string' ? each : JSON.stringify(each))),
  );
}

export function textTooLong(path: string, maximum: number): Fault {
  return tooLong(at(path), maximum);
}

export function textTooShort(path: string, value: string, minimum: number): Fault {
  return inBody(path, value, `should be at least ${minimum} chars long`);
}

export function noMatch(path: string, value: string, pattern: string): Fault {
  return inBody(path, value, `should match '${pattern}'`);
}

export function tooLarge(path: string, value: number, limit: number, exclusive: boolean): Fault {
  return inBody(path, value, `should be less than ${exclusive ? '' : 'or equal to '}${formatNumber(limit, value)}`);
}

export function tooSmall(path: string, value: number, limit: number, exclusive: boolean): Fault {
  return inBody(path, value, `should be greater than ${exclusive ? '' : 'or equal to '}${formatNumber(limit, value)}`);
}

export function notMultiple(path: string, value: number, factor: number): Fault {
  return inBody(path, value, `should be a multiple of ${formatNumber(factor, value)}`);
}

export function outOfRange(path: string, format: string): Fault {
  return invalid(nowhere, '', `Checked value must be of type integer with format ${format} in ${path}`);
}

export function tooManyItems(path: string, count: number, maximum: number): Fault {
  return tooMany(at(path), count, maximum);
}

export function tooFewItems(path: string, count: number, minimum: number): Fault {
  return inBody(path, count, `should have at least ${minimum} items`);
}

export function notUnique(path: string): Fault {
  return inBody(path, '', "shouldn't contain duplicates");
}

export function tooFewProperties(path: string, count: number, minimum: number): Fault {
  return inBody(path, count, `should have at least ${minimum} properties`);
}

export function noneOfAny(path: string): Fault {
  return invalid(nowhere, '', `${JSON.stringify(path)} must validate at least one schema (anyOf)`);
}

export function notExactlyOne(path: string, valid: number): Fault {
  const found = valid === 0 ? 'Found none valid' : `Found ${valid} valid alternatives`;
  return invalid(nowhere, '', `${JSON.stringify(path)} must validate one and only one schema (oneOf). ${found}`);
}

export function notAll(path: string, valid: number): Fault {
  const none = valid === 0 ? '. None validated' : '';
  return invalid(nowhere, '', `${JSON.stringify(path)} must validate all the schemas (allOf)${none}`);
}

export function forbiddenMatch(path: string): Fault {
  return invalid(nowhere, '', `${JSON.stringify(path)} must not validate the schema (not)`);
}

/** Whole numbers are compared as such; others are written as Go writes floats. */
function formatNumber(limit: number, value: number): string {
  if (Number.isInteger(value)) return String(Math.trunc(limit));
  const exponent = limit === 0 ? 0 : Math.floor(Math.log10(Math.abs(limit)));
  if (exponent >= -4 && exponent < 21) return String(limit);
  return limit.toExponential().replace(/e([-+])(\d)$/, 'e$10$2');
}
