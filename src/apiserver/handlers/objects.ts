/** The verbs on resources and their objects: get, list, watch, create, update, patch, delete, deletecollection. */
import { isRecord } from '../../schema/freeze.ts';
import { decodeObject, DecodeError } from '../../schema/decode.ts';
import { Binding } from '../../api/core/binding.ts';
import { Pod } from '../../api/core/pod.ts';
import type { Kind } from '../../api/kind.ts';
import { DeleteOptions as DeleteOptionsStruct } from '../../api/meta/options.ts';
import { badRequest, internalError, StatusError, success, type Status } from '../errors.ts';
import { readBody } from '../http/body.ts';
import { bodyFormat, patchFormat } from '../http/negotiate.ts';
import { isTrue } from '../http/request-info.ts';
import { sendPieces, warningHeaders } from '../http/respond.ts';
import { applyObject } from '../registry/apply.ts';
import type { Entry } from '../../store/store.ts';
import type { WriteContext } from '../registry/context.ts';
import { createObject } from '../registry/create.ts';
import { deleteObject, type DeleteOptions } from '../registry/delete.ts';
import { parseBody, readObject, type ParsedBody } from '../registry/draft.ts';
import { patchObject } from '../registry/patch.ts';
import { integerOf, listQueryOf, readList, readOne } from '../registry/read.ts';
import { draftMeta, metaOf, type DraftObject, type Snapshot } from '../registry/snapshot.ts';
import { updateObject, type Updated } from '../registry/update.ts';
import type { Answer, Call } from '../server-types.ts';
import { openFeed } from '../watch/feed.ts';
import type { Flusher } from '../watch/flusher.ts';
import { serveWatch, type OpenWatches } from '../watch/serve.ts';
import { bindPod } from '../registry/bind.ts';
import { encoderOf } from './encoders.ts';
import { checkOptions } from './options.ts';
import { answerReview } from './virtual.ts';

/** Kinds whose DELETE answers with the object even when it is gone at once; the others answer with a Status. */
const returnsDeleted: ReadonlySet<string> = new Set([
  'persistentvolumes',
  'persistentvolumeclaims',
  'pods',
  'podtemplates',
  'resourcequotas',
  'services',
  'serviceaccounts',
]);

export function getObject(call: Call): Answer {
  const { resource, target, server } = call;
  const version = call.info.query.get('resourceVersion') ?? '';
  const snapshot = readOne(server.registry.store, resource, target.namespace, target.name, version);
  return { type: 'object', status: 200, resource, snapshot };
}

export async function listObjects(call: Call): Promise<Answer> {
  const { resource, target, server, info } = call;
  const encoder = await encoderOf(resource, call);
  const { entries, meta } = readList(server.registry.store, resource, target.namespace, listQueryOf(info.query));
  const headers = { 'content-type': encoder.contentType, ...warningHeaders(call.warnings) };
  await sendPieces(call.exchange, headers, encoder.list(entries, meta));
  return { type: 'done' };
}

export async function watchObjects(call: Call, flusher: Flusher, open: OpenWatches): Promise<Answer> {
  const { resource, target, server, info, exchange } = call;
  const encoder = await encoderOf(resource, call);
  const query = listQueryOf(info.query);
  const { store } = server.registry;
  const timeout = info.query.get('timeoutSeconds');
  const { namespace, name } = target;
  const named =
    name !== '' && query.fieldSelector === null ? { ...query, fieldSelector: `metadata.name=${name}` } : query;
  await serveWatch(
    exchange,
    (onReady) => openFeed({ store, resource, namespace, query: named, onReady }),
    { clock: server.clock, random: server.random, flusher, open },
    {
      encoder,
      headers: warningHeaders(call.warnings),
      bookmarks: isTrue(info.query.get('allowWatchBookmarks')),
      timeoutSeconds: timeout === null || timeout === '' ? 0 : Math.max(0, integerOf('timeoutSeconds', timeout)),
    },
  );
  return { type: 'done' };
}

/** The body, parsed, with duplicates looked for when somebody wants to know. */
export async function bodyOf(call: Call, kind: Kind = call.resource.kind): Promise<ParsedBody> {
  const format = bodyFormat(call.exchange.headers['content-type']);
  const body = await readBody(call.exchange, call.server.clock);
  return parseBody(body, format, call.context.fieldValidation !== 'Ignore', kind);
}

export async function createOne(call: Call): Promise<Answer> {
  const { resource, target, server, context } = call;
  checkOptions('CreateOptions', call.info.query);
  const parsed = await bodyOf(call);
  const draft = readObject(resource, parsed, context);
  if (resource.kind === Binding) return bindAsResource(call, draft);
  if (resource.kind.virtual === true) {
    const value = await answerReview(server, target, draft, context);
    const { conversion } = resource.kind;
    const shown = conversion === undefined ? value : conversion.fromStorage(value);
    return { type: 'value', status: 201, value: shown, kind: resource.kind };
  }
  const snapshot = await createObject(server.registry, target, draft, context);
  return { type: 'object', status: 201, resource, snapshot };
}

/** `POST bindings`, the older form of `POST pods/NAME/binding`. */
async function bindAsResource({ server, target, context }: Call, draft: DraftObject): Promise<Answer> {
  const { name = '' } = metaOf(draft);
  const pod = { resource: server.resources.of(Pod), namespace: target.namespace, name, subresource: 'binding' };
  const asked = { ...target, name };
  return { type: 'value', status: 201, value: await bindPod(server.registry, pod, draft, context, asked) };
}

export async function updateOne(call: Call): Promise<Answer> {
  const { resource, target, server, context } = call;
  checkOptions('UpdateOptions', call.info.query);
  const parsed = await bodyOf(call);
  // What is sent is judged before what is there; each further attempt needs a draft of its own.
  let first: DraftObject | undefined = readObject(resource, parsed, context);
  checkNameSaid(first, target.name);
  const updated = await updateObject(server.registry, target, context, {
    next: () => {
      const draft = first ?? readObject(resource, parsed, context);
      first = undefined;
      return draft;
    },
    merged: false,
    createAbsent: target.subresource === '' && resource.storage.createOnUpdate === true,
  });
  return answerOf(call, updated);
}

/** What is sent as a whole says its name itself. Throws 400. */
function checkNameSaid(draft: DraftObject, name: string): void {
  const { name: said = '' } = draftMeta(draft);
  if (said === name) return;
  throw badRequest(
    said === ''
      ? `the name of the object (${name} based on URL) was undeterminable: name must be provided`
      : `the name of the object (${said}) does not match the name on the URL (${name})`,
  );
}

export async function patchOne(call: Call): Promise<Answer> {
  const { resource, target, server, context, exchange } = call;
  const format = patchFormat(exchange.headers['content-type'], !resource.custom);
  checkOptions('PatchOptions', call.info.query, format === 'apply');
  const body = await readBody(exchange, server.clock);
  const strict = context.fieldValidation !== 'Ignore';
  if (format === 'apply') {
    const parsed = await parseBody(body, 'yaml', strict);
    const force = isTrue(call.info.query.get('force'));
    return answerOf(call, await applyObject(server.registry, target, parsed, { force }, context));
  }
  const parsed = await parseBody(body, 'json', strict);
  return answerOf(call, await patchObject(server.registry, target, format, parsed, context));
}

function answerOf(call: Call, { snapshot, created }: Updated): Answer {
  return { type: 'object', status: created ? 201 : 200, resource: call.resource, snapshot };
}

export async function deleteOne(call: Call): Promise<Answer> {
  const { resource, target, server } = call;
  const options = await deleteOptionsOf(call);
  const context = { ...call.context, dryRun: (options.dryRun?.length ?? 0) > 0 };
  const { snapshot, gone } = await deleteObject(server.registry, target, options, context);
  const { group, plural } = resource.storage;
  if (!gone || (group === '' && returnsDeleted.has(plural))) return { type: 'object', status: 200, resource, snapshot };
  return { type: 'value', status: 200, value: deletedStatus(call, snapshot) };
}

function deletedStatus({ resource, target }: Call, snapshot: Snapshot): Status {
  const { group, resource: plural } = resource.name;
  const uid = metaOf(snapshot.value).uid ?? '';
  return success({ name: target.name, ...(group === '' ? {} : { group }), kind: plural, uid });
}

export async function deleteCollection(call: Call): Promise<Answer> {
  const { resource, target, server, info } = call;
  const options = await deleteOptionsOf(call);
  const context = { ...call.context, dryRun: (options.dryRun?.length ?? 0) > 0 };
  const { store } = server.registry;
  const query = { ...listQueryOf(info.query), limit: 0, continue: '' };
  const { entries, meta } = readList(store, resource, target.namespace, query);
  const left: Snapshot[] = [];
  for (let at = 0; at < entries.length; at += perRound) {
    const round = entries.slice(at, at + perRound);
    left.push(...(await Promise.all(round.map((entry) => deleteListed(call, entry, options, context)))));
  }
  const encoder = await encoderOf(resource, call);
  await sendPieces(call.exchange, { 'content-type': encoder.contentType }, encoder.list(left, meta));
  return { type: 'done' };
}

/** Deletions of a collection that are on their way at once. */
const perRound = 64;

/** The object as it is afterwards, or as it was last. */
async function deleteListed(
  call: Call,
  entry: Entry,
  options: DeleteOptions,
  context: WriteContext,
): Promise<Snapshot> {
  const { name = '', namespace = '' } = metaOf(entry.value);
  try {
    const { registry } = call.server;
    return (await deleteObject(registry, { ...call.target, name, namespace }, options, context)).snapshot;
  } catch (error) {
    // Someone else was faster: what is wanted is the case.
    if (error instanceof StatusError && error.code === 404) return entry;
    throw error;
  }
}

/** From the body, or else from the query. Throws 400. */
async function deleteOptionsOf(call: Call): Promise<DeleteOptions> {
  const { exchange, server, info } = call;
  const body = await readBody(exchange, server.clock);
  if (body.length === 0) return queryOptions(info.query);
  const parsed = await parseBody(
    body,
    bodyFormat(exchange.headers['content-type']),
    false,
    undefined,
    DeleteOptionsStruct.schema,
  );
  if (!isRecord(parsed.value)) throw badRequest('the body of a delete must be a DeleteOptions object');
  const { kind, apiVersion: _version, ...fields } = parsed.value;
  if (kind !== undefined && kind !== '' && kind !== 'DeleteOptions') {
    throw badRequest(`the body of a delete must be a DeleteOptions object, not ${JSON.stringify(kind)}`);
  }
  try {
    const { preconditions } = fields as DeleteOptions;
    const value = decodeObject(DeleteOptionsStruct.schema, fields).value as DeleteOptions;
    // Zero says something here.
    const grace = fields['gracePeriodSeconds'];
    return {
      ...queryOptions(info.query),
      ...value,
      ...(typeof grace === 'number' ? { gracePeriodSeconds: grace } : {}),
      ...(fields['orphanDependents'] === false ? { orphanDependents: false } : {}),
      ...(preconditions === undefined ? {} : { preconditions }),
    };
  } catch (error) {
    if (error instanceof DecodeError) throw badRequest(error.message);
    throw internalError(String(error));
  }
}

function queryOptions(query: URLSearchParams): DeleteOptions {
  const grace = query.get('gracePeriodSeconds');
  const policy = query.get('propagationPolicy');
  const orphan = query.get('orphanDependents');
  const dryRun = query.getAll('dryRun');
  return {
    ...(grace === null || grace === '' ? {} : { gracePeriodSeconds: integerOf('gracePeriodSeconds', grace) }),
    ...(policy === null || policy === '' ? {} : { propagationPolicy: policy }),
    ...(orphan === null || orphan === '' ? {} : { orphanDependents: isTrue(orphan) }),
    ...(dryRun.length === 0 ? {} : { dryRun }),
  };
}
