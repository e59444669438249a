/** What the kind itself says about a write: what it drops or keeps, whether it counts generations, its rules. */
import type { Kind, Warn } from '../../api/kind.ts';
import type { Fault } from '../../schema/fault.ts';
import { deepClone, deepEqual } from '../../schema/freeze.ts';
import { zeroOf } from '../../schema/decode.ts';
import { applyDefaults } from '../../schema/defaults.ts';
import { combineFaults, validateObject, validateObjectUpdate } from '../../schema/validate.ts';
import type { Resource } from './resources.ts';
import { draftMeta, metaOf, type DraftObject } from './snapshot.ts';

/** Kinds whose creator reports their status along with them: the agent registers its Node so. */
const statusOnCreate: ReadonlySet<string> = new Set(['Node']);

/** Of a write. */
export interface Moment {
  readonly warn: Warn;
  /** RFC 3339. */
  readonly now: string;
}

/**
 * Takes out of a draft what the path it came on may not change, then lets the kind finish it.
 * `subresource`: '' or 'status'.
 */
export function finishDraft(
  kind: Kind,
  draft: DraftObject,
  old: object | undefined,
  subresource: string,
  moment: Moment,
): void {
  if (old === undefined) finishNew(kind, draft, moment.warn);
  else if (subresource === 'status') finishStatus(kind, draft, old as DraftObject, moment.now);
  else finishUpdate(kind, draft, old as DraftObject, subresource);
}

function finishNew(kind: Kind, draft: DraftObject, warn: Warn): void {
  const reported = kind.group === '' && statusOnCreate.has(kind.kind);
  if (kind.subresources.status === true && !reported) resetStatus(kind, draft);
  kind.prepareCreate?.(draft, warn);
}

function finishStatus(kind: Kind, draft: DraftObject, before: DraftObject, now: string): void {
  keepAllBut(draft, before, 'status');
  const [meta, old]: [DraftObject, DraftObject] = [draftMeta(draft), metaOf(before)];
  for (const field of kind.statusKeeps ?? []) keep(meta, old, field);
  kind.prepareStatusUpdate?.(draft, before, now);
}

function finishUpdate(kind: Kind, draft: DraftObject, before: DraftObject, subresource: string): void {
  if (kind.subresources.status === true && subresource !== 'approval') keep(draft, before, 'status');
  if (subresource === '') kind.prepareUpdate?.(draft, before);
  if (kind.generation) countGeneration(draft, before);
}

function resetStatus(kind: Kind, draft: DraftObject): void {
  delete draft['status'];
  const status = kind.schema.fields['status'];
  if (status?.always === true) draft['status'] = zeroOf(status.schema);
}

function keep(draft: DraftObject, before: Readonly<DraftObject>, field: string): void {
  if (before[field] === undefined) delete draft[field];
  else draft[field] = before[field];
}

/** An update through /status changes the status and metadata; everything else stays. */
function keepAllBut(draft: DraftObject, before: DraftObject, field: string): void {
  for (const key of Object.keys(draft)) if (key !== field && key !== 'metadata') delete draft[key];
  for (const key of Object.keys(before)) if (key !== field && key !== 'metadata') draft[key] = before[key];
}

/** One more whenever anything but metadata and status differs. */
function countGeneration(draft: DraftObject, before: DraftObject): void {
  const keys = new Set([...Object.keys(draft), ...Object.keys(before)]);
  for (const key of ['metadata', 'status', 'kind', 'apiVersion']) keys.delete(key);
  for (const key of keys) {
    if (deepEqual(draft[key], before[key])) continue;
    const meta = draftMeta(draft);
    meta.generation = (metaOf(before).generation ?? 0) + 1;
    return;
  }
}

export function validateKind(resource: Resource, draft: DraftObject, old?: object): readonly Fault[] {
  const kind = resource.storage;
  const own = servedFaults(resource, draft, old, (served, ...objects) => served.validate?.(...objects));
  return combineFaults(validateObject(kind.schema, draft), [...(kind.validate?.(draft, old) ?? []), ...own]);
}

export function validateKindUpdate(
  resource: Resource,
  draft: DraftObject,
  old: object,
  subresource: string,
): readonly Fault[] {
  const kind = resource.storage;
  if (subresource === 'status') return kind.validateStatusUpdate?.(draft, old) ?? [];
  const own = servedFaults(resource, draft, old, (served, now) => served.validateUpdate?.(now, shownAs(served, old)));
  const ofKind = kind.validateUpdate?.(draft, old) ?? [];
  const changes = combineFaults(validateObjectUpdate(kind.schema, draft, old), [...ofKind, ...own]);
  return combineFaults(validateKind(resource, draft, old), changes);
}

/** What the kind warns of; nothing for subresources that change details of their own. */
export function kindWarnings(kind: Kind, draft: DraftObject, subresource: string, old?: object): readonly string[] {
  if (subresource === 'status') return kind.statusWarnings?.(draft) ?? [];
  return subresource === '' || subresource === 'scale' ? (kind.warnings?.(draft, old) ?? []) : [];
}

/** What a converted version asks for beyond the stored one, in its own words (events.k8s.io does). */
function servedFaults(
  { kind, storage }: Resource,
  draft: DraftObject,
  old: object | undefined,
  ask: (served: Kind, draft: object, old?: object) => readonly Fault[] | undefined,
): readonly Fault[] {
  if (kind === storage || (kind.validate === undefined && kind.validateUpdate === undefined)) return [];
  return ask(kind, shownAs(kind, draft), old) ?? [];
}

function shownAs({ conversion }: Kind, object: object): object {
  const copy = deepClone(object) as DraftObject;
  return conversion === undefined ? copy : conversion.fromStorage(copy);
}

export function fillDefaults(kind: Kind, draft: DraftObject): void {
  applyDefaults(kind.schema, draft);
  kind.defaults?.(draft);
}
