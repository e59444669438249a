/** Namespaces go when their contents have: the finalizers of their spec hold them beside those of metadata. */
import type { Kind } from '../../api/kind.ts';
import { isRecord } from '../../schema/freeze.ts';
import { draftMeta, type DraftObject } from './snapshot.ts';

const isNamespace = ({ group, kind }: Kind): boolean => group === '' && kind === 'Namespace';

/** Whether something other than metadata.finalizers keeps the object from going. */
export function isHeld(kind: Kind, value: object): boolean {
  if (!isNamespace(kind)) return false;
  const { spec } = value as { readonly spec?: { readonly finalizers?: readonly string[] } };
  return (spec?.finalizers?.length ?? 0) > 0;
}

/** From now on nothing can be created in it. */
export function markNamespace(kind: Kind, draft: DraftObject): void {
  if (!isNamespace(kind) || draftMeta(draft).deletionTimestamp === undefined) return;
  const status = isRecord(draft['status']) ? draft['status'] : {};
  draft['status'] = { ...status, phase: 'Terminating' };
}
