/**
 * A custom resource against its schema: types, required fields, value rules, combined schemas, and duplicates
 * in lists that are sets or maps. CEL rules (x-kubernetes-validations) are evaluated elsewhere.
 */
import { checkRules, checkType, childPath, repeated } from './custom-rules.ts';
import { missing } from './custom-texts.ts';
import { duplicate, invalid, type Fault } from './fault.ts';
import { isRecord } from './freeze.ts';
import { resolve, type ListSchema, type MapSchema, type Schema, type StructSchema } from './schema.ts';

/** Metadata is validated as that of all objects is, and left out here. */
export function validateCustom(schema: StructSchema, object: Readonly<Record<string, unknown>>): readonly Fault[] {
  const faults: Fault[] = [];
  checkValue(schema, object, '', faults);
  checkLists(schema, object, '', faults);
  return faults;
}

const wantedTypes: Readonly<Partial<Record<Schema['type'], string>>> = {
  struct: 'object',
  map: 'object',
  list: 'array',
  string: 'string',
  integer: 'integer',
  number: 'number',
  boolean: 'boolean',
  intOrString: 'integer,string',
};

function isMetadata(schema: Schema): boolean {
  return schema.type === 'struct' && schema.name.endsWith('.ObjectMeta');
}

function checkValue(target: Schema, value: unknown, path: string, faults: Fault[]): void {
  const schema = resolve(target);
  if (isMetadata(schema)) return;
  const { rules } = schema;
  const wanted = wantedTypes[schema.type];
  if (wanted !== undefined && !checkType(wanted, rules, value, path, faults)) return;
  if (value === null || value === undefined) return;
  if (rules !== undefined) checkRules(rules, value, path, faults);
  checkContent(schema, value, path, faults);
}

function checkContent(schema: Schema, value: unknown, path: string, faults: Fault[]): void {
  if (schema.type === 'list' && Array.isArray(value)) {
    value.forEach((item: unknown, index) => checkValue(schema.items, item, `${path}[${index}]`, faults));
  } else if (schema.type === 'struct' && isRecord(value)) {
    checkStruct(schema, value, path, faults);
  } else if (schema.type === 'map' && isRecord(value)) {
    for (const [key, inner] of Object.entries(value)) checkValue(schema.values, inner, `${path}.${key}`, faults);
  }
}

function checkStruct(schema: StructSchema, value: Record<string, unknown>, path: string, faults: Fault[]): void {
  for (const [name, spec] of Object.entries(schema.fields)) {
    if (Object.hasOwn(value, name)) checkValue(spec.schema, value[name], childPath(path, name), faults);
  }
  const { additional } = schema;
  if (additional !== undefined) {
    for (const [key, inner] of Object.entries(value)) {
      if (!Object.hasOwn(schema.fields, key)) checkValue(additional, inner, `${path}.${key}`, faults);
    }
  }
  for (const [name, spec] of Object.entries(schema.fields)) {
    if (spec.required && !Object.hasOwn(value, name)) faults.push(missing(`${path}.${name}`));
  }
  for (const name of schema.requiredKeys ?? []) {
    if (!Object.hasOwn(value, name)) faults.push(missing(`${path}.${name}`));
  }
}

/** Items of sets, and keys of list maps, must be distinct. */
function checkLists(target: Schema, value: unknown, path: string, faults: Fault[]): void {
  const schema = resolve(target);
  if (schema.type === 'list' && Array.isArray(value)) {
    checkDistinct(schema, value, path, faults);
    value.forEach((item: unknown, index) => checkLists(schema.items, item, `${path}[${index}]`, faults));
  } else if ((schema.type === 'struct' || schema.type === 'map') && isRecord(value) && !isMetadata(schema)) {
    for (const [key, inner] of Object.entries(value)) {
      const field = fieldOf(schema, key);
      if (field !== undefined)
        checkLists(field.schema, inner, field.listed ? childPath(path, key) : `${path}[${key}]`, faults);
    }
  }
}

/** The schema below a key, and whether the schema lists the key itself. */
function fieldOf(
  holder: StructSchema | MapSchema,
  key: string,
): { readonly schema: Schema; readonly listed: boolean } | undefined {
  if (holder.type === 'map') return { schema: holder.values, listed: false };
  const spec = Object.hasOwn(holder.fields, key) ? holder.fields[key] : undefined;
  if (spec !== undefined) return { schema: spec.schema, listed: true };
  return holder.additional === undefined ? undefined : { schema: holder.additional, listed: false };
}

function checkDistinct(schema: ListSchema, value: readonly unknown[], path: string, faults: Fault[]): void {
  if (schema.listType === 'atomic') return;
  if (schema.listType === 'set') {
    faults.push(...repeated(value).map((index) => duplicate(`${path}[${index}]`, value[index])));
    return;
  }
  const misfit = value.findIndex((item) => item !== null && !isRecord(item));
  if (misfit >= 0) {
    faults.push(invalid(`${path}[${misfit}]`, value[misfit], 'must be an object for an array of list-type map'));
    return;
  }
  const names = schema.mapKeys ?? [];
  const keys = value.map((item) =>
    Object.fromEntries(
      names.flatMap((name) => (isRecord(item) && Object.hasOwn(item, name) ? [[name, item[name]]] : [])),
    ),
  );
  faults.push(...repeated(keys).map((index) => duplicate(`${path}[${index}]`, keys[index])));
}
