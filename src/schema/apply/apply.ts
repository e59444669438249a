/**
 * Server-side apply, with upstream's rules:
 *
 * - an applier owns all that its configuration says; changing another's field is a conflict unless forced;
 *   what it said last time and says no more is removed, unless someone else owns it too.
 *
 * Objects are plain and may be frozen; results share what did not change.
 */
import { deepEqual } from '../freeze.ts';
import { checkApplied } from './check.ts';
import { difference, emptySet, formatFieldPath, hasPath, isEmptySet, recursiveDifference } from './field-set.ts';
import { ownedThroughLastApplied, renewLastApplied } from './last-applied.ts';
import {
  decodeManagers,
  describeManager,
  managedFieldsOf,
  managerKey,
  withManagers,
  withoutManagers,
  type Manager,
} from './managed-fields.ts';
import { zeroObject, managerOf, ownershipOf, stripped, updateManagers, type WriteContext } from './track.ts';
import { toFieldSet, type Json } from './typed.ts';
import { ConflictError, mergeConfiguration, reconcileManagers, yieldFields, type Conflict } from './updater.ts';

/** 409 Conflict; each cause has the type FieldManagerConflict. */
export class ApplyConflictError extends Error {
  override readonly name = 'ApplyConflictError';
  readonly causes: readonly { readonly message: string; readonly field: string }[];

  constructor(conflicts: readonly Conflict[]) {
    super(conflictMessage(conflicts));
    this.causes = conflicts.map(({ manager, path }) => ({
      message: `conflict with ${describeManager(manager)}`,
      field: formatFieldPath(path),
    }));
  }
}

/** 400 BadRequest: the configuration may not be applied here. */
export class ApplyRequestError extends Error {
  override readonly name = 'ApplyRequestError';
}

export interface Applied {
  /** To be decoded, defaulted, validated and stored; the live object when nothing changed. */
  readonly object: Json;
  /** False when the configuration changes neither the object nor anyone's ownership. */
  readonly changed: boolean;
}

/**
 * Applies a configuration. `live` is undefined when the object does not exist yet. Throws ApplyConflictError,
 * ApplyRequestError, or TypedError when the configuration does not fit the schema.
 */
export function applyConfiguration(
  live: Json | undefined,
  configuration: Json,
  context: WriteContext & { readonly force: boolean },
): Applied {
  checkRequest(configuration, context);
  const bare = withoutManagers(live ?? { apiVersion: context.apiVersion });
  let managers: ReadonlyMap<string, Manager> =
    decodeManagers(managedFieldsOf(live ?? {})) ?? new Map<string, Manager>();
  if (managers.size === 0 && live !== undefined) {
    managers = updateManagers(zeroObject(context), bare, managers, {
      ...context,
      manager: 'before-first-apply',
      subresource: '',
    });
  }
  managers = reconcileManagers(bare, managers, ownershipOf(context));
  const outcome = resolveConflicts(bare, configuration, managers, context);
  const next = renew(outcome.managers, managers, outcome.isSame, context);
  const merged = outcome.isSame ? bare : outcome.object;
  const object = withManagers(renewLastApplied(merged, configuration, context.manager), next);
  return { object, changed: live === undefined || !deepEqual(object, live) };
}

function checkRequest(configuration: Json, { apiVersion, convert }: WriteContext): void {
  const sent = configuration['apiVersion'];
  if (sent !== apiVersion) {
    const found = typeof sent === 'string' ? sent : '';
    throw new ApplyRequestError(
      `Incorrect version specified in apply patch. Specified patch version: ${found}, expected: ${apiVersion}`,
    );
  }
  if (managedFieldsOf(configuration) !== undefined) throw new ApplyRequestError('metadata.managedFields must be nil');
  const typed = convert(configuration, apiVersion);
  if (typed === undefined) throw new ApplyRequestError(`version ${apiVersion} is not served`);
  checkApplied(typed.schema, typed.value);
}

interface Outcome {
  readonly object: Json;
  readonly managers: Map<string, Manager>;
  /** The merged object says what the live one says. */
  readonly isSame: boolean;
}

/** Conflicts with what kubectl itself applied from the client's side are no conflicts for kubectl. */
function resolveConflicts(
  live: Json,
  configuration: Json,
  managers: ReadonlyMap<string, Manager>,
  context: WriteContext & { readonly force: boolean },
): Outcome {
  try {
    return mergeAs(live, configuration, managers, context, context.force);
  } catch (error) {
    if (!(error instanceof ConflictError)) throw error;
    const allowed = context.manager === 'kubectl' ? ownedThroughLastApplied(live, context) : undefined;
    const left = error.conflicts.filter(({ path }) => allowed === undefined || !hasPath(allowed, path));
    if (left.length > 0) throw new ApplyConflictError(left);
    return mergeAs(live, configuration, managers, context, true);
  }
}

function mergeAs(
  live: Json,
  configuration: Json,
  managers: ReadonlyMap<string, Manager>,
  context: WriteContext,
  force: boolean,
): Outcome {
  const by = ownershipOf(context);
  const typed = context.convert(configuration, context.apiVersion);
  const current = context.convert(live, context.apiVersion);
  if (typed === undefined || current === undefined)
    throw new ApplyRequestError(`version ${context.apiVersion} is not served`);
  const fields = recursiveDifference(toFieldSet(typed.schema, typed.value), by.reset(context.apiVersion));
  const self = managerOf(context, 'Apply', fields);
  const key = managerKey(self);
  const claimed = new Map(managers).set(key, self);
  const object = mergeConfiguration(current.value, typed, claimed, managers.get(key), by);
  const next = yieldFields(current.value, object, claimed, key, { ...by, force });
  const own = difference(fields, stripped);
  if (isEmptySet(own)) next.delete(key);
  else next.set(key, { ...self, fields: own });
  return { object, managers: next, isSame: deepEqual(current.value, object) };
}

/** When nothing changed, the applier's entry keeps its time. */
function renew(
  managers: Map<string, Manager>,
  before: ReadonlyMap<string, Manager>,
  isSame: boolean,
  context: WriteContext,
): Map<string, Manager> {
  const key = managerKey(managerOf(context, 'Apply', emptySet));
  const self = managers.get(key);
  const time = before.get(key)?.time;
  if (isSame && self !== undefined && time !== undefined) managers.set(key, { ...self, time });
  return managers;
}

function conflictMessage(conflicts: readonly Conflict[]): string {
  const [first] = conflicts;
  if (conflicts.length === 1 && first !== undefined) {
    const where = formatFieldPath(first.path);
    return `Apply failed with 1 conflict: conflict with ${describeManager(first.manager)}: ${where}`;
  }
  const byManager = Map.groupBy(conflicts, ({ manager }) => manager);
  const lines = [...byManager].flatMap(([manager, all]) => [
    `conflicts with ${describeManager(manager)}:`,
    ...all.map(({ path }) => `- ${formatFieldPath(path)}`),
  ]);
  return `Apply failed with ${conflicts.length} conflicts: ${lines.join('\n')}`;
}
