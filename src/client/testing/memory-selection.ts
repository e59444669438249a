/** Which objects a list or watch of the memory client is about. */
import type { Kind, KubernetesObject } from '../../api/kind.ts';
import { matchesFields, parseFieldSelector } from '../../schema/field-selector.ts';
import { matches, parseSelector } from '../../schema/selector.ts';
import { invalid } from './memory-errors.ts';

export interface Selection {
  readonly namespace?: string | undefined;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
}

export function selectionOf<T extends KubernetesObject>(
  kind: Kind<T>,
  { namespace, labelSelector = '', fieldSelector = '' }: Selection,
): (object: KubernetesObject) => boolean {
  const labels = parseSelector(labelSelector);
  const fields = parseFieldSelector(fieldSelector);
  return (object) =>
    (namespace === undefined || namespace === '' || object.metadata.namespace === namespace) &&
    matches(labels, object.metadata.labels) &&
    matchesFields(fields, (field) => fieldOf(kind, object as T, field));
}

function fieldOf<T extends KubernetesObject>(kind: Kind<T>, object: T, field: string): string {
  if (field === 'metadata.name') return object.metadata.name;
  if (field === 'metadata.namespace') return object.metadata.namespace ?? '';
  const value = kind.selectable?.[field];
  if (value === undefined) throw invalid(`field label not supported: ${field}`);
  return value(object);
}
