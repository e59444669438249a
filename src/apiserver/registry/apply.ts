/** Server-side apply: the configuration is merged by the schema engine, and stored like any update. */
import { applyConfiguration, ApplyConflictError, ApplyRequestError } from '../../schema/apply/apply.ts';
import { TypedError } from '../../schema/apply/shape.ts';
import { deepClone, isRecord } from '../../schema/freeze.ts';
import type { Entry } from '../../store/store.ts';
import { applyConflict, badRequest, StatusError } from '../errors.ts';
import type { Registry, Target, WriteContext } from './context.ts';
import { convertIn, convertOut } from './conversion.ts';
import { checkType, complainAbout, decodeKind, type ParsedBody } from './draft.ts';
import { trackContext } from './managed-fields.ts';
import { settleNamespace } from './metadata.ts';
import { draftMeta, withRevision, type DraftObject } from './snapshot.ts';
import { updateObject, type Updated } from './update.ts';

export interface ApplyOptions {
  readonly force: boolean;
}

/** Throws 400, 409 with a cause per conflict, or 422. An absent object is created. */
export async function applyObject(
  registry: Registry,
  target: Target,
  body: ParsedBody,
  options: ApplyOptions,
  context: WriteContext,
): Promise<Updated> {
  const { resource } = target;
  const configuration = deepClone<DraftObject>(checkType(resource.kind, body.value));
  if (configuration['metadata'] !== undefined && !isRecord(configuration['metadata'])) {
    throw badRequest('metadata of an applied configuration must be an object');
  }
  complainAbout(body.duplicates, context, () =>
    badRequest(`error strict decoding YAML: ${repeatedKeys(body.duplicates)}`),
  );
  settleNamespace(resource, configuration, target.namespace);
  checkName(configuration, target.name);
  const next = (old: Entry | undefined): DraftObject => merged(registry, target, configuration, old, options, context);
  return updateObject(registry, target, context, {
    next,
    merged: true,
    createAbsent: target.subresource === '',
    managed: true,
  });
}

/** As the YAML library of upstream tells it. */
function repeatedKeys(duplicates: readonly string[]): string {
  return `error converting YAML to JSON: yaml: unmarshal errors:\n  ${duplicates.join('\n  ')}`;
}

function checkName(configuration: DraftObject, name: string): void {
  const meta = draftMeta(configuration);
  if (meta.name === undefined || meta.name === '') meta.name = name;
  if (meta.name !== name) {
    throw badRequest(`the name of the object (${meta.name}) does not match the name on the URL (${name})`);
  }
}

function merged(
  registry: Registry,
  target: Target,
  configuration: DraftObject,
  old: Entry | undefined,
  { force }: ApplyOptions,
  context: WriteContext,
): DraftObject {
  const { resource } = target;
  const live = old && (withRevision(convertOut(resource, old).value, old.revision) as unknown as DraftObject);
  try {
    const applied = applyConfiguration(live, configuration, { ...trackContext(registry, target, context), force });
    if (old !== undefined && !applied.changed) return deepClone(old.value) as DraftObject;
    return convertIn(resource, decodeKind(resource.kind, applied.object, [], context));
  } catch (error) {
    throw refusalOf(error, target, configuration);
  }
}

function refusalOf(error: unknown, { resource, name }: Target, configuration: DraftObject): unknown {
  if (error instanceof ApplyRequestError) return badRequest(error.message);
  if (error instanceof ApplyConflictError) {
    const causes = error.causes.map((cause) => ({ reason: 'FieldManagerConflict', ...cause }));
    return applyConflict(error.message, causes);
  }
  if (!(error instanceof TypedError)) return error;
  const { namespace = '' } = draftMeta(configuration);
  const { group, version, kind } = resource.kind;
  const what = `${namespace}/${name}; ${group}/${version}, Kind=${kind}`;
  // Upstream has no reason for this one.
  return new StatusError(500, '', `failed to create typed patch object (${what}): ${error.message}`);
}
