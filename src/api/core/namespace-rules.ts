/** What the server itself puts on namespaces, and how their phase follows their deletion. */
import { invalid, type Fault } from '../../schema/fault.ts';
import type { Editable } from '../rules/draft.ts';
import type { ObjectMeta } from '../meta/object-meta.ts';

/** Every namespace carries its name as a label, so that selectors can name it. */
export function labelWithName(draft: Record<string, unknown>): void {
  const metadata = draft['metadata'] as Editable<ObjectMeta> | undefined;
  if (metadata?.name === undefined || metadata.name === '') return;
  metadata.labels = { ...metadata.labels, 'kubernetes.io/metadata.name': metadata.name };
}

export function prepareNamespaceCreate(draft: Record<string, unknown>): void {
  labelWithName(draft);
  const spec: { finalizers?: string[] } = (draft['spec'] ??= {});
  const finalizers = spec.finalizers ?? [];
  spec.finalizers = finalizers.includes('kubernetes') ? finalizers : [...finalizers, 'kubernetes'];
  draft['status'] = { phase: 'Active' };
}

/** Only /finalize changes these. */
export function keepFinalizers(draft: Record<string, unknown>, old: { readonly spec?: object | undefined }): void {
  const before: { readonly finalizers?: readonly string[] } | undefined = old.spec;
  const spec = (draft['spec'] ??= {}) as Record<string, unknown>;
  if (before?.finalizers === undefined) delete spec['finalizers'];
  else spec['finalizers'] = before.finalizers;
}

interface NamespaceLike {
  readonly metadata: ObjectMeta;
  readonly status?: { readonly phase?: string };
}

export function namespaceStatusFaults({ metadata, status }: NamespaceLike): Fault[] {
  const deleting = (metadata.deletionTimestamp ?? undefined) !== undefined;
  const wanted = deleting ? 'Terminating' : 'Active';
  const phase = status?.phase ?? '';
  if (phase === wanted) return [];
  return [
    invalid(
      'status.Phase',
      phase,
      `may only be '${wanted}' if \`deletionTimestamp\` is ${deleting ? 'not ' : ''}empty`,
    ),
  ];
}
