/** POST: a new object, with a name of its own or a generated one. */
import { nameSuffix } from '../../base/random.ts';
import type { ObjectMeta } from '../../api/meta/object-meta.ts';
import { validateObjectMeta } from '../../api/meta/validate-object-meta.ts';
import type { Fault } from '../../schema/fault.ts';
import { deepClone } from '../../schema/freeze.ts';
import { alreadyExists, generateNameConflict, internalError, invalid, storageError } from '../errors.ts';
import { admissionOf } from './admit.ts';
import { ClaimLost, Overtaken, putObject } from './commit.ts';
import {
  bothClaims,
  claimOf,
  hasClaims,
  momentOf,
  type Claim,
  type PreparedWrite,
  type Registry,
  type Target,
  type WriteContext,
} from './context.ts';
import { recordWrite } from './managed-fields.ts';
import { settleNamespace, stampNew } from './metadata.ts';
import { keyOf } from './resources.ts';
import { draftMeta, metaOf, type DraftObject, type Snapshot } from './snapshot.ts';
import { finishDraft, kindWarnings, validateKind } from './strategy.ts';

const mostAttempts = 8;
/** Generated names keep room for five characters within 63. */
const longestBase = 58;

/**
 * `draft` is in the stored version, decoded and defaulted; it is consumed. `managed`: its managedFields are up
 * to date already (an apply).
 */
export async function createObject(
  registry: Registry,
  target: Target,
  draft: DraftObject,
  context: WriteContext,
  managed = false,
): Promise<Snapshot> {
  settleNamespace(target.resource, draft, target.namespace);
  const meta = draftMeta(draft);
  if (!isUnset(meta.resourceVersion)) throw storageError('resourceVersion should not be set on objects to be created');
  const base = baseOf(meta);
  const generated = base !== '';
  if (generated) meta.name = freeName(registry, target, base);
  // Only a claim can be tried again with another one.
  let left = hasClaims(registry, target) ? mostAttempts : 1;
  for (;;) {
    left -= 1;
    const copy = left === 0 ? draft : deepClone(draft);
    try {
      return await attemptCreate(registry, target, copy, context, managed);
    } catch (error) {
      if (left === 0 || !(error instanceof ClaimLost)) throw failureOf(error, target, metaOf(copy).name, generated);
    }
  }
}

/** What a generated name begins with; '' when the object has a name of its own. */
function baseOf({ name, generateName = '' }: ObjectMeta): string {
  return isUnset(name) ? generateName.slice(0, longestBase) : '';
}

/**
 * A name that nothing stored has; the last one tried when all have been taken. Of two writes on their way that draw
 * the same one, the later is told so: that is one case in millions, and no reason to keep a copy of every draft.
 */
function freeName({ store, random }: Registry, { resource, namespace }: Target, base: string): string {
  let name = base + nameSuffix(random);
  for (let left = mostAttempts - 1; left > 0 && store.get(keyOf(resource, namespace, name)) !== undefined; left -= 1) {
    name = base + nameSuffix(random);
  }
  return name;
}

const isUnset = (text: string | undefined): boolean => text === undefined || text === '' || text === '0';

function failureOf(error: unknown, { resource }: Target, of: string | undefined, generated: boolean): unknown {
  const name = of ?? '';
  if (error instanceof ClaimLost) return internalError(error.message);
  if (!(error instanceof Overtaken)) return error;
  return generated ? generateNameConflict(resource.name, name) : alreadyExists(resource.name, name);
}

async function attemptCreate(
  registry: Registry,
  target: Target,
  draft: DraftObject,
  context: WriteContext,
  managed: boolean,
): Promise<Snapshot> {
  const { resource } = target;
  const kind = resource.storage;
  stampNew(registry, draft, kind.generation);
  const name = draftMeta(draft).name ?? '';
  const named: Target = { ...target, name };
  if (!managed) recordWrite(registry, named, draft, undefined, context);
  const admission = admissionOf(registry, context, { operation: 'CREATE', target: named, draft });
  await admission.admit();
  finishDraft(kind, draft, undefined, '', momentOf(registry, context));
  const write: PreparedWrite = { operation: 'CREATE', target: named, draft, context };
  const claim = claimOf(registry, write);
  let charge: Claim | undefined;
  try {
    check(named, draft);
    for (const warning of kindWarnings(kind, draft, '')) context.warn(warning);
    await admission.validate();
    charge = await registry.ledger?.charge(write);
  } catch (error) {
    claim?.settle?.(false);
    throw error;
  }
  try {
    return await putObject(registry, named, draft, context, {
      expect: 'absent',
      claim: bothClaims(claim, charge),
      shown: 0,
    });
  } finally {
    charge?.settle?.(false);
  }
}

function check(target: Target, draft: DraftObject): void {
  const { resource } = target;
  const rules = { namespaced: resource.namespaced, nameRule: resource.storage.nameRule };
  const faults: readonly Fault[] = [...validateObjectMeta(metaOf(draft), rules), ...validateKind(resource, draft)];
  if (faults.length > 0) throw invalid(resource.kind, metaOf(draft).name ?? '', faults);
}
