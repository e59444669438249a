/** For tests of kinds: an object as the write path would see it, and what the kind says about it. */
import { decodeObject } from '../../schema/decode.ts';
import { applyDefaults } from '../../schema/defaults.ts';
import { faultMessage } from '../../schema/fault.ts';
import { deepFreeze } from '../../schema/freeze.ts';
import type { Cell, Kind, Warn } from '../kind.ts';

type Json = Readonly<Record<string, unknown>>;

/** Decoded, with defaults, named `it` in namespace `default` unless said otherwise. */
export function made(kind: Kind, content: Json): Json {
  const metadata = { name: 'it', ...(kind.scope === 'Namespaced' ? { namespace: 'default' } : {}) };
  const { value: draft } = decodeObject(kind.schema, { metadata, ...content });
  applyDefaults(kind.schema, draft);
  kind.defaults?.(draft);
  return deepFreeze(draft);
}

/** The complaints of the kind's own rules about a new object. */
export function complaints(kind: Kind, content: Json): string[] {
  return (kind.validate?.(made(kind, content)) ?? []).map(faultMessage);
}

/** For preparations whose warnings a test is not about. */
export const unheard: Warn = () => undefined;

/** What the kind warns of: about a new object, or about a change of one. */
export function warnings(kind: Kind, content: Json, old?: Json): string[] {
  return [...(kind.warnings?.(made(kind, content), old === undefined ? undefined : made(kind, old)) ?? [])];
}

/** The complaints about a change. */
export function updateComplaints(kind: Kind, old: Json, young: Json): string[] {
  const [before, after] = [made(kind, old), made(kind, young)];
  return [...(kind.validate?.(after, before) ?? []), ...(kind.validateUpdate?.(after, before) ?? [])].map(faultMessage);
}

/** When the rows of `cells` are printed: an hour after the objects were made. */
const madeAt = '2026-01-01T00:00:00Z';
const printedAt = 1_767_225_600_000 + 3_600_000;

/** What a table shows, by column; columns of `-o wide` start with a plus. */
export function cells(kind: Kind, content: Json): Record<string, Cell> {
  const metadata = { name: 'it', creationTimestamp: madeAt, ...(content['metadata'] as Json | undefined) };
  const object = made(kind, { ...content, metadata });
  return Object.fromEntries(
    kind.columns.map((column) => [
      column.priority === 1 ? `+${column.name}` : column.name,
      column.value(object, printedAt),
    ]),
  );
}
