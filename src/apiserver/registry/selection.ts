/** Label and field selectors of one request, parsed once and asked per object. */
import { exactFieldValue, matchesFields, parseFieldSelector, type FieldSelector } from '../../schema/field-selector.ts';
import { everything, matches, parseSelector, SelectorError, type Selector } from '../../schema/selector.ts';
import { badRequest } from '../errors.ts';
import type { Resource } from './resources.ts';
import { metaOf } from './snapshot.ts';

export interface Selection {
  /** Nothing is asked: everything matches. */
  readonly all: boolean;
  /** The only name that can match, if there is one. */
  readonly name: string | undefined;
  matches(value: object): boolean;
}

const selectAll: Selection = { all: true, name: undefined, matches: () => true };

/** Throws 400 for what can't be parsed and for fields that the kind does not offer. */
export function selectionOf(resource: Resource, labelText: string | null, fieldText: string | null): Selection {
  if (!labelText && !fieldText) return selectAll;
  const labels = parsed(() => (labelText ? parseSelector(labelText) : everything));
  const fields = parsed(() => (fieldText ? parseFieldSelector(fieldText) : []));
  for (const { field } of fields) checkField(resource, field);
  if (labels.length === 0 && fields.length === 0) return selectAll;
  return {
    all: false,
    name: exactFieldValue(fields, 'metadata.name'),
    matches: (value) => selects(resource, labels, fields, value),
  };
}

function selects(resource: Resource, labels: Selector, fields: FieldSelector, value: object): boolean {
  const metadata = metaOf(value);
  if (labels.length > 0 && !matches(labels, metadata.labels)) return false;
  if (fields.length === 0) return true;
  return matchesFields(fields, (field) => {
    if (field === 'metadata.name') return metadata.name ?? '';
    if (field === 'metadata.namespace') return metadata.namespace ?? '';
    return fieldOf(resource, field, value);
  });
}

/** A version that is converted offers its fields under its own names. */
function fieldOf({ kind, storage }: Resource, field: string, value: object): string {
  const { conversion, selectable } = kind;
  if (conversion === undefined || selectable === undefined) return storage.selectable?.[field]?.(value) ?? '';
  return selectable[field]?.(conversion.fromStorage(value as Record<string, unknown>)) ?? '';
}

function checkField(resource: Resource, field: string): void {
  if (field === 'metadata.name' || (field === 'metadata.namespace' && resource.namespaced)) return;
  const selectable = resource.kind.selectable ?? resource.storage.selectable;
  if (selectable !== undefined && Object.hasOwn(selectable, field)) return;
  if (selectable !== undefined) throw badRequest(`field label not supported: ${field}`);
  throw badRequest(
    `${JSON.stringify(field)} is not a known field selector: only "metadata.name", "metadata.namespace"`,
  );
}

function parsed<T>(parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    if (error instanceof SelectorError) throw badRequest(error.message);
    throw error;
  }
}
