/**
 * How a version that Kubernetes no longer serves is described: by its stored kind and by what differs.
 * Retired kinds have no short names or categories, warn whoever uses them, and are converted both ways.
 */
import { Field, struct, type Fields, type Struct } from '../../schema/field.ts';
import type { StructSchema } from '../../schema/schema.ts';
import { defineKind, type Conversion, type Kind } from '../kind.ts';

export type Json = Readonly<Record<string, unknown>>;
type Convert = (object: Json) => Record<string, unknown>;

export interface Retirement {
  readonly group: string;
  readonly version: string;
  /** The OpenAPI package of its structs, such as `io.k8s.api.networking.v1beta1`. */
  readonly package: string;
  /** Minor releases of Kubernetes 1 in which it was deprecated and removed. */
  readonly deprecated: number;
  readonly removed: number;
  /** What the warning says to use: the stored version unless said otherwise, nothing when ''. */
  readonly instead?: string;
  /** Fields of the object that differ from the stored kind's. */
  readonly fields?: Fields;
  /** Defaults that this version has and the stored one has not. Changes the draft. */
  readonly defaults?: (draft: Record<string, unknown>) => void;
  readonly toStorage?: Convert;
  readonly fromStorage?: Convert;
  readonly columns?: Kind['columns'];
  readonly selectable?: Kind['selectable'];
}

export function retire(stored: Kind, retirement: Retirement): Kind {
  const { apiVersion: _version, kind: _kind, metadata: _metadata, ...own } = stored.fields;
  const { group, version, defaults, toStorage = copy, fromStorage = copy } = retirement;
  const { scope, kind, plural, singular, subresources, generation, doc, verbs, virtual } = stored;
  const selectable = retirement.selectable ?? stored.selectable;
  return defineKind<Fields>({
    group,
    version,
    package: retirement.package,
    scope,
    kind,
    plural,
    singular,
    subresources,
    generation,
    doc,
    columns: retirement.columns ?? stored.columns,
    ...(selectable === undefined ? {} : { selectable }),
    ...(verbs === undefined ? {} : { verbs }),
    ...(virtual === undefined ? {} : { virtual }),
    ...(defaults === undefined ? {} : { defaults }),
    fields: { ...own, ...retirement.fields },
    conversion: {
      storage: targetOf(stored),
      toStorage: throughTo(stored, toStorage),
      fromStorage: throughFrom(stored, fromStorage),
      warning: warningOf(stored, retirement),
    },
  });
}

function warningOf(stored: Kind, { group, version, deprecated, removed, instead }: Retirement): string {
  const use = instead ?? `${stored.apiVersion} ${stored.kind}`;
  return (
    `${group}/${version} ${stored.kind} is deprecated in v1.${deprecated}+, unavailable in v1.${removed}+` +
    (use === '' ? '' : `; use ${use}`)
  );
}

const copy: Convert = (object) => ({ ...object });

/** A stored kind may itself be converted (events.k8s.io is stored as core events): then conversions are chained. */
function targetOf(stored: Kind): Conversion['storage'] {
  const { group, version, kind } = stored;
  return stored.conversion?.storage ?? { group, version, kind };
}

function throughTo({ conversion }: Kind, convert: Convert): Convert {
  return conversion === undefined ? convert : (object) => conversion.toStorage(convert(object));
}

function throughFrom({ conversion }: Kind, convert: Convert): Convert {
  return conversion === undefined ? convert : (object) => convert(conversion.fromStorage({ ...object }));
}

export interface Variation {
  readonly fields?: Fields;
  readonly without?: readonly string[];
  /** Leave the struct's own defaults out (what it holds keeps its defaults). */
  readonly bare?: boolean;
}

/** A struct like another, under another name, with some fields added, replaced or taken out. */
export function vary(base: Struct, name: string, { fields = {}, without = [], bare = false }: Variation): Struct {
  const kept = Object.entries(base.fields).filter(([key]) => !without.includes(key));
  const all = Object.fromEntries(kept.map(([key, each]) => [key, bare ? withoutDefault(each) : each]));
  const { schema } = base;
  return struct(name, schema.doc, { ...all, ...fields }, optionsOf(schema, bare));
}

function optionsOf(schema: StructSchema, bare: boolean): Parameters<typeof struct>[3] {
  return {
    atomic: schema.structType === 'atomic',
    ...(bare || schema.defaults === undefined ? {} : { defaults: schema.defaults }),
  };
}

function withoutDefault(each: Field<unknown, boolean>): Field<unknown, boolean> {
  const { default: _default, ...spec } = each.spec;
  return new Field(spec);
}

/** The object with what `path` holds put through `change`; the same object when there is nothing. `*` is every item. */
export function changeAt(object: unknown, path: readonly string[], change: (value: unknown) => unknown): unknown {
  const [step, ...rest] = path;
  if (step === undefined) return change(object);
  if (object === undefined || object === null) return object;
  if (step === '*') return (object as readonly unknown[]).map((item) => changeAt(item, rest, change));
  const record = object as Json;
  if (record[step] === undefined || record[step] === null) return object;
  return { ...record, [step]: changeAt(record[step], rest, change) };
}

/** A record at `path` changed in place, for defaults: undefined when it is not there. */
export function recordAt(
  draft: Record<string, unknown>,
  ...path: readonly string[]
): Record<string, unknown> | undefined {
  let current: unknown = draft;
  for (const step of path) current = (current as Json | undefined)?.[step];
  return typeof current === 'object' && current !== null ? (current as Record<string, unknown>) : undefined;
}
