/** From an authorised request for a resource to the handler that answers it. */
import type { Kind } from '../../api/kind.ts';
import { Status as StatusStruct } from '../../api/meta/status.ts';
import { encodeProtobuf } from '../../schema/protobuf.ts';
import type { UserInfo } from '../access.ts';
import { methodNotAllowed, methodNotSupported, pathNotFound, type Status } from '../errors.ts';
import type { Exchange, Headers } from '../http/exchange.ts';
import { negotiate, type MediaType } from '../http/negotiate.ts';
import type { RequestInfo, ResourceRequest } from '../http/request-info.ts';
import { sendBytes, sendJson, warningHeaders } from '../http/respond.ts';
import type { Target } from '../registry/context.ts';
import type { Resource } from '../registry/resources.ts';
import { revisionOf } from '../registry/read.ts';
import { seal, type DraftObject, type Snapshot } from '../registry/snapshot.ts';
import type { Answer, Call, ServerState, SubresourceHandler } from '../server-types.ts';
import type { Flusher } from '../watch/flusher.ts';
import type { OpenWatches } from '../watch/serve.ts';
import { admitConnection } from '../subresources/connect.ts';
import { answerComputed, computedOf } from './computed.ts';
import { encoderOf } from './encoders.ts';
import {
  createOne,
  deleteCollection,
  deleteOne,
  getObject,
  listObjects,
  patchOne,
  updateOne,
  watchObjects,
} from './objects.ts';
import { writeContext } from './options.ts';
import { subresourceOf } from './subresources.ts';

export interface Dispatcher {
  readonly server: ServerState;
  readonly subresources: ReadonlyMap<string, SubresourceHandler>;
  readonly flusher: Flusher;
  readonly watches: OpenWatches;
}

const allVerbs = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'];

export function verbsOf(kind: Kind): readonly string[] {
  if (kind.virtual === true) return ['create'];
  return kind.verbs ?? allVerbs;
}

/** Where a request goes. Throws 404 for what is not served. */
export function resolveTarget(server: ServerState, request: ResourceRequest): { resource: Resource; target: Target } {
  const resource = server.resources.find(request.group, request.version, request.resource);
  if (resource === undefined) throw pathNotFound();
  const { name, subresource } = request;
  // The path of a namespace names itself as its namespace.
  const namespace = resource.namespaced ? request.namespace : '';
  if (!resource.namespaced && request.namespace !== '' && request.resource !== 'namespaces') throw pathNotFound();
  return { resource, target: { resource, namespace, name, subresource } };
}

export async function dispatch(
  dispatcher: Dispatcher,
  exchange: Exchange,
  info: RequestInfo,
  request: ResourceRequest,
  user: UserInfo,
): Promise<void> {
  const { server } = dispatcher;
  const { resource, target } = resolveTarget(server, request);
  const warnings: string[] = [];
  const deprecation = resource.kind.conversion?.warning ?? resource.kind.deprecation;
  const userAgent = exchange.headers['user-agent'] ?? '';
  const { annotate } = exchange;
  if (deprecation !== undefined) {
    warnings.push(deprecation);
    annotateDeprecated(deprecation, annotate);
  }
  const context = writeContext({ query: info.query, user, userAgent, warnings, annotate });
  const offer = { stream: info.verb === 'watch', wholeOnly: resource.kind.virtual === true };
  const media = negotiate(exchange.headers.accept, offer);
  const call: Call = { exchange, info, request, resource, target, user, media, context, warnings, server };
  await answer(call, await answerCall(dispatcher, call));
}

/** The audit log tells who still asks for what goes away. */
function annotateDeprecated(warning: string, annotate: Exchange['annotate']): void {
  const [, removed] = /unavailable in v(\d+\.\d+)\+/u.exec(warning) ?? [];
  annotate?.('k8s.io/deprecated', 'true');
  if (removed !== undefined) annotate?.('k8s.io/removed-release', removed);
}

function answerCall(dispatcher: Dispatcher, call: Call): Answer | Promise<Answer> {
  const { request, resource, info } = call;
  if (request.subresource !== '') return answerSubresource(dispatcher, call);
  if (info.verb === '') throw methodNotAllowed();
  if (!verbsOf(resource.kind).includes(info.verb)) throw methodNotSupported(resource.name, info.verb);
  checkPlace(call);
  return answerVerb(dispatcher, call);
}

/** Each verb has its paths: objects are created by a POST to their collection, and so on. Throws 404 or 405. */
function checkPlace({ resource, target, info }: Call): void {
  const { verb } = info;
  if (resource.namespaced && target.namespace === '' && verb !== 'list' && verb !== 'watch') {
    // An object without its namespace is no path at all.
    throw target.name === '' ? methodNotAllowed() : pathNotFound();
  }
  if (verb === 'create' && target.name !== '') throw methodNotAllowed();
  if ((verb === 'update' || verb === 'patch') && target.name === '') throw methodNotAllowed();
}

function answerVerb({ flusher, watches }: Dispatcher, call: Call): Answer | Promise<Answer> {
  const computed = computedOf(call);
  if (computed !== undefined) return answerComputed(call, computed);
  switch (call.info.verb) {
    case 'get':
      return getObject(call);
    case 'list':
      return listObjects(call);
    case 'watch':
      return watchObjects(call, flusher, watches);
    case 'create':
      return createOne(call);
    case 'update':
      return updateOne(call);
    case 'patch':
      return patchOne(call);
    case 'delete':
      return deleteOne(call);
    default:
      return deleteCollection(call);
  }
}

async function answerSubresource(dispatcher: Dispatcher, call: Call): Promise<Answer> {
  const { resource, request, info } = call;
  const handler = subresourceOf(dispatcher.subresources, resource, request.subresource);
  if (handler === undefined) throw pathNotFound();
  if (!handler.verbs.includes(info.verb)) throw methodNotAllowed();
  if (handler.connect !== undefined) await admitConnection(call, handler.connect);
  return handler.handle(call);
}

async function answer(call: Call, result: Answer): Promise<void> {
  if (result.type === 'done') return;
  const { exchange, media, warnings } = call;
  const resource = result.type === 'object' ? result.resource : virtualResource(call, result.kind);
  const snapshot = result.type === 'object' ? result.snapshot : snapshotOf(result.value, result.kind);
  if (result.type === 'value' && result.kind === undefined) {
    return sendPlain(exchange, result.status, result.value as Status, media, warningHeaders(warnings));
  }
  const encoder = await encoderOf(resource, call);
  const headers = { 'content-type': encoder.contentType, ...warningHeaders(warnings) };
  sendBytes(exchange, result.status, headers, encoder.one(snapshot));
}

function virtualResource(call: Call, kind: Kind | undefined): Resource {
  if (kind === undefined || kind === call.resource.kind) return call.resource;
  return { ...call.resource, kind, storage: kind };
}

function snapshotOf(value: object, kind: Kind | undefined): Snapshot {
  if (kind === undefined) return { value, bytes: new Uint8Array(), revision: 0 };
  const { resourceVersion = '' } = (value as { metadata?: { resourceVersion?: string } }).metadata ?? {};
  return { ...seal(kind, value as DraftObject), revision: revisionOf(resourceVersion) };
}

/** A Status on success, in the form that the client asked for first. */
function sendPlain(exchange: Exchange, code: number, status: Status, media: MediaType, headers: Headers): void {
  if (media.format !== 'protobuf') return sendJson(exchange, code, status, headers);
  const body = encodeProtobuf(StatusStruct.schema, { ...status });
  sendBytes(exchange, code, { ...headers, 'content-type': media.contentType }, body);
}
