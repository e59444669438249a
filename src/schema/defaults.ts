/**
 * Fills in defaults: first a struct's constant ones, then its `defaults` function, then those of what it holds.
 * Changes the draft. A zero value takes the default too unless the field tells zero from absent (`pointer`).
 */
import { deepClone, isRecord } from './freeze.ts';
import { resolve, type FieldSpec, type Schema, type StructSchema } from './schema.ts';

type Fill = (value: unknown) => void;

interface Plan {
  readonly constants: readonly Constant[];
  /** Fields that hold something to default. */
  readonly nested: readonly { readonly name: string; readonly fill: Fill }[];
}

interface Constant {
  readonly name: string;
  readonly value: unknown;
  /** Whether the value must be copied for each draft. */
  readonly shared: boolean;
  readonly pointer: boolean;
}

const plans = new WeakMap<StructSchema, Plan>();
/** Undefined: nothing below needs defaults. */
const fills = new WeakMap<Schema, Fill | undefined>();

export function applyDefaults(schema: StructSchema, draft: Record<string, unknown>): void {
  fillStruct(schema, draft);
}

function fillStruct(schema: StructSchema, draft: Record<string, unknown>): void {
  const plan = planOf(schema);
  for (const constant of plan.constants) {
    if (isUnset(draft[constant.name], constant.pointer)) {
      draft[constant.name] = constant.shared ? deepClone(constant.value) : constant.value;
    }
  }
  schema.defaults?.(draft);
  for (const { name, fill } of plan.nested) {
    const value = draft[name];
    if (value !== undefined) fill(value);
  }
}

function isUnset(value: unknown, pointer: boolean): boolean {
  if (value === undefined) return true;
  return !pointer && (value === '' || value === 0);
}

function planOf(schema: StructSchema): Plan {
  const known = plans.get(schema);
  if (known !== undefined) return known;
  const fields = Object.entries(schema.fields);
  const plan: Plan = {
    constants: fields.flatMap(([name, spec]) => constantOf(name, spec)),
    nested: fields.flatMap(([name, spec]) => {
      const fill = fillOf(spec.schema);
      return fill === undefined ? [] : [{ name, fill }];
    }),
  };
  plans.set(schema, plan);
  return plan;
}

function constantOf(name: string, spec: FieldSpec): readonly Constant[] {
  if (spec.default === undefined) return [];
  const shared = typeof spec.default === 'object' && spec.default !== null;
  // Custom resources have no Go types: there, zero is a value like any other.
  return [{ name, value: spec.default, shared, pointer: spec.pointer === true || spec.number === undefined }];
}

function fillOf(target: Schema): Fill | undefined {
  if (target.type === 'lazy') return (value) => fillOf(resolve(target))?.(value);
  if (fills.has(target)) return fills.get(target);
  const fill = makeFill(target);
  fills.set(target, fill);
  return fill;
}

function makeFill(schema: Exclude<Schema, { type: 'lazy' }>): Fill | undefined {
  if (schema.type === 'struct') return structFill(schema);
  if (schema.type === 'list') {
    const fill = fillOf(schema.items);
    return fill && ((value) => (Array.isArray(value) ? value.forEach(fill) : undefined));
  }
  if (schema.type === 'map') {
    const fill = fillOf(schema.values);
    return fill && ((value) => (isRecord(value) ? Object.values(value).forEach(fill) : undefined));
  }
  return undefined;
}

function structFill(schema: StructSchema): Fill | undefined {
  const additional = schema.additional === undefined ? undefined : fillOf(schema.additional);
  const plan = planOf(schema);
  const idle = plan.constants.length === 0 && plan.nested.length === 0 && schema.defaults === undefined;
  if (idle && additional === undefined) return undefined;
  return (value) => {
    if (!isRecord(value)) return;
    fillStruct(schema, value);
    if (additional === undefined) return;
    for (const [key, inner] of Object.entries(value)) if (!Object.hasOwn(schema.fields, key)) additional(inner);
  };
}
