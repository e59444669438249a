/**
 * The rules that built-in kinds carry in their schema: required, enums, bounds, patterns, immutable fields.
 * Rules between fields are the kinds' own; custom resources are validated by validate-custom.ts.
 */
import { invalid, notSupported, required, tooLong, tooMany, type Fault } from './fault.ts';
import { deepEqual, isRecord } from './freeze.ts';
import { resolve, type FieldSpec, type Rules, type Schema, type StructSchema } from './schema.ts';

type Path = (string | number)[];
type Check = (value: unknown, path: Path, faults: Fault[]) => void;

/** Undefined: nothing below has rules. */
const checks = new WeakMap<Schema, Check | undefined>();

/** Leaves out the object's status, whose rules apply to what controllers write and not to users' requests. */
export function validateObject(schema: StructSchema, object: object): readonly Fault[] {
  const faults: Fault[] = [];
  for (const [name, spec] of Object.entries(schema.fields)) {
    if (name !== 'status') fieldCheck(name, spec)?.(object, [], faults);
  }
  return faults;
}

/** Fields marked immutable that an update changes. */
export function validateObjectUpdate(schema: StructSchema, object: object, old: object): readonly Fault[] {
  const faults: Fault[] = [];
  findChanges(schema, object, old, '', faults);
  return faults;
}

/**
 * What the schema found together with what the kind's own validator found. The kind's word on a field stands
 * alone, since it is the more exact one, and nothing is said twice.
 */
export function combineFaults(fromSchema: readonly Fault[], fromKind: readonly Fault[]): readonly Fault[] {
  const settled = new Set(fromKind.map(({ path }) => path));
  return [...fromSchema.filter(({ path }) => !settled.has(path)), ...fromKind];
}

function findChanges(schema: StructSchema, object: unknown, old: unknown, path: string, faults: Fault[]): void {
  if (!hasImmutable(schema)) return;
  const [after, before] = [isRecord(object) ? object : {}, isRecord(old) ? old : {}];
  for (const [name, spec] of Object.entries(schema.fields)) {
    const at = path === '' ? name : `${path}.${name}`;
    const inner = resolve(spec.schema);
    if (spec.immutable && !deepEqual(after[name], before[name])) {
      faults.push(invalid(at, after[name], 'field is immutable'));
    } else if (inner.type === 'struct') {
      findChanges(inner, after[name], before[name], at, faults);
    }
  }
}

const immutables = new WeakMap<StructSchema, boolean>();

function hasImmutable(schema: StructSchema): boolean {
  const known = immutables.get(schema);
  if (known !== undefined) return known;
  immutables.set(schema, false);
  const found = Object.values(schema.fields).some((spec) => {
    const inner = resolve(spec.schema);
    return spec.immutable || (inner.type === 'struct' && hasImmutable(inner));
  });
  immutables.set(schema, found);
  return found;
}

/** Checks one field of the struct it is given. */
function fieldCheck(name: string, spec: FieldSpec): Check | undefined {
  const check = checkOf(spec.schema);
  const needed = spec.required ? neededCheck(spec) : undefined;
  if (check === undefined && needed === undefined) return undefined;
  return (holder, path, faults) => {
    const value = (holder as Record<string, unknown>)[name];
    path.push(name);
    if (needed?.(value) === true) faults.push(required(formatFaultPath(path)));
    else if (value !== undefined && value !== null) check?.(value, path, faults);
    path.pop();
  };
}

/** Go can't tell a missing number, list or struct from an empty one; texts and pointers must be there. */
function neededCheck(spec: FieldSpec): ((value: unknown) => boolean) | undefined {
  if (spec.pointer === true) return (value) => value === undefined;
  const { type } = resolve(spec.schema);
  return type === 'string' ? (value) => value === undefined || value === '' : undefined;
}

function checkOf(target: Schema): Check | undefined {
  if (target.type === 'lazy') return (value, path, faults) => checkOf(resolve(target))?.(value, path, faults);
  if (checks.has(target)) return checks.get(target);
  const inner = innerCheck(target);
  const rules = target.rules;
  const check: Check | undefined =
    rules === undefined
      ? inner
      : (value, path, faults) => {
          checkRules(rules, value, path, faults);
          inner?.(value, path, faults);
        };
  checks.set(target, check);
  return check;
}

function innerCheck(schema: Exclude<Schema, { type: 'lazy' }>): Check | undefined {
  if (schema.type === 'struct') {
    const fields = Object.entries(schema.fields).flatMap(([name, spec]) => fieldCheck(name, spec) ?? []);
    if (fields.length === 0) return undefined;
    return (value, path, faults) => {
      if (isRecord(value)) for (const field of fields) field(value, path, faults);
    };
  }
  if (schema.type === 'list') return eachItem(checkOf(schema.items));
  if (schema.type === 'map') return eachEntry(checkOf(schema.values));
  return undefined;
}

function eachItem(check: Check | undefined): Check | undefined {
  return (
    check &&
    ((value, path, faults) => {
      if (!Array.isArray(value)) return;
      for (let index = 0; index < value.length; index += 1) {
        path.push(index);
        check(value[index], path, faults);
        path.pop();
      }
    })
  );
}

function eachEntry(check: Check | undefined): Check | undefined {
  return (
    check &&
    ((value, path, faults) => {
      if (!isRecord(value)) return;
      for (const key of Object.keys(value)) {
        path.push(`[${key}]`);
        check(value[key], path, faults);
        path.pop();
      }
    })
  );
}

function checkRules(rules: Rules, value: unknown, path: Path, faults: Fault[]): void {
  if (typeof value === 'string') checkText(rules, value, path, faults);
  else if (typeof value === 'number') checkNumber(rules, value, path, faults);
  else if (Array.isArray(value)) checkList(rules, value, path, faults);
}

function checkText(rules: Rules, value: string, path: Path, faults: Fault[]): void {
  if (value === '') return;
  if (rules.enum !== undefined && !rules.enum.includes(value)) {
    faults.push(notSupported(formatFaultPath(path), value, rules.enum.map(String)));
  }
  if (rules.maxLength !== undefined && value.length > rules.maxLength) {
    faults.push(tooLong(formatFaultPath(path), rules.maxLength));
  }
  if (rules.pattern !== undefined && !patternOf(rules.pattern).test(value)) {
    faults.push(invalid(formatFaultPath(path), value, `must match the regex ${rules.pattern}`));
  }
}

function checkNumber(rules: Rules, value: number, path: Path, faults: Fault[]): void {
  if (rules.minimum !== undefined && value < rules.minimum) {
    faults.push(invalid(formatFaultPath(path), value, `must be greater than or equal to ${rules.minimum}`));
  }
  if (rules.maximum !== undefined && value > rules.maximum) {
    faults.push(invalid(formatFaultPath(path), value, `must be less than or equal to ${rules.maximum}`));
  }
}

function checkList(rules: Rules, value: readonly unknown[], path: Path, faults: Fault[]): void {
  if (rules.maxItems !== undefined && value.length > rules.maxItems) {
    faults.push(tooMany(formatFaultPath(path), value.length, rules.maxItems));
  }
}

const patterns = new Map<string, RegExp>();

/** Patterns of built-in kinds are few and ours; of custom resources see patterns.ts. */
function patternOf(source: string): RegExp {
  const known = patterns.get(source);
  if (known !== undefined) return known;
  const expression = new RegExp(source, 'u');
  patterns.set(source, expression);
  return expression;
}

/** `spec.containers[0].env[1].name`, `metadata.labels[a/b]`. */
function formatFaultPath(path: Path): string {
  let text = '';
  for (const segment of path) {
    if (typeof segment === 'number') text += `[${segment}]`;
    else if (segment.startsWith('[') || text === '') text += segment;
    else text += `.${segment}`;
  }
  return text;
}
