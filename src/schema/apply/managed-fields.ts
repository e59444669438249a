/** metadata.managedFields: who owns which fields, read from and written to the object. */
import { quoteText } from '../fault.ts';
import { isRecord } from '../freeze.ts';
import { decodeFields, encodeFields, type FieldSet } from './field-set.ts';
import type { Json } from './typed.ts';

/** One owner: a client's name, how it writes, and in which version and subresource. */
export interface Manager {
  readonly manager: string;
  readonly operation: 'Apply' | 'Update';
  readonly apiVersion: string;
  readonly subresource: string;
  /** RFC 3339; absent when nobody knows. */
  readonly time: string | undefined;
  readonly fields: FieldSet;
}

/** By `managerKey`. */
export type Managers = ReadonlyMap<string, Manager>;

/** What tells managers apart: an applier is the same one whichever version it applies in. */
export function managerKey(manager: Pick<Manager, 'manager' | 'operation' | 'apiVersion' | 'subresource'>): string {
  const { operation, subresource } = manager;
  const apiVersion = operation === 'Apply' ? '' : manager.apiVersion;
  return JSON.stringify([manager.manager, operation, apiVersion, subresource]);
}

/** Undefined when an entry is malformed. */
export function decodeManagers(entries: unknown): Map<string, Manager> | undefined {
  const managers = new Map<string, Manager>();
  if (!Array.isArray(entries)) return managers;
  for (const entry of entries as unknown[]) {
    const manager = decodeManager(entry);
    if (manager === undefined) return undefined;
    managers.set(managerKey(manager), manager);
  }
  return managers;
}

function decodeManager(entry: unknown): Manager | undefined {
  if (!isRecord(entry)) return undefined;
  const { operation, apiVersion, fieldsType, time } = entry;
  if (operation !== 'Apply' && operation !== 'Update') return undefined;
  if (typeof apiVersion !== 'string' || apiVersion === '' || fieldsType !== 'FieldsV1') return undefined;
  try {
    return {
      manager: textOf(entry['manager']),
      operation,
      apiVersion,
      subresource: textOf(entry['subresource']),
      time: typeof time === 'string' ? time : undefined,
      fields: decodeFields(entry['fieldsV1']),
    };
  } catch {
    return undefined;
  }
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

/** The list as it is stored: appliers first, then oldest first. Undefined when there is nobody. */
function encodeManagers(managers: Managers): readonly Json[] | undefined {
  if (managers.size === 0) return undefined;
  return [...managers.values()].toSorted(byOperationAndTime).map((each) => ({
    manager: each.manager,
    operation: each.operation,
    apiVersion: each.apiVersion,
    ...(each.time === undefined ? {} : { time: each.time }),
    fieldsType: 'FieldsV1',
    fieldsV1: encodeFields(each.fields),
    ...(each.subresource === '' ? {} : { subresource: each.subresource }),
  }));
}

function byOperationAndTime(a: Manager, b: Manager): number {
  return (
    compareTexts(a.operation, b.operation) ||
    compareTexts(a.time ?? '', b.time ?? '') ||
    compareTexts(a.manager, b.manager) ||
    compareTexts(a.apiVersion, b.apiVersion) ||
    compareTexts(a.subresource, b.subresource)
  );
}

export function compareTexts(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

/** `"kubectl-client-side-apply" using apps/v1`, as conflicts name it. */
export function describeManager({ manager, operation, apiVersion, subresource }: Manager): string {
  const name = quoteText(manager);
  const shown = subresource === '' ? name : `${name} with subresource ${quoteText(subresource)}`;
  return operation === 'Update' ? `${shown} using ${apiVersion}` : shown;
}

/** The object without its managedFields. */
export function withoutManagers(object: Json): Json {
  const { metadata } = object;
  if (!isRecord(metadata) || metadata['managedFields'] === undefined) return object;
  const { managedFields: _, ...rest } = metadata;
  return { ...object, metadata: rest };
}

export function withManagers(object: Json, managers: Managers): Json {
  const managedFields = encodeManagers(managers);
  if (managedFields === undefined) return withoutManagers(object);
  const { metadata } = object;
  return { ...object, metadata: { ...(isRecord(metadata) ? metadata : {}), managedFields } };
}

export function managedFieldsOf(object: Json): unknown {
  const { metadata } = object;
  return isRecord(metadata) ? metadata['managedFields'] : undefined;
}
