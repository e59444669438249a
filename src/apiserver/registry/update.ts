/**
 * PUT, and every other change of a present object: the new state is computed from the stored one and
 * written if that is still the stored one. Who did not insist on a revision is retried when overtaken.
 */
import type { Kind } from '../../api/kind.ts';
import { validateObjectMeta, validateObjectMetaUpdate } from '../../api/meta/validate-object-meta.ts';
import type { Fault } from '../../schema/fault.ts';
import { deepClone, deepEqual } from '../../schema/freeze.ts';
import type { Entry } from '../../store/store.ts';
import { badRequest, conflict, internalError, invalid, notFound } from '../errors.ts';
import { invalid as invalidField } from '../../schema/fault.ts';
import { admissionOf, noAdmission } from './admit.ts';
import { ClaimLost, Overtaken, putObject, removeObject } from './commit.ts';
import {
  bothClaims,
  claimOf,
  momentOf,
  type Claim,
  type PreparedWrite,
  type Registry,
  type Target,
  type WriteContext,
} from './context.ts';
import { createObject } from './create.ts';
import { keepManagerTimes, recordWrite } from './managed-fields.ts';
import { keepIdentity, settleNamespace } from './metadata.ts';
import { isHeld } from './namespace-deletion.ts';
import { keyOf } from './resources.ts';
import { draftMeta, metaOf, seal, withRevision, type DraftObject, type Sealed, type Snapshot } from './snapshot.ts';
import { finishDraft, kindWarnings, validateKindUpdate } from './strategy.ts';

export interface Updated {
  readonly snapshot: Snapshot;
  readonly created: boolean;
}

export interface UpdateOptions {
  /** Makes the new state from the stored one; `undefined` when nothing is stored yet. Called again after being overtaken. */
  readonly next: (old: Entry | undefined) => DraftObject | Promise<DraftObject>;
  /** The write was computed from the stored state, not sent as a whole: being overtaken is not the client's problem. */
  readonly merged: boolean;
  /** An absent object is created (the kind allows it, or it is applied). */
  readonly createAbsent: boolean;
  /** Records managers itself (server-side apply). */
  readonly managed?: boolean;
  /**
   * What the new state must obey beside the rules of metadata: the kind's rules for updates when not said.
   * `none`: the state was computed here from a good one (binding).
   */
  readonly rules?: 'none' | ((draft: DraftObject, old: Entry) => readonly Fault[]);
  /** No admission, no generation, no preparation: a detail of the object that its own subresource has checked. */
  readonly direct?: boolean;
}

/** Upstream gives up a patch after five tries; in one process being overtaken thirty times in a row means a loop. */
const mostAttempts = 30;

export async function updateObject(
  registry: Registry,
  target: Target,
  context: WriteContext,
  options: UpdateOptions,
): Promise<Updated> {
  const { resource, namespace, name } = target;
  for (let attempt = 1; ; attempt += 1) {
    const old = registry.store.get(keyOf(resource, namespace, name));
    if (old === undefined) {
      if (!options.createAbsent) throw notFound(resource.name, name);
      const draft = await options.next(undefined);
      checkName(draft, name);
      return {
        snapshot: await createAbsent(registry, target, draft, context, options.managed === true),
        created: true,
      };
    }
    const draft = await options.next(old);
    const insisted = checkRevision(target, draft, old, options.merged);
    try {
      return { snapshot: await attemptUpdate(registry, target, draft, old, context, options), created: false };
    } catch (error) {
      const lost = error instanceof Overtaken || error instanceof ClaimLost;
      if (!lost) throw error;
      if (error instanceof Overtaken && insisted) throw conflict(resource.name, name);
      if (attempt >= mostAttempts)
        throw error instanceof Overtaken ? conflict(resource.name, name) : internalError(error.message);
    }
  }
}

/**
 * Changes what is stored on the server's own account: whatever its revision, and without rules, admission or managed
 * fields. `amend` changes the draft, or throws. Throws 404.
 */
export function amendObject(
  registry: Registry,
  target: Target,
  context: WriteContext,
  amend: (draft: DraftObject, old: Entry) => void,
): ReturnType<typeof updateObject> {
  return updateObject(registry, target, context, {
    merged: true,
    createAbsent: false,
    rules: 'none',
    direct: true,
    next(old) {
      if (old === undefined) throw notFound(target.resource.name, target.name);
      const draft = deepClone(old.value) as DraftObject;
      amend(draft, old);
      return draft;
    },
  });
}

async function createAbsent(
  registry: Registry,
  target: Target,
  draft: DraftObject,
  context: WriteContext,
  managed: boolean,
): Promise<Snapshot> {
  const { resourceVersion = '' } = metaOf(draft);
  if (resourceVersion !== '' && resourceVersion !== '0') throw conflict(target.resource.name, target.name);
  draftMeta(draft).name = target.name;
  return createObject(registry, { ...target, subresource: '' }, draft, context, managed);
}

function checkName(draft: DraftObject, name: string): void {
  const own = draftMeta(draft).name ?? '';
  if (own !== '' && own !== name) {
    throw badRequest(`the name of the object (${own}) does not match the name on the URL (${name})`);
  }
}

/** Whether the client insists on a revision. Throws 409 when it is not the stored one, 422 when it must be said. */
function checkRevision(target: Target, draft: DraftObject, old: Entry, merged: boolean): boolean {
  const { resource, name } = target;
  checkName(draft, name);
  const meta = draftMeta(draft);
  const { resourceVersion = '' } = meta;
  const asked = resourceVersion === '' || resourceVersion === '0' ? undefined : resourceVersion;
  if (meta.uid !== undefined && meta.uid !== '' && meta.uid !== metaOf(old.value).uid) {
    const detail = `Precondition failed: UID in precondition: ${meta.uid}, UID in object meta: ${metaOf(old.value).uid ?? ''}`;
    throw conflict(resource.name, name, detail);
  }
  if (asked === undefined) {
    if (resource.storage.unconditionalUpdate !== false || merged) return false;
    const faults = [invalidField('metadata.resourceVersion', 0, 'must be specified for an update')];
    throw invalid({ group: resource.name.group, kind: resource.name.resource }, name, faults);
  }
  if (asked !== String(old.revision)) throw conflict(resource.name, name);
  // A merge carries the revision it was computed from; a patch that names one was checked just now.
  return !merged;
}

async function attemptUpdate(
  registry: Registry,
  target: Target,
  draft: DraftObject,
  old: Entry,
  context: WriteContext,
  options: UpdateOptions,
): Promise<Snapshot> {
  const kind = target.resource.storage;
  settleNamespace(target.resource, draft, target.namespace);
  const meta = draftMeta(draft);
  meta.name ??= target.name;
  meta.resourceVersion = String(old.revision);
  keepIdentity(draft, metaOf(old.value));
  const claim = await admitted(registry, target, draft, old, context, options);
  keepManagerTimes(draft, old);
  const now = seal(kind, draft);
  if (isFinished(kind, now.value, old.value)) {
    claim?.settle?.(false);
    return finishDeletion(registry, target, now, old, context);
  }
  if (claim === undefined && sameContent(now, old)) return old;
  const charge = options.direct === true ? undefined : await charged(registry, claim, { target, draft, old, context });
  try {
    const both = bothClaims(claim, charge);
    return await putObject(registry, target, draft, context, {
      expect: old.revision,
      claim: both,
      shown: old.revision,
    });
  } finally {
    charge?.settle?.(false);
  }
}

async function charged(
  registry: Registry,
  claim: Claim | undefined,
  write: Omit<PreparedWrite, 'operation'>,
): Promise<Claim | undefined> {
  try {
    return await registry.ledger?.charge({ operation: 'UPDATE', ...write });
  } catch (error) {
    claim?.settle?.(false);
    throw error;
  }
}

/** Admission, what the kind says, and validation; answers with what the write claims beside its object. */
async function admitted(
  registry: Registry,
  target: Target,
  draft: DraftObject,
  old: Entry,
  context: WriteContext,
  options: UpdateOptions,
): Promise<Claim | undefined> {
  const kind = target.resource.storage;
  const direct = options.direct === true;
  const admission = direct ? noAdmission : admissionOf(registry, context, { operation: 'UPDATE', target, draft, old });
  if (!direct && options.managed !== true) recordWrite(registry, target, draft, old, context);
  await admission.admit();
  if (!direct) finishDraft(kind, draft, old.value, target.subresource, momentOf(registry, context));
  const claim = direct ? undefined : claimOf(registry, { operation: 'UPDATE', target, draft, old, context });
  try {
    check(target, draft, old, options);
    const before = withRevision(old.value, old.revision);
    if (!direct) for (const text of kindWarnings(kind, draft, target.subresource, before)) context.warn(text);
    await admission.validate();
    return claim;
  } catch (error) {
    claim?.settle?.(false);
    throw error;
  }
}

function check(target: Target, draft: DraftObject, old: Entry, options: UpdateOptions): void {
  const { resource } = target;
  const meta = metaOf(draft);
  const rules = { namespaced: resource.namespaced, nameRule: resource.storage.nameRule };
  const faults = [...validateObjectMeta(meta, rules), ...validateObjectMetaUpdate(meta, metaOf(old.value))];
  faults.push(...kindFaults(target, draft, old, options));
  if (faults.length > 0) throw invalid(resource.kind, target.name, faults);
}

function kindFaults(target: Target, draft: DraftObject, old: Entry, { rules }: UpdateOptions): readonly Fault[] {
  if (rules === 'none') return [];
  if (rules !== undefined) return rules(draft, old);
  return validateKindUpdate(target.resource, draft, withRevision(old.value, old.revision), target.subresource);
}

/** A write that changes nothing makes no revision. */
function sameContent(now: Sealed, old: Sealed): boolean {
  if (now.bytes.length !== old.bytes.length) return false;
  return Buffer.compare(now.bytes, old.bytes) === 0 || deepEqual(now.value, old.value);
}

/** The last finalizer of an object that is being deleted has gone. */
function isFinished(kind: Kind, value: object, old: object): boolean {
  const meta = metaOf(value);
  if (meta.deletionTimestamp === undefined || (meta.deletionGracePeriodSeconds ?? 0) > 0) return false;
  const held = (object: object): boolean => (metaOf(object).finalizers?.length ?? 0) > 0 || isHeld(kind, object);
  return held(old) && !held(value);
}

async function finishDeletion(
  registry: Registry,
  target: Target,
  now: Sealed,
  old: Entry,
  context: WriteContext,
): Promise<Snapshot> {
  if (context.dryRun) return { ...now, revision: old.revision };
  const claim = claimOf(registry, { operation: 'DELETE', target, old, context });
  const revision = await removeObject(registry, target, old.revision, claim);
  return { ...now, revision };
}
