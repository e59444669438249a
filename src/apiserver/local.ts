/**
 * The API for callers in the same process: no sockets, no serialising for reads, the same authorisation,
 * admission and validation. Objects are frozen and shared by all callers.
 */
import type { Kind, KubernetesObject } from '../api/kind.ts';
import type { Clock } from '../base/clock.ts';
import { OverflowError } from '../base/subscription.ts';
import type { Change } from '../store/store.ts';
import type { UserInfo } from './access.ts';
import type { Trail } from './audit/audit.ts';
import type { RequestInfo } from './http/request-info.ts';
import { expired, pathNotFound, StatusError, type Status } from './errors.ts';
import { answerReview } from './handlers/virtual.ts';
import { localExchange, type LocalAnswer } from './http/local-exchange.ts';
import { handle, authorize, type Pipeline } from './pipeline.ts';
import { applyObject } from './registry/apply.ts';
import { bindPod } from './registry/bind.ts';
import type { Target, WriteContext } from './registry/context.ts';
import { convertOut } from './registry/conversion.ts';
import { createObject } from './registry/create.ts';
import { deleteObject, type DeleteOptions } from './registry/delete.ts';
import { readObject } from './registry/draft.ts';
import { patchObject } from './registry/patch.ts';
import { readList, readOne, type ListQuery } from './registry/read.ts';
import type { Resource } from './registry/resources.ts';
import { liveObject, type DraftObject, type Snapshot } from './registry/snapshot.ts';
import { updateObject } from './registry/update.ts';
import { itemOf, openFeed, type Feed } from './watch/feed.ts';

export interface LocalListOptions {
  readonly namespace?: string | undefined;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
  readonly limit?: number;
  readonly continue?: string;
  readonly resourceVersion?: string;
}

export interface LocalList<T> {
  readonly items: readonly T[];
  readonly resourceVersion: string;
  readonly continue?: string;
}

export type LocalEvent<T> =
  | { readonly type: 'ADDED' | 'MODIFIED' | 'DELETED'; readonly object: T }
  | { readonly type: 'BOOKMARK'; readonly resourceVersion: string };

export interface LocalWatchOptions {
  readonly namespace?: string | undefined;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
  readonly resourceVersion: string;
  readonly signal: AbortSignal;
}

export interface LocalWriteOptions {
  readonly subresource?: string;
  readonly fieldManager?: string;
  readonly dryRun?: boolean;
}

type LocalPatchOptions = LocalWriteOptions & {
  readonly type: 'json' | 'merge' | 'strategic' | 'apply';
  readonly force?: boolean;
};

type AnnotatedOptions = LocalWriteOptions & Pick<WriteContext, 'annotate'>;

/** What the audit log is told of a call. */
interface LocalCall {
  readonly kind: Kind;
  readonly verb: string;
  readonly place: Place;
  readonly subresource?: string | undefined;
  readonly sent?: unknown;
}

interface Place {
  readonly namespace?: string | undefined;
  readonly name: string;
}

export class LocalApi {
  readonly #pipeline: Pipeline;
  readonly #user: UserInfo;

  constructor(pipeline: Pipeline, user: UserInfo) {
    this.#pipeline = pipeline;
    this.#user = user;
  }

  get<T extends KubernetesObject>(kind: Kind<T>, place: Place): Promise<T> {
    return this.#audited({ kind, verb: 'get', place }, async () => {
      const target = await this.#target(kind, 'get', place);
      return objectOf<T>(
        target.resource,
        readOne(this.#registry.store, target.resource, target.namespace, target.name),
      );
    });
  }

  list<T extends KubernetesObject>(kind: Kind<T>, options: LocalListOptions = {}): Promise<LocalList<T>> {
    const place = { namespace: options.namespace, name: '' };
    return this.#audited({ kind, verb: 'list', place }, () => this.#list(kind, options));
  }

  async #list<T extends KubernetesObject>(kind: Kind<T>, options: LocalListOptions): Promise<LocalList<T>> {
    const { resource, namespace } = await this.#target(kind, 'list', { namespace: options.namespace, name: '' });
    const { entries, meta } = readList(this.#registry.store, resource, namespace, queryOf(options));
    return {
      items: entries.map((entry) => objectOf<T>(resource, entry)),
      resourceVersion: meta.resourceVersion,
      ...(meta.continue === undefined ? {} : { continue: meta.continue }),
    };
  }

  /** Throws a StatusError with code 410 when the revision is too old, or when the reader was too slow. */
  async *watch<T extends KubernetesObject>(kind: Kind<T>, options: LocalWatchOptions): AsyncGenerator<LocalEvent<T>> {
    const trail = this.#trail({ kind, verb: 'watch', place: { namespace: options.namespace, name: '' } });
    let feed: Feed | undefined;
    let failed = false;
    const stop = (): void => feed?.watch.close();
    try {
      trail?.opened(200);
      const { resource, namespace } = await this.#target(kind, 'watch', { namespace: options.namespace, name: '' });
      feed = openFeed({ store: this.#registry.store, resource, namespace, query: queryOf(options) });
      options.signal.addEventListener('abort', stop, { once: true });
      if (options.signal.aborted) return;
      for (const entry of feed.initial ?? []) yield { type: 'ADDED', object: objectOf(resource, entry) };
      for await (const change of feed.watch) {
        const event = eventOf<T>(resource, change, feed.selection);
        if (event !== undefined) yield event;
      }
    } catch (thrown) {
      const error = thrown instanceof OverflowError ? expired(thrown.message) : thrown;
      failed = true;
      trail?.finish(...refusalOf(error));
      throw error;
    } finally {
      options.signal.removeEventListener('abort', stop);
      stop();
      if (!failed) trail?.finish(200);
    }
  }

  create<T extends KubernetesObject>(kind: Kind<T>, object: object, options: LocalWriteOptions = {}): Promise<T> {
    const { metadata: { namespace = '' } = {} } = object as { readonly metadata?: Partial<Place> };
    const place = { namespace, name: '' };
    return this.#audited({ kind, verb: 'create', place, subresource: options.subresource, sent: object }, (trail) =>
      this.#create(kind, object, { ...options, annotate: trail?.annotate }),
    );
  }

  async #create<T extends KubernetesObject>(kind: Kind<T>, object: object, options: AnnotatedOptions): Promise<T> {
    const { namespace = '' } = (object as { readonly metadata?: { readonly namespace?: string } }).metadata ?? {};
    const target = await this.#target(kind, 'create', { namespace, name: '' });
    const { resource } = target;
    const context = this.#context(options);
    const draft = readObject(resource, { value: object, duplicates: [] }, context);
    if (kind.virtual === true)
      return (await answerReview(this.#pipeline.server, target, draft, context)) as unknown as T;
    return objectOf(resource, await createObject(this.#registry, target, draft, context));
  }

  update<T extends KubernetesObject>(kind: Kind<T>, object: object, options: LocalWriteOptions = {}): Promise<T> {
    const { metadata: { namespace = '', name = '' } = {} } = object as { readonly metadata?: Partial<Place> };
    const place = { namespace, name };
    return this.#audited({ kind, verb: 'update', place, subresource: options.subresource, sent: object }, (trail) =>
      this.#update(kind, object, { ...options, annotate: trail?.annotate }),
    );
  }

  async #update<T extends KubernetesObject>(kind: Kind<T>, object: object, options: AnnotatedOptions): Promise<T> {
    const { metadata } = object as KubernetesObject;
    const target = await this.#target(kind, 'update', metadata, options.subresource);
    const { resource, subresource } = target;
    const context = this.#context(options);
    const { snapshot } = await updateObject(this.#registry, target, context, {
      next: () => readObject(resource, { value: object, duplicates: [] }, context),
      merged: false,
      createAbsent: subresource === '' && resource.storage.createOnUpdate === true,
    });
    return objectOf(resource, snapshot);
  }

  patch<T extends KubernetesObject>(
    kind: Kind<T>,
    place: Place,
    patch: unknown,
    options: LocalPatchOptions,
  ): Promise<T> {
    return this.#audited({ kind, verb: 'patch', place, subresource: options.subresource, sent: patch }, (trail) =>
      this.#patch(kind, place, patch, { ...options, annotate: trail?.annotate }),
    );
  }

  async #patch<T extends KubernetesObject>(
    kind: Kind<T>,
    place: Place,
    patch: unknown,
    options: LocalPatchOptions & AnnotatedOptions,
  ): Promise<T> {
    const target = await this.#target(kind, 'patch', place, options.subresource);
    const context = this.#context(options);
    const body = { value: patch, duplicates: [] };
    const { snapshot } =
      options.type === 'apply'
        ? await applyObject(this.#registry, target, body, { force: options.force ?? false }, context)
        : await patchObject(this.#registry, target, options.type, body, context);
    return objectOf(target.resource, snapshot);
  }

  delete(kind: Kind, place: Place, options: DeleteOptions = {}): Promise<void> {
    return this.#audited({ kind, verb: 'delete', place, sent: options }, async (trail) => {
      const target = await this.#target(kind, 'delete', place);
      const context = this.#context({ dryRun: (options.dryRun?.length ?? 0) > 0, annotate: trail?.annotate });
      await deleteObject(this.#registry, target, options, context);
    });
  }

  /** POSTs to a subresource: `binding` directly, the others as a request would. */
  async post(kind: Kind, place: Place, subresource: string, body: object): Promise<unknown> {
    if (kind.group === '' && kind.kind === 'Pod' && subresource === 'binding') {
      return this.#audited({ kind, verb: 'create', place, subresource, sent: body }, async (trail) => {
        const target = await this.#target(kind, 'create', place, subresource);
        const context = this.#context({ annotate: trail?.annotate });
        return bindPod(this.#registry, target, structuredClone(body) as DraftObject, context);
      });
    }
    const path = pathOf({ kind, verb: 'create', place, subresource });
    const headers = { 'content-type': 'application/json', accept: 'application/json' };
    const answer = await this.request({ method: 'POST', path, headers, body: JSON.stringify(body) });
    const value: unknown = JSON.parse(Buffer.from(answer.body).toString());
    if (answer.status >= 400) throw errorOf(answer.status, value);
    return value;
  }

  /** Any request, through the whole pipeline but authentication. Does not throw on HTTP errors. */
  request(request: {
    readonly method: string;
    readonly path: string;
    readonly headers?: Readonly<Record<string, string>>;
    readonly body?: string | Uint8Array;
    readonly signal?: AbortSignal;
  }): Promise<LocalAnswer> {
    const { exchange, answer } = localExchange(request);
    const { server } = this.#pipeline;
    const dependencies = { ...server.dependencies, authenticator: { authenticate: () => Promise.resolve(this.#user) } };
    void handle({ ...this.#pipeline, server: { ...server, dependencies } }, exchange);
    return answer;
  }

  get #registry() {
    return this.#pipeline.server.registry;
  }

  get clock(): Clock {
    return this.#pipeline.server.clock;
  }

  async #target(kind: Kind, verb: string, place: Place, subresource = ''): Promise<Target> {
    const { server } = this.#pipeline;
    const resource = server.resources.find(kind.group, kind.version, kind.plural);
    if (resource === undefined) throw pathNotFound();
    const namespace = resource.namespaced ? (place.namespace ?? '') : '';
    const { group, version, plural } = kind;
    await authorize(server, {
      user: this.#user,
      verb,
      path: '',
      resource: { group, version, resource: plural, subresource, namespace, name: place.name },
    });
    return { resource, namespace, name: place.name, subresource };
  }

  /** What the audit log is to say of a call; undefined when nothing. */
  #trail(call: LocalCall): Trail | undefined {
    const { audit } = this.#pipeline.server.dependencies;
    if (audit === undefined) return undefined;
    const { kind, verb, place, subresource = '' } = call;
    const url = pathOf(call);
    const info: RequestInfo = {
      method: '',
      verb,
      path: url,
      query: noQuery,
      rawQuery: '',
      resource: {
        group: kind.group,
        version: kind.version,
        resource: kind.plural,
        subresource,
        namespace: place.namespace ?? '',
        name: place.name,
        rest: '',
      },
    };
    const headers = { 'user-agent': agentOf(this.#user) };
    const trail = audit.begin({ url, headers, socket: undefined }, info, { user: this.#user });
    if (call.sent !== undefined) trail?.keep({ sent: call.sent });
    return trail;
  }

  async #audited<T>(call: LocalCall, work: (trail: Trail | undefined) => Promise<T>): Promise<T> {
    const trail = this.#trail(call);
    if (trail === undefined) return work(undefined);
    try {
      const answered = await work(trail);
      if (answered !== undefined) trail.keep({ answered });
      trail.finish(call.verb === 'create' ? 201 : 200);
      return answered;
    } catch (error) {
      trail.finish(...refusalOf(error));
      throw error;
    }
  }

  #context({ fieldManager = '', dryRun = false, annotate }: AnnotatedOptions): WriteContext {
    const { log } = this.#pipeline.server;
    return {
      user: this.#user,
      dryRun,
      fieldManager,
      userAgent: agentOf(this.#user),
      fieldValidation: 'Ignore',
      annotate,
      warn: (text) => log.debug('a write of our own was warned about', { text }),
    };
  }
}

const noQuery = new URLSearchParams();

const agentOf = ({ username }: UserInfo): string => username.slice(username.lastIndexOf(':') + 1);

/** As a client over the network would call it. */
function pathOf({ kind, place, subresource = '' }: LocalCall): string {
  const { group, version, plural } = kind;
  const root = group === '' ? `/api/${version}` : `/apis/${group}/${version}`;
  const scope = (place.namespace ?? '') === '' ? '' : `/namespaces/${place.namespace}`;
  const name = place.name === '' ? '' : `/${encodeURIComponent(place.name)}`;
  return `${root}${scope}/${plural}${name}${subresource === '' ? '' : `/${subresource}`}`;
}

function refusalOf(error: unknown): [number, Status?] {
  return error instanceof StatusError ? [error.code, error.status] : [500];
}

function objectOf<T extends KubernetesObject>(resource: Resource, snapshot: Snapshot): T {
  return liveObject(convertOut(resource, snapshot)) as T;
}

function eventOf<T extends KubernetesObject>(
  resource: Resource,
  change: Change,
  selection: Parameters<typeof itemOf>[1],
): LocalEvent<T> | undefined {
  const item = itemOf(change, selection);
  return item === undefined ? undefined : { type: item.type, object: objectOf<T>(resource, item.snapshot) };
}

function queryOf(options: LocalListOptions): ListQuery {
  return {
    labelSelector: options.labelSelector ?? null,
    fieldSelector: options.fieldSelector ?? null,
    resourceVersion: options.resourceVersion ?? '',
    resourceVersionMatch: '',
    limit: options.limit ?? 0,
    continue: options.continue ?? '',
    sendInitialEvents: undefined,
  };
}

function errorOf(code: number, value: unknown): StatusError {
  const { reason = '', message = '', details } = value as { reason?: string; message?: string; details?: object };
  return new StatusError(code, reason, message, details);
}
