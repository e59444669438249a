/**
 * What every request goes through: who asks, may they, is there room; then the handler, and whatever it
 * throws becomes a Status. HTTP requests, upgrades and in-process calls share these steps.
 */
import type { TLSSocket } from 'node:tls';
import type { Logger } from '../base/log.ts';
import type { Random } from '../base/random.ts';
import type { AuditedUser, Trail } from './audit/audit.ts';
import { AuthenticationError, type Attributes, type AuthenticationRequest, type UserInfo } from './access.ts';
import { withBearerProtocol } from './authentication/websocket-bearer.ts';
import { forbidden, pathNotFound, StatusError, unauthorized, type Status } from './errors.ts';
import { dispatch, resolveTarget, type Dispatcher } from './handlers/dispatch.ts';
import { writeContext } from './handlers/options.ts';
import { subresourceOf } from './handlers/subresources.ts';
import type { Exchange } from './http/exchange.ts';
import { WebSocketExchange, type UpgradeRequest } from './http/websocket-exchange.ts';
import { isTrue, requestInfoOf, type RequestInfo } from './http/request-info.ts';
import { sendJson, statusHeaders, statusOf } from './http/respond.ts';
import type { Metrics } from './metrics.ts';
import type { WriteContext } from './registry/context.ts';
import type { FlowControl, ServerState } from './server-types.ts';
import { admitConnection } from './subresources/connect.ts';

export interface Pipeline {
  readonly server: ServerState;
  readonly dispatcher: Dispatcher;
  readonly metrics: Metrics;
  readonly flow: FlowControl;
  /** Paths that are no resources: discovery, health, version, OpenAPI, metrics. False when there is nothing there. */
  readonly answerPath: (exchange: Exchange, info: RequestInfo, user: UserInfo) => boolean | Promise<boolean>;
}

export async function handle(pipeline: Pipeline, exchange: Exchange): Promise<void> {
  const { server, metrics } = pipeline;
  const { clock, log } = server;
  const begun = clock.monotonic();
  const call: { info?: RequestInfo; trail?: Trail } = {};
  let long = false;
  exchange.auditId = auditIdOf(exchange, server.random);
  try {
    const info = requestInfoOf(exchange.method, exchange.url);
    call.info = info;
    long = isLongRunning(info);
    if (long) metrics.started(labelsOf(info));
    await serve(pipeline, exchange, info, (trail = call.trail) => {
      if (trail !== undefined) call.trail = trail;
      return trail;
    });
    call.trail?.finish(exchange.status || 200);
  } catch (error) {
    const status = refuse(exchange, error, log);
    call.trail?.finish(status?.code ?? 500, status);
  }
  const { info } = call;
  if (info === undefined) return;
  const seconds = (clock.monotonic() - begun) / 1000;
  metrics.finished(labelsOf(info), exchange.status || 200, seconds, long);
}

/** Longer ones are not the client's to choose: they go into every line of the log. */
const longestAuditId = 64;

/** The client's own, as far as it can be told from others in a log; otherwise a new one. */
function auditIdOf({ headers }: Pick<Exchange, 'headers'>, random: Random): string {
  const [asked = ''] = [headers['audit-id'] ?? ''].flat();
  return /^[\w.:/+=-]+$/u.test(asked) ? asked.slice(0, longestAuditId) : random.uuid();
}

/** Answers with a Status, or breaks off an answer that has been begun. */
function refuse(exchange: Exchange, error: unknown, log: Logger): (Status & { readonly code: number }) | undefined {
  try {
    const status = statusOf(error, log, `${exchange.method} ${exchange.url}`);
    if (exchange.started) exchange.destroy();
    else sendJson(exchange, status.code, status, statusHeaders(status));
    return status;
  } catch (failure) {
    log.error('an answer could not be sent', { error: failure });
    exchange.destroy();
    return undefined;
  }
}

async function serve(
  pipeline: Pipeline,
  given: Exchange,
  info: RequestInfo,
  follow: (trail: Trail | undefined) => Trail | undefined,
): Promise<void> {
  const { headers, socket } = given;
  const user = await identify(
    pipeline,
    { headers, path: info.path, ...(socket === undefined ? {} : { socket }) },
    (who) => follow(pipeline.server.dependencies.audit?.begin(given, info, who)),
  );
  const exchange = follow(undefined)?.watch(given) ?? given;
  const attributes = attributesOf(user, info);
  await authorize(pipeline.server, attributes, exchange.annotate);
  const release = isLongRunning(info) ? undefined : await pipeline.flow.admit(user, attributes);
  try {
    if (info.resource !== undefined) await dispatch(pipeline.dispatcher, exchange, info, info.resource, user);
    else if (!(await pipeline.answerPath(exchange, info, user))) throw pathNotFound();
  } finally {
    release?.();
  }
}

/** An upgrade: a watch, a log, exec, attach, portforward, proxy. What is refused gets an ordinary HTTP answer. */
export async function upgrade(pipeline: Pipeline, asked: UpgradeRequest): Promise<void> {
  const { server } = pipeline;
  const { message, socket } = asked;
  const { method = 'GET', url = '/' } = message;
  socket.on('error', () => socket.destroy());
  let trail: Trail | undefined;
  const auditId = auditIdOf(message, server.random);
  try {
    const headers = withBearerProtocol(message.headers);
    message.headers = headers;
    const info = requestInfoOf(method, url);
    const isStream = info.verb === 'watch' || info.resource?.subresource === 'log';
    if (isStream && headers.upgrade?.toLowerCase() === 'websocket')
      return await handle(pipeline, new WebSocketExchange(asked));
    const tls = message.socket as TLSSocket;
    const user = await identify(pipeline, { headers, path: info.path, socket: tls }, (who) => {
      trail = server.dependencies.audit?.begin({ url, headers, socket: tls, auditId }, info, who);
    });
    const annotate = (key: string, value: string): void => trail?.annotate(key, value);
    await authorize(server, attributesOf(user, info), annotate);
    await answerUpgrade(pipeline, asked, info, { user, annotate });
    trail?.finish(101);
  } catch (error) {
    const status = statusOf(error, server.log, `${method} ${url}`);
    trail?.finish(status.code, status);
    const refused: Exchange = new WebSocketExchange(asked);
    refused.auditId = auditId;
    sendJson(refused, status.code, status);
  }
}

async function answerUpgrade(
  { server, dispatcher }: Pipeline,
  asked: UpgradeRequest,
  info: RequestInfo,
  { user, annotate }: Pick<WriteContext, 'user' | 'annotate'>,
): Promise<void> {
  const request = info.resource;
  if (request === undefined) throw pathNotFound();
  const { resource, target } = resolveTarget(server, request);
  const handler = subresourceOf(dispatcher.subresources, resource, request.subresource);
  if (handler?.upgrade === undefined) throw pathNotFound();
  const userAgent = asked.message.headers['user-agent'] ?? '';
  const context = writeContext({ query: info.query, user, userAgent, warnings: [], annotate });
  const call = { ...asked, info, request, resource, target, user, context, server };
  if (handler.connect !== undefined) await admitConnection(call, handler.connect);
  await handler.upgrade(call);
}

/** Throws 401, or 403 when the request wants to be treated as someone it may not be. */
async function identify(
  { server }: Pipeline,
  request: AuthenticationRequest,
  tell: (who: AuditedUser) => void,
): Promise<UserInfo> {
  const { authenticator, authorizer, impersonate } = server.dependencies;
  let who: AuditedUser = { user: nobody };
  try {
    const user = await authenticated(() => authenticator.authenticate(request), server.log);
    who = { user };
    const impersonated = await impersonate?.(user, request, authorizer);
    if (impersonated !== undefined) who = { user, impersonated };
    return impersonated ?? user;
  } finally {
    tell(who);
  }
}

/** Who could not show who it is. */
const nobody: UserInfo = { username: '', groups: [] };

async function authenticated(authenticate: () => Promise<UserInfo | undefined>, log: Logger): Promise<UserInfo> {
  try {
    const user = await authenticate();
    if (user !== undefined) return user;
  } catch (error) {
    if (!(error instanceof AuthenticationError)) throw error;
    log.info('credentials were refused', { error });
    if (error.told) throw unauthorized(`Unauthorized: ${error.message}`);
  }
  throw unauthorized();
}

function attributesOf(user: UserInfo, info: RequestInfo): Attributes {
  const { path, verb, resource: request, query } = info;
  if (request === undefined) return { user, verb, path };
  const { group, version, resource, subresource, namespace, name } = request;
  const fieldSelector = query.get('fieldSelector');
  const labelSelector = query.get('labelSelector');
  return {
    user,
    verb,
    path,
    resource: {
      group,
      version,
      resource,
      subresource,
      namespace,
      name,
      ...(fieldSelector === null ? {} : { fieldSelector }),
      ...(labelSelector === null ? {} : { labelSelector }),
    },
  };
}

/** Throws 403 in upstream's words. */
export async function authorize(
  { dependencies }: Pick<ServerState, 'dependencies'>,
  attributes: Attributes,
  annotate?: (key: string, value: string) => void,
): Promise<void> {
  const pending = dependencies.authorizer.authorize(attributes);
  const { verdict, reason, error } = pending instanceof Promise ? await pending : pending;
  annotate?.('authorization.k8s.io/decision', verdict === 'allow' ? 'allow' : 'forbid');
  annotate?.('authorization.k8s.io/reason', error ?? reason);
  if (verdict === 'allow') return;
  if (error !== undefined) throw undecided(attributes, error);
  throw refusal(attributes, reason);
}

/** 500: one of those who decide could not be asked. */
function undecided({ path, verb, resource }: Attributes, error: string): Error {
  const what = resource === undefined || path !== '' ? path : `${verb} ${resource.resource}`;
  return new StatusError(500, 'InternalError', `Internal Server Error: ${JSON.stringify(what)}: ${error}`);
}

/** 403 in upstream's words. */
export function refusal(attributes: Attributes, reason: string): Error {
  const { user, verb, path, resource } = attributes;
  const who = JSON.stringify(user.username);
  const because = reason === '' ? '' : `: ${reason}`;
  if (resource === undefined) {
    return forbidden(
      { group: '', resource: '' },
      '',
      `User ${who} cannot ${verb} path ${JSON.stringify(path)}${because}`,
    );
  }
  const { group, namespace, name, subresource } = resource;
  const what = subresource === '' ? resource.resource : `${resource.resource}/${subresource}`;
  const where = namespace === '' ? 'at the cluster scope' : `in the namespace ${JSON.stringify(namespace)}`;
  const sentence = `User ${who} cannot ${verb} resource ${JSON.stringify(what)} in API group ${JSON.stringify(group)} ${where}`;
  return forbidden({ group, resource: resource.resource }, name, sentence + because);
}

const longSubresources: ReadonlySet<string> = new Set(['log', 'exec', 'attach', 'portforward', 'proxy']);

function isLongRunning({ verb, resource, query }: RequestInfo): boolean {
  if (resource === undefined) return false;
  if (verb === 'watch') return true;
  if (!longSubresources.has(resource.subresource)) return false;
  return resource.subresource !== 'log' || isTrue(query.get('follow'));
}

function labelsOf({ verb, resource }: RequestInfo): Parameters<Metrics['started']>[0] {
  if (resource === undefined)
    return { verb: verb.toUpperCase(), group: '', version: '', resource: '', subresource: '', scope: '' };
  const { group, version, subresource, namespace, name } = resource;
  const scope = name !== '' ? 'resource' : namespace !== '' ? 'namespace' : 'cluster';
  const shown = verb === 'create' ? 'POST' : verb === 'update' ? 'PUT' : verb.toUpperCase();
  return { verb: shown, group, version, resource: resource.resource, subresource, scope };
}
