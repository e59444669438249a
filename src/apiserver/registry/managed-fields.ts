/** Who manages which fields: recorded on every write that is not an apply. */
import type { Registry, Target, WriteContext } from './context.ts';
import { draftMeta, metaOf, type DraftObject, type Snapshot } from './snapshot.ts';

/** The manager's name when a client does not say one: what stands before the `/` of its user agent. */
export function managerOf(context: WriteContext): string {
  if (context.fieldManager !== '') return context.fieldManager;
  const [agent = ''] = context.userAgent.split('/', 1);
  return (
    [...agent]
      .filter((character) => character >= ' ' && character !== '\u007f')
      .join('')
      .slice(0, 128) || 'unknown'
  );
}

export function recordWrite(
  _registry: Registry,
  _target: Target,
  draft: DraftObject,
  old: Snapshot | undefined,
  _context: WriteContext,
): void {
  const meta = draftMeta(draft);
  const before = old === undefined ? undefined : metaOf(old.value).managedFields;
  if (before === undefined) delete meta.managedFields;
  else meta.managedFields = before;
}
