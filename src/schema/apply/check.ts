/** Whether an applied configuration fits its schema, before anything is merged. */
import { quoteText } from '../fault.ts';
import { isRecord } from '../freeze.ts';
import { resolve, type ListSchema, type Schema } from '../schema.ts';
import { formatElement, type Element } from './field-set.ts';
import { itemElement, shapeOf, TypedError } from './shape.ts';

/** Throws TypedError with every complaint: `.spec.foo: field not declared in schema`. */
export function checkApplied(schema: Schema, value: unknown): void {
  const complaints: string[] = [];
  check(schema, value, '', complaints);
  if (complaints.length === 1) throw new TypedError(complaints[0]);
  if (complaints.length > 1) throw new TypedError(['errors:', ...complaints.map((each) => `  ${each}`)].join('\n'));
}

function check(target: Schema, value: unknown, path: string, complaints: string[]): void {
  if (value === null || value === undefined) return;
  const schema = resolve(target);
  const complaint = wrongType(schema, value);
  if (complaint !== undefined) complaints.push(`${path}: ${complaint}`);
  else if (schema.type === 'list') checkItems(schema, value as readonly unknown[], path, complaints);
  else if (schema.type === 'struct' || schema.type === 'map') checkFields(schema, value, path, complaints);
}

type TypeRule = readonly [fits: (value: unknown) => boolean, expected: string, shown: (value: unknown) => string];
const isText: TypeRule = [
  (value) => typeof value === 'string',
  'string',
  (value) => `&value.valueUnstructured{Value:${goSyntax(value)}}`,
];
const isNumeric: TypeRule = [(value) => typeof value === 'number', 'numeric (int or float)', goType];
const isMap: TypeRule = [isRecord, 'map', boxed];

/** Types that JSON writes in several ways are left to decoding. */
const typeRules: Readonly<Partial<Record<Schema['type'], TypeRule>>> = {
  struct: isMap,
  map: isMap,
  list: [Array.isArray, 'list', boxed],
  integer: isNumeric,
  number: isNumeric,
  boolean: [(value) => typeof value === 'boolean', 'boolean', boxed],
  string: isText,
  bytes: isText,
};

function wrongType(schema: Schema, value: unknown): string | undefined {
  const rule = typeRules[schema.type];
  if (rule === undefined) return undefined;
  const [fits, expected, shown] = rule;
  return fits(value) ? undefined : `expected ${expected}, got ${shown(value)}`;
}

/** Values as Go prints them, in upstream's box or out of it: %T, %#v and %v. */
function goType(value: unknown): string {
  if (Array.isArray(value)) return '[]interface {}';
  if (isRecord(value)) return 'map[string]interface {}';
  return typeof value === 'boolean' ? 'bool' : typeof value;
}

function goSyntax(value: unknown): string {
  if (Array.isArray(value)) return `[]interface {}{${value.map(goSyntax).join(', ')}}`;
  if (isRecord(value)) {
    const fields = Object.keys(value).toSorted();
    return `map[string]interface {}{${fields.map((key) => `${quoteText(key)}:${goSyntax(value[key])}`).join(', ')}}`;
  }
  if (value === null) return 'interface {}(nil)';
  return typeof value === 'string' ? quoteText(value) : JSON.stringify(value);
}

function boxed(value: unknown): string {
  return `&{${goText(value)}}`;
}

function goText(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(goText).join(' ')}]`;
  if (isRecord(value)) {
    const fields = Object.keys(value).toSorted();
    return `map[${fields.map((key) => `${key}:${goText(value[key])}`).join(' ')}]`;
  }
  if (value === null) return '<nil>';
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function checkFields(schema: Schema, value: object, path: string, complaints: string[]): void {
  const holder = resolve(schema);
  for (const [key, inner] of Object.entries(value)) {
    const at = `${path}.${key}`;
    const field = holder.type === 'map' ? holder.values : fieldOf(holder, key);
    if (field === undefined) complaints.push(`${at}: field not declared in schema`);
    else check(field, inner, at, complaints);
  }
}

function fieldOf(schema: Schema, key: string): Schema | undefined {
  if (schema.type !== 'struct') return undefined;
  if (Object.hasOwn(schema.fields, key)) return schema.fields[key]?.schema;
  return schema.additional ?? (schema.preserveUnknown === true ? anything : undefined);
}

const anything: Schema = { type: 'any', as: 'json' };

function checkItems(schema: ListSchema, value: readonly unknown[], path: string, complaints: string[]): void {
  const shape = shapeOf(schema, value);
  const seen = new Set<Element>();
  value.forEach((item, at) => {
    if (shape.kind !== 'items') return check(schema.items, item, `${path}[${at}]`, complaints);
    try {
      const element = itemElement(schema, item);
      if (seen.has(element)) complaints.push(`${path}: duplicate entries for key ${formatElement(element)}`);
      seen.add(element);
      check(schema.items, item, `${path}${formatElement(element)}`, complaints);
    } catch (error) {
      if (!(error instanceof TypedError)) throw error;
      complaints.push(`${path}: element ${at}: ${error.message}`);
    }
  });
}
