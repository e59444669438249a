/** The value rules of custom resources' schemas: types, bounds, patterns, formats and combined schemas. */
import {
  forbiddenMatch,
  missing,
  noMatch,
  noneOfAny,
  notAll,
  notExactlyOne,
  notInEnum,
  notMultiple,
  notUnique,
  outOfRange,
  textTooLong,
  textTooShort,
  tooFewItems,
  tooFewProperties,
  tooLarge,
  tooManyItems,
  tooSmall,
  wrongType,
} from './custom-texts.ts';
import type { Fault } from './fault.ts';
import { fitsFormat } from './formats.ts';
import { deepEqual, isRecord } from './freeze.ts';
import { compilePattern } from './patterns.ts';
import type { Rules, SchemaRule } from './schema.ts';

export function childPath(path: string, name: string): string {
  return path === '' ? name : `${path}.${name}`;
}

/** What the JSON value is called, and which schema types it fits. */
function typeOf(value: unknown): string {
  if (value === null || value === undefined) return 'null';
  if (Array.isArray(value)) return 'array';
  if (typeof value === 'number') return Number.isInteger(value) ? 'integer' : 'number';
  return typeof value;
}

/** False when nothing more can be said about the value. */
export function checkType(
  wanted: string,
  rules: Rules | undefined,
  value: unknown,
  path: string,
  faults: Fault[],
): boolean {
  const found = typeOf(value);
  if (found === 'null' && rules?.nullable === true) return false;
  const types = wanted.split(',');
  if (types.includes(found) || (found === 'integer' && wanted === 'number')) return true;
  const { format } = rules ?? {};
  const named = format !== undefined && found !== 'null' && found !== 'string' && found !== 'array';
  faults.push(named ? wrongType(path, format, goFormat(found)) : wrongType(path, wanted, found));
  return false;
}

/** Upstream names a number's own format where the schema has one. */
function goFormat(found: string): string {
  if (found === 'integer') return 'int64';
  return found === 'number' ? 'double' : '';
}

export function checkRules(rules: Rules, value: unknown, path: string, faults: Fault[]): void {
  checkCombined(rules, value, path, faults);
  if (typeof value === 'string') checkText(rules, value, path, faults);
  else if (typeof value === 'number') checkNumber(rules, value, path, faults);
  else if (Array.isArray(value)) checkLength(rules, value, path, faults);
  if (rules.enum !== undefined && !rules.enum.some((each) => deepEqual(each, value))) {
    faults.push(notInEnum(path, value, rules.enum));
  }
  if (isRecord(value)) checkSize(rules, Object.keys(value).length, path, faults);
}

function checkText(rules: Rules, value: string, path: string, faults: Fault[]): void {
  const { maxLength, minLength, pattern, format } = rules;
  const length = maxLength === undefined && minLength === undefined ? 0 : codePoints(value);
  if (maxLength !== undefined && length > maxLength) faults.push(textTooLong(path, maxLength));
  if (minLength !== undefined && length < minLength) faults.push(textTooShort(path, value, minLength));
  if (pattern !== undefined && compilePattern(pattern)?.test(value) === false) {
    faults.push(noMatch(path, value, pattern));
  }
  if (format !== undefined && !fitsFormat(format, value)) faults.push(wrongType(path, format, value));
}

function codePoints(text: string): number {
  let count = 0;
  for (const _ of text) count += 1;
  return count;
}

function checkNumber(rules: Rules, value: number, path: string, faults: Fault[]): void {
  const { multipleOf, format } = rules;
  if (multipleOf !== undefined && !isMultiple(value, multipleOf)) faults.push(notMultiple(path, value, multipleOf));
  checkBounds(rules, value, path, faults);
  if (format === 'int32' && (value | 0) !== value) faults.push(outOfRange(path, format));
}

function checkBounds(rules: Rules, value: number, path: string, faults: Fault[]): void {
  const { maximum = Infinity, minimum = -Infinity, exclusiveMaximum = false, exclusiveMinimum = false } = rules;
  if (value > maximum || (exclusiveMaximum && value === maximum)) {
    faults.push(tooLarge(path, value, maximum, exclusiveMaximum));
  }
  if (value < minimum || (exclusiveMinimum && value === minimum)) {
    faults.push(tooSmall(path, value, minimum, exclusiveMinimum));
  }
}

function isMultiple(value: number, factor: number): boolean {
  const ratio = value / factor;
  return Math.abs(ratio - Math.round(ratio)) < 1e-9 * Math.max(1, Math.abs(ratio));
}

function checkLength(rules: Rules, value: readonly unknown[], path: string, faults: Fault[]): void {
  const { minItems, maxItems } = rules;
  if (minItems !== undefined && value.length < minItems) faults.push(tooFewItems(path, value.length, minItems));
  if (maxItems !== undefined && value.length > maxItems) faults.push(tooManyItems(path, value.length, maxItems));
  if (rules.uniqueItems === true && repeated(value).length > 0) faults.push(notUnique(path));
}

function checkSize(rules: Rules, size: number, path: string, faults: Fault[]): void {
  const { minProperties, maxProperties } = rules;
  if (minProperties !== undefined && size < minProperties) faults.push(tooFewProperties(path, size, minProperties));
  if (maxProperties !== undefined && size > maxProperties) faults.push(tooManyItems(path, size, maxProperties));
}

function checkCombined(rules: Rules, value: unknown, path: string, faults: Fault[]): void {
  const tryAll = (branches: readonly SchemaRule[]): readonly (readonly Fault[])[] =>
    branches.map((branch) => branchFaults(branch, value, path));
  if (rules.anyOf !== undefined) {
    const results = tryAll(rules.anyOf);
    if (!results.some((each) => each.length === 0)) faults.push(noneOfAny(path), ...fewest(results));
  }
  if (rules.oneOf !== undefined) {
    const results = tryAll(rules.oneOf);
    const valid = results.filter((each) => each.length === 0).length;
    if (valid !== 1) faults.push(notExactlyOne(path, valid), ...(valid === 0 ? fewest(results) : []));
  }
  if (rules.allOf !== undefined) {
    const results = tryAll(rules.allOf);
    const valid = results.filter((each) => each.length === 0).length;
    if (valid !== results.length) faults.push(...results.flat(), notAll(path, valid));
  }
  if (rules.not !== undefined && branchFaults(rules.not, value, path).length === 0) faults.push(forbiddenMatch(path));
}

/** Upstream shows the branch that fits best. */
function fewest(results: readonly (readonly Fault[])[]): readonly Fault[] {
  return results.reduce<readonly Fault[]>(
    (best, each) => (best.length === 0 || each.length < best.length ? each : best),
    [],
  );
}

function branchFaults(rule: SchemaRule, value: unknown, path: string): readonly Fault[] {
  const faults: Fault[] = [];
  checkBranch(rule, value, path, faults);
  return faults;
}

function checkBranch(rule: SchemaRule, value: unknown, path: string, faults: Fault[]): void {
  if (rule.type !== undefined && !checkType(rule.type, rule, value, path, faults)) return;
  if (value === null || value === undefined) return;
  checkRules(rule, value, path, faults);
  const { items } = rule;
  if (Array.isArray(value) && items !== undefined) {
    value.forEach((item: unknown, index) => checkBranch(items, item, `${path}[${index}]`, faults));
  }
  if (isRecord(value)) checkProperties(rule, value, path, faults);
}

function checkProperties(rule: SchemaRule, value: Record<string, unknown>, path: string, faults: Fault[]): void {
  const { properties = {}, additionalProperties, required = [] } = rule;
  for (const [key, inner] of Object.entries(value)) {
    const property = Object.hasOwn(properties, key) ? properties[key] : additionalProperties;
    if (property !== undefined) checkBranch(property, inner, childPath(path, key), faults);
  }
  for (const name of required) if (!Object.hasOwn(value, name)) faults.push(missing(`${path}.${name}`));
}

/** The positions at which a value occurs for the second time. */
export function repeated(values: readonly unknown[]): readonly number[] {
  const counts = new Map<string, number>();
  const positions: number[] = [];
  values.forEach((value, index) => {
    const key = JSON.stringify(value);
    const count = (counts.get(key) ?? 0) + 1;
    counts.set(key, count);
    if (count === 2) positions.push(index);
  });
  return positions;
}
