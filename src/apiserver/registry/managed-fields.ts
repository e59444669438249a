/** Who manages which fields: brought up to date on every write that is not an apply. */
import { timestamp } from '../../base/clock.ts';
import type { Kind } from '../../api/kind.ts';
import { emptySet, fieldSet, type FieldSet } from '../../schema/apply/field-set.ts';
import { keepTimes, trackUpdate, type WriteContext as TrackContext } from '../../schema/apply/track.ts';
import { TypedError } from '../../schema/apply/shape.ts';
import type { Converter } from '../../schema/apply/updater.ts';
import { deepClone } from '../../schema/freeze.ts';
import type { Registry, Target, WriteContext } from './context.ts';
import type { Resource, Resources } from './resources.ts';
import { draftMeta, metaOf, type DraftObject, type Snapshot } from './snapshot.ts';

/** The manager's name when a client does not say one: what stands before the `/` of its user agent. */
function managerOf(context: WriteContext): string {
  if (context.fieldManager !== '') return context.fieldManager;
  const [agent = ''] = context.userAgent.split('/', 1);
  return agent.replaceAll(/\p{C}/gu, '').slice(0, 128);
}

/** How the apply engine sees this write. */
export function trackContext(
  registry: Registry,
  { resource, subresource }: Target,
  context: WriteContext,
): TrackContext {
  return {
    manager: managerOf(context),
    apiVersion: resource.kind.apiVersion,
    subresource,
    now: timestamp(registry.clock.now()),
    convert: converterOf(registry.resources, resource),
    reset: resetsOf(resource.storage, subresource),
  };
}

/** Before admission: what admission and the server add on their own is nobody's. */
export function recordWrite(
  registry: Registry,
  target: Target,
  draft: DraftObject,
  old: Snapshot | undefined,
  context: WriteContext,
): void {
  const live = old?.value as DraftObject | undefined;
  const { resource } = target;
  const named = { ...draft, kind: resource.storage.kind, apiVersion: resource.storage.apiVersion };
  setManagers(draft, managersOf(live, named, trackContext(registry, target, context)));
}

/** Nobody, of an object whose list items can not be told apart (`conditions: [{}]`): whether it is valid is for others to say. */
function managersOf(live: DraftObject | undefined, named: DraftObject, context: TrackContext): Managers {
  try {
    return metaOf(trackUpdate(live, named, context)).managedFields;
  } catch (error) {
    if (error instanceof TypedError) return undefined;
    throw error;
  }
}

type Managers = ReturnType<typeof metaOf>['managedFields'];

/** Before storing: a write that would change nothing but times in managedFields changes nothing. */
export function keepManagerTimes(draft: DraftObject, old: Snapshot): void {
  const before = draftMeta(draft).managedFields;
  if (before === undefined) return;
  // The revision is not part of what is stored, and so not a difference.
  const { resourceVersion: _revision, ...meta } = draftMeta(draft);
  const kept = keepTimes(old.value as DraftObject, { ...draft, metadata: meta });
  setManagers(draft, metaOf(kept).managedFields);
}

function setManagers(draft: DraftObject, managers: Managers): void {
  const meta = draftMeta(draft);
  if (managers === undefined) delete meta.managedFields;
  else meta.managedFields = managers;
}

/** Between the versions of one resource, by way of the stored one. */
function converterOf(resources: Resources, { storage }: Resource): Converter {
  return (object, wanted) => {
    const { apiVersion = storage.apiVersion } = object as { readonly apiVersion?: string };
    if (wanted === apiVersion) return schemaOf(resources, storage, wanted, object);
    const stored = apiVersion === storage.apiVersion ? object : toStorage(resources, storage, apiVersion, object);
    if (stored === undefined || wanted === storage.apiVersion)
      return stored && { schema: storage.schema, value: stored };
    const target = versionOf(resources, storage, wanted);
    if (target?.conversion === undefined) return undefined;
    const value = target.conversion.fromStorage(deepClone<DraftObject>(stored));
    return { schema: target.schema, value: { ...value, apiVersion: wanted, kind: target.kind } };
  };
}

function schemaOf(resources: Resources, storage: Kind, apiVersion: string, value: Readonly<DraftObject>) {
  const kind = apiVersion === storage.apiVersion ? storage : versionOf(resources, storage, apiVersion);
  return kind === undefined ? undefined : { schema: kind.schema, value };
}

function toStorage(
  resources: Resources,
  storage: Kind,
  apiVersion: string,
  object: Readonly<DraftObject>,
): Readonly<DraftObject> | undefined {
  const source = versionOf(resources, storage, apiVersion);
  if (source?.conversion === undefined) return undefined;
  const value = source.conversion.toStorage(deepClone<DraftObject>(object));
  return { ...value, apiVersion: storage.apiVersion, kind: storage.kind };
}

/** The kind in another version, if that is another form of the same stored kind. */
function versionOf(resources: Resources, storage: Kind, apiVersion: string): Kind | undefined {
  const slash = apiVersion.indexOf('/');
  const group = slash === -1 ? '' : apiVersion.slice(0, slash);
  const resource = resources.ofKind(group, apiVersion.slice(slash + 1), storage.kind);
  return resource?.storage === storage ? resource.kind : undefined;
}

const statusOnly = fieldSet(['status']);
const nothing = (): FieldSet => emptySet;
const onMain = (): FieldSet => statusOnly;
const onStatus = new WeakMap<Kind, FieldSet>();

/** What an endpoint does not let its callers change is nobody's through it. */
function resetsOf(kind: Kind, subresource: string): () => FieldSet {
  if (kind.subresources.status !== true) return nothing;
  if (subresource !== 'status') return onMain;
  let fields = onStatus.get(kind);
  if (fields === undefined) {
    const others = Object.keys(kind.schema.fields).filter((name) => !statusFields.has(name));
    const kept = (kind.statusKeeps ?? []).map((name) => ['metadata', name]);
    onStatus.set(kind, (fields = fieldSet(...others.map((name) => [name]), ...kept)));
  }
  const found = fields;
  return () => found;
}

const statusFields: ReadonlySet<string> = new Set(['apiVersion', 'kind', 'metadata', 'status']);
