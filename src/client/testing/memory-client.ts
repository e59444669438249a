/**
 * A Client over maps: resourceVersions, conflicts, watches that resume, finalizers and graceful deletion as
 * the API server has them, without validation, defaults or admission. For unit tests of controllers.
 *
 *     const client = new MemoryClient({ clock });
 *     const pod = client.seed(Pod, { metadata: { name: 'one', namespace: 'default' }, status: {...} });
 *     await client.patch(Pod, pod.metadata, { metadata: { labels: { a: 'b' } } }, { type: 'merge' });
 *     client.writes;    // what was done through it: [{ verb: 'patch', plural: 'pods', key: 'default/one', ... }]
 *
 * Kinds with a status subresource lose their status on create and keep it on update, as in a real cluster;
 * `seed` and `update(..., { subresource: 'status' })` set it.
 */
import { timestamp, type Clock } from '../../base/clock.ts';
import { nameSuffix, seededRandom, type Random } from '../../base/random.ts';
import { OverflowError, Subscription } from '../../base/subscription.ts';
import type { Draft, Kind, KubernetesObject } from '../../api/kind.ts';
import { deepClone, deepFreeze } from '../../schema/freeze.ts';
import { keyOf } from '../cache.ts';
import type {
  Client,
  DeleteOptions,
  ListOptions,
  ObjectList,
  ObjectRef,
  PatchOptions,
  RawRequest,
  RawResponse,
  WatchEvent,
  WatchOptions,
  WriteOptions,
} from '../client.ts';
import { applyPatch } from './memory-patch.ts';
import { afterDelete, draftOf, merged, sameContent, type Plain } from './memory-objects.ts';
import { alreadyExists, conflict, expired, invalid, notFound } from './memory-errors.ts';
import { selectionOf } from './memory-selection.ts';

export interface MemoryClientOptions {
  readonly clock: Clock;
  /** For uids and generated names. Seeded with 1 when not given. */
  readonly random?: Random;
  /** Answers `request`. */
  readonly onRequest?: (request: RawRequest) => Promise<RawResponse>;
}

/** A write that went through, or that was attempted: recorded before it is judged. */
export interface RecordedWrite {
  readonly verb: 'create' | 'update' | 'patch' | 'delete' | 'post';
  readonly plural: string;
  readonly key: string;
  readonly subresource?: string | undefined;
  readonly body?: unknown;
}

interface Logged {
  readonly kind: Kind<KubernetesObject>;
  readonly revision: number;
  readonly object: KubernetesObject | undefined;
  readonly old: KubernetesObject | undefined;
}

/** Changes kept for watches that start in the past, and buffered for each watch. */
const logLimit = 100_000;

export class MemoryClient implements Client {
  readonly #options: MemoryClientOptions;
  readonly #random: Random;
  readonly #objects = new Map<string, Map<string, KubernetesObject>>();
  readonly #watches = new Set<Subscription<Logged>>();
  #log: Logged[] = [];
  #revision = 0;
  #oldest = 0;
  /** Everything written through the client, in order; `seed` is not. Tests may empty it. */
  readonly writes: RecordedWrite[] = [];

  constructor(options: MemoryClientOptions) {
    this.#options = options;
    this.#random = options.random ?? seededRandom(1);
  }

  /** Puts an object there as it is, status and all; fills in what every object has. Replaces one of its name. */
  seed<T extends KubernetesObject>(kind: Kind<T>, object: Draft<T>): T {
    const whole = draftOf(kind, object, this.#identity());
    const old = this.#of(kind).get(keyOf(whole));
    return this.#store(kind, whole, old);
  }

  /** All objects of a kind, in order of their keys. */
  all<T extends KubernetesObject>(kind: Kind<T>): readonly T[] {
    const entries = [...this.#of(kind)].sort(([a], [b]) => (a < b ? -1 : 1));
    return entries.map(([, object]) => object as T);
  }

  /** Takes an object away, whatever its finalizers. */
  remove<T extends KubernetesObject>(kind: Kind<T>, ref: ObjectRef): void {
    const object = this.#find(kind, ref);
    this.#drop(kind, object);
  }

  /** Ends all watches, as a server that restarts does. */
  disconnect(error?: Error): void {
    for (const watch of this.#watches) watch.end(error);
  }

  /** Forgets the past: watches from earlier revisions get 410. */
  compact(): void {
    this.#log = [];
    this.#oldest = this.#revision;
  }

  get<T extends KubernetesObject>(kind: Kind<T>, ref: ObjectRef): Promise<T> {
    return promised(() => this.#find(kind, ref));
  }

  list<T extends KubernetesObject>(kind: Kind<T>, options: ListOptions = {}): Promise<ObjectList<T>> {
    return promised(() => {
      const selects = selectionOf(kind, options);
      const { continue: after = '', limit = Infinity } = options;
      const found = this.all(kind).filter((object) => keyOf(object) > after && selects(object));
      const items = found.slice(0, limit);
      const last = items.at(-1);
      const more = found.length > items.length && last !== undefined;
      return { items, resourceVersion: String(this.#revision), ...(more && { continue: keyOf(last) }) };
    });
  }

  async *watch<T extends KubernetesObject>(kind: Kind<T>, options: WatchOptions): AsyncIterable<WatchEvent<T>> {
    const { signal } = options;
    const from = Number(options.resourceVersion);
    if (from < this.#oldest) throw expired(from, this.#oldest);
    const selects = selectionOf(kind, options);
    const stream = new Subscription<Logged>({ capacity: logLimit, onClose: () => this.#watches.delete(stream) });
    for (const change of this.#log) if (change.revision > from) stream.push(change);
    this.#watches.add(stream);
    const stop = (): void => stream.close();
    signal.addEventListener('abort', stop, { once: true });
    if (signal.aborted) stop();
    try {
      for await (const change of stream) {
        const event =
          change.kind.plural === kind.plural && change.kind.group === kind.group
            ? eventOf<T>(change, selects)
            : undefined;
        if (event !== undefined) yield event;
      }
    } catch (error) {
      if (!(error instanceof OverflowError)) throw error;
    } finally {
      signal.removeEventListener('abort', stop);
      stream.close();
    }
  }

  create<T extends KubernetesObject>(kind: Kind<T>, object: Draft<T>, options: WriteOptions = {}): Promise<T> {
    return promised(() => {
      const whole = draftOf(kind, object, this.#identity());
      if (kind.subresources.status === true) delete whole['status'];
      const key = keyOf(whole);
      this.#record({ verb: 'create', plural: kind.plural, key, subresource: options.subresource, body: object });
      if (this.#of(kind).has(key)) throw alreadyExists(kind, whole.metadata.name ?? '');
      return options.dryRun === true ? (deepFreeze(whole) as unknown as T) : this.#store(kind, whole, undefined);
    });
  }

  update<T extends KubernetesObject>(kind: Kind<T>, object: T, options: WriteOptions = {}): Promise<T> {
    return promised(() => {
      const { subresource } = options;
      this.#record({ verb: 'update', plural: kind.plural, key: keyOf(object), subresource, body: object });
      return this.#replace(kind, deepClone(object), object.metadata, options);
    });
  }

  patch<T extends KubernetesObject>(kind: Kind<T>, ref: ObjectRef, patch: unknown, options: PatchOptions): Promise<T> {
    return promised(() => {
      const { subresource, type } = options;
      this.#record({ verb: 'patch', plural: kind.plural, key: keyOfRef(ref), subresource, body: patch });
      const known = this.#of(kind).get(keyOfRef(ref));
      if (known === undefined && type === 'apply') {
        const draft = draftOf(kind, patch as Plain, this.#identity());
        return this.#store(kind, draft, undefined);
      }
      const patched = applyPatch(kind, deepClone(this.#find(kind, ref)), patch, type);
      return this.#replace(kind, patched, ref, options);
    });
  }

  delete<T extends KubernetesObject>(kind: Kind<T>, ref: ObjectRef, options: DeleteOptions = {}): Promise<void> {
    return promised(() => {
      this.#record({ verb: 'delete', plural: kind.plural, key: keyOfRef(ref), body: options });
      const object = this.#find(kind, ref);
      const { uid, resourceVersion } = options.preconditions ?? {};
      if (uid !== undefined && uid !== object.metadata.uid) {
        throw conflict(
          kind,
          ref.name,
          `Precondition failed: UID in precondition: ${uid}, UID in object meta: ${object.metadata.uid}`,
        );
      }
      if (resourceVersion !== undefined && resourceVersion !== object.metadata.resourceVersion) {
        throw conflict(
          kind,
          ref.name,
          `Precondition failed: ResourceVersion in precondition: ${resourceVersion}, ResourceVersion in object meta: ${object.metadata.resourceVersion}`,
        );
      }
      if (options.dryRun === true) return;
      const left = afterDelete(kind, object as unknown as Plain, options, this.#options.clock.now());
      if (left === undefined) this.#drop(kind, object);
      else if (!sameContent(left, object)) this.#store(kind, left, object);
    });
  }

  post<T extends KubernetesObject>(kind: Kind<T>, ref: ObjectRef, subresource: string, body: object): Promise<unknown> {
    this.#record({ verb: 'post', plural: kind.plural, key: keyOfRef(ref), subresource, body });
    if (subresource === 'eviction')
      return this.delete(kind, ref, (body as { deleteOptions?: DeleteOptions }).deleteOptions);
    return promised(() => {
      const object = this.#find(kind, ref);
      if (subresource === 'binding') return this.#bind(kind, object, body as { target: { name: string } });
      if (subresource === 'token') return { ...body, status: { token: `token-of-${keyOfRef(ref)}` } };
      throw invalid(`the memory client knows no ${kind.plural}/${subresource}`);
    });
  }

  request(request: RawRequest): Promise<RawResponse> {
    const { onRequest } = this.#options;
    if (onRequest !== undefined) return onRequest(request);
    return Promise.resolve({ status: 501, headers: {}, body: new Uint8Array() });
  }

  #record(write: RecordedWrite): void {
    this.writes.push(write);
  }

  #bind<T extends KubernetesObject>(kind: Kind<T>, object: T, body: { target: { name: string } }): object {
    const pod = object as unknown as { spec?: { nodeName?: string } };
    if ((pod.spec?.nodeName ?? '') !== '') {
      throw conflict(
        kind,
        object.metadata.name,
        `pod ${object.metadata.name} is already assigned to node "${pod.spec?.nodeName}"`,
      );
    }
    const next = deepClone(object) as unknown as Plain;
    next['spec'] = { ...(next['spec'] as object), nodeName: body.target.name };
    this.#store(kind, next, object);
    return { kind: 'Status', apiVersion: 'v1', status: 'Success', code: 201 };
  }

  #replace<T extends KubernetesObject>(kind: Kind<T>, sent: Plain, ref: ObjectRef, options: WriteOptions): T {
    const old = this.#find(kind, ref);
    const { resourceVersion } = sent.metadata;
    if (resourceVersion !== undefined && resourceVersion !== '' && resourceVersion !== old.metadata.resourceVersion) {
      const detail = 'the object has been modified; please apply your changes to the latest version and try again';
      throw conflict(kind, ref.name, detail);
    }
    const next = merged(kind, sent, old as unknown as Plain, options.subresource);
    if (options.dryRun === true) return deepFreeze(next) as unknown as T;
    if (sameContent(next, old)) return old;
    const { deletionTimestamp, deletionGracePeriodSeconds = 0, finalizers = [] } = next.metadata;
    if (deletionTimestamp !== undefined && finalizers.length === 0 && deletionGracePeriodSeconds === 0) {
      this.#drop(kind, old);
      return deepFreeze(next) as unknown as T;
    }
    return this.#store(kind, next, old);
  }

  #of<T extends KubernetesObject>(kind: Kind<T>): Map<string, KubernetesObject> {
    const id = `${kind.group}/${kind.plural}`;
    const known = this.#objects.get(id) ?? new Map<string, KubernetesObject>();
    this.#objects.set(id, known);
    return known;
  }

  #find<T extends KubernetesObject>(kind: Kind<T>, ref: ObjectRef): T {
    const object = this.#of(kind).get(keyOfRef(ref));
    if (object === undefined) throw notFound(kind, ref.name);
    return object as T;
  }

  #identity(): { uid: string; suffix: string; now: string } {
    const now = timestamp(this.#options.clock.now());
    return { uid: this.#random.uuid(), suffix: nameSuffix(this.#random), now };
  }

  #store<T extends KubernetesObject>(kind: Kind<T>, next: Plain, old: KubernetesObject | undefined): T {
    this.#revision += 1;
    next.metadata = { ...next.metadata, resourceVersion: String(this.#revision) };
    const object = deepFreeze(next) as unknown as T;
    this.#of(kind).set(keyOf(object), object);
    this.#announce({ kind: kind as unknown as Kind<KubernetesObject>, revision: this.#revision, object, old });
    return object;
  }

  #drop<T extends KubernetesObject>(kind: Kind<T>, old: T): void {
    this.#revision += 1;
    this.#of(kind).delete(keyOf(old));
    this.#announce({
      kind: kind as unknown as Kind<KubernetesObject>,
      revision: this.#revision,
      object: undefined,
      old,
    });
  }

  #announce(change: Logged): void {
    if (this.#log.length >= logLimit) this.compact();
    this.#log.push(change);
    for (const watch of this.#watches) watch.push(change);
  }
}

/** What a watch with this selection sees of the change: entering is ADDED, leaving is DELETED. */
function eventOf<T extends KubernetesObject>(
  { object, old, revision }: Logged,
  selects: (object: KubernetesObject) => boolean,
): WatchEvent<T> | undefined {
  const before = old !== undefined && selects(old) ? old : undefined;
  if (object !== undefined && selects(object)) {
    return { type: before === undefined ? 'ADDED' : 'MODIFIED', object: object as T };
  }
  if (before === undefined) return undefined;
  const last = object ?? before;
  const gone = { ...last, metadata: { ...last.metadata, resourceVersion: String(revision) } };
  return { type: 'DELETED', object: deepFreeze(gone) as T };
}

function keyOfRef(ref: ObjectRef): string {
  return ref.namespace === undefined || ref.namespace === '' ? ref.name : `${ref.namespace}/${ref.name}`;
}

function promised<R>(action: () => R): Promise<R> {
  return new Promise((resolve) => resolve(action()));
}
