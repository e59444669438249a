/** PATCH: the stored object, merged with what was sent, on the same path as an update. */
import type { Entry } from '../../store/store.ts';
import { deepClone } from '../../schema/freeze.ts';
import { applyJsonPatch, JsonPatchError } from '../../schema/json-patch.ts';
import { applyMergePatch, MergePatchError } from '../../schema/merge-patch.ts';
import { applyStrategicMergePatch, StrategicMergeError } from '../../schema/strategic-merge.ts';
import { invalid as invalidField } from '../../schema/fault.ts';
import { badRequest, invalid, StatusError, tooLarge } from '../errors.ts';
import type { PatchFormat } from '../http/negotiate.ts';
import type { Registry, Target, WriteContext } from './context.ts';
import { convertIn, convertOut } from './conversion.ts';
import { decodeKind, type ParsedBody, type Wording } from './draft.ts';
import { goText, unconvertible } from './patch-texts.ts';
import type { Resource } from './resources.ts';
import { withRevision, type DraftObject, type Snapshot } from './snapshot.ts';
import { updateObject, type Updated } from './update.ts';

/** Throws 400, 404, 409, 413 or 422. */
export function patchObject(
  registry: Registry,
  target: Target,
  format: Exclude<PatchFormat, 'apply'>,
  patch: ParsedBody,
  context: WriteContext,
): Promise<Updated> {
  const { resource } = target;
  const next = (old: Entry | undefined): DraftObject => {
    if (old === undefined) throw new Error('a patch needs a present object');
    return patched(resource, old, format, patch, context);
  };
  return updateObject(registry, target, context, { next, merged: true, createAbsent: false });
}

/** The present object with the patch applied, as a draft in the stored version. */
export function patched(
  resource: Resource,
  old: Snapshot,
  format: Exclude<PatchFormat, 'apply'>,
  patch: ParsedBody,
  context: WriteContext,
): DraftObject {
  const present = withRevision(convertOut(resource, old).value, old.revision) as unknown as DraftObject;
  const merged = merge(resource, present, format, patch.value);
  const duplicates = format === 'json' ? patch.duplicates.map((each) => `json patch ${each}`) : patch.duplicates;
  const wording: Wording = {
    order: patchThenObject,
    unreadable: (_, why) =>
      format === 'strategic'
        ? invalidPatch(goText(patch.value), unconvertible(why))
        : invalidPatch(JSON.stringify(merged), why),
  };
  return convertIn(resource, decodeKind(resource.kind, merged, duplicates, context, wording));
}

/** What is repeated is the patch's fault, what is unknown that of the object it makes. */
function patchThenObject(_: unknown, duplicates: readonly string[], unknown: readonly string[]): readonly string[] {
  return [...duplicates, ...unknown];
}

/** The patch makes something that is no object of its kind. Upstream names neither. */
function invalidPatch(value: string, why: string): StatusError {
  return invalid({ group: '', kind: '' }, '', [invalidField('patch', value, why)]);
}

function merge(
  resource: Resource,
  present: DraftObject,
  format: Exclude<PatchFormat, 'apply'>,
  patch: unknown,
): unknown {
  try {
    if (format === 'json') return applyJsonPatch(present, patch);
    if (format === 'merge') return applyMergePatch(present, patch);
    return applyStrategicMergePatch(resource.kind.schema, deepClone(present), patch);
  } catch (error) {
    throw patchError(error);
  }
}

function patchError(error: unknown): unknown {
  if (error instanceof MergePatchError) return badRequest(error.message);
  if (!(error instanceof JsonPatchError) && !(error instanceof StrategicMergeError)) return error;
  if (error.code === 400) return badRequest(error.message);
  if (error.code === 413) return tooLarge(error.message);
  return unprocessable(error instanceof StrategicMergeError ? error.message : undefined);
}

/** The patch is well-formed and does not fit. Upstream does not say which operation failed. */
function unprocessable(message = 'the server rejected our request due to an error in our request'): StatusError {
  return new StatusError(422, 'Invalid', message, {});
}
