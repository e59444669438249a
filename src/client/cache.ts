/**
 * Objects of one kind as last heard from the API server, with indices. Readers get frozen objects that
 * they share; whoever wants to change one changes a copy.
 */
import type { KubernetesObject } from '../api/kind.ts';
import { matches, type Selector } from '../schema/selector.ts';
import type { ObjectRef } from './client.ts';

/** The values under which an object is found in an index. */
export type IndexFunction<T> = (object: T) => readonly string[];
export type Indices<T> = Readonly<Record<string, IndexFunction<T>>>;

export interface CacheReader<T extends KubernetesObject> {
  /** Whether the first list has arrived. Before, everything looks absent. */
  readonly synced: boolean;
  /** The newest resourceVersion heard of; '' before the first list. */
  readonly resourceVersion: string;
  readonly size: number;
  get(ref: ObjectRef): T | undefined;
  getByUid(uid: string): T | undefined;
  /** All objects, or those of a namespace, or those whose labels match; in no particular order. */
  list(options?: { readonly namespace?: string | undefined; readonly selector?: Selector }): readonly T[];
  /** Objects that the index files under the value. The index must have been added. */
  by(index: string, value: string): readonly T[];
}

/** `namespace/name`, or `name` when there is no namespace: the key that reconcilers get. */
export function keyOf(object: { readonly metadata: { readonly name?: string; readonly namespace?: string } }): string {
  const { namespace, name = '' } = object.metadata;
  return namespace === undefined || namespace === '' ? name : `${namespace}/${name}`;
}

export function refOf(key: string): ObjectRef {
  const slash = key.indexOf('/');
  return slash === -1 ? { name: key } : { namespace: key.slice(0, slash), name: key.slice(slash + 1) };
}

/** Files objects under the uid of their controlling owner, if they have one. */
export const byController: IndexFunction<KubernetesObject> = ({ metadata }) =>
  (metadata.ownerReferences ?? []).flatMap(({ controller, uid }) => (controller === true ? [uid] : []));

/** Files objects without a controlling owner under their namespace: those that somebody might adopt. */
export const orphans: IndexFunction<KubernetesObject> = ({ metadata }) =>
  metadata.ownerReferences?.some(({ controller }) => controller === true) === true ? [] : [metadata.namespace ?? ''];

/** Files objects under the value of a label. */
export const byLabel =
  (label: string): IndexFunction<KubernetesObject> =>
  ({ metadata }) => {
    const value = metadata.labels?.[label];
    return value === undefined ? [] : [value];
  };

/** Files pods under the node they are bound to. */
export const byNode: IndexFunction<{ readonly spec?: { readonly nodeName?: string } }> = ({ spec }) =>
  spec?.nodeName === undefined || spec.nodeName === '' ? [] : [spec.nodeName];

const byNamespace = (object: KubernetesObject): readonly string[] => [object.metadata.namespace ?? ''];
const namespaceIndex = 'metadata.namespace';

/** The writable side, which an informer owns. */
export class ObjectCache<T extends KubernetesObject> implements CacheReader<T> {
  readonly #objects = new Map<string, T>();
  readonly #uids = new Map<string, T>();
  readonly #indices = new Map<string, { readonly of: IndexFunction<T>; readonly filed: Map<string, Map<string, T>> }>();
  synced = false;
  resourceVersion = '';

  constructor(indices: Indices<T> = {}) {
    this.addIndex(namespaceIndex, byNamespace);
    for (const [name, of] of Object.entries(indices)) this.addIndex(name, of);
  }

  get size(): number {
    return this.#objects.size;
  }

  get(ref: ObjectRef): T | undefined {
    return this.#objects.get(keyOf({ metadata: ref as { name: string; namespace?: string } }));
  }

  getByUid(uid: string): T | undefined {
    return this.#uids.get(uid);
  }

  list(options: { readonly namespace?: string | undefined; readonly selector?: Selector } = {}): readonly T[] {
    const { namespace, selector } = options;
    const objects = namespace === undefined ? [...this.#objects.values()] : this.by(namespaceIndex, namespace);
    return selector === undefined ? objects : objects.filter(({ metadata }) => matches(selector, metadata.labels));
  }

  by(index: string, value: string): readonly T[] {
    const found = this.#indices.get(index);
    if (found === undefined) throw new RangeError(`there is no index ${index}; add it to the informer first`);
    return [...(found.filed.get(value)?.values() ?? [])];
  }

  keys(): IterableIterator<string> {
    return this.#objects.keys();
  }

  /** Adding an index again under the same name changes nothing: many share one cache. */
  addIndex(name: string, of: IndexFunction<T>): void {
    if (this.#indices.has(name)) return;
    const filed = new Map<string, Map<string, T>>();
    this.#indices.set(name, { of, filed });
    for (const [key, object] of this.#objects) file(filed, of(object), key, object);
  }

  /** Returns the object that was there under the key before. */
  set(key: string, object: T): T | undefined {
    const old = this.delete(key);
    this.#objects.set(key, object);
    this.#uids.set(object.metadata.uid, object);
    for (const { of, filed } of this.#indices.values()) file(filed, of(object), key, object);
    return old;
  }

  delete(key: string): T | undefined {
    const old = this.#objects.get(key);
    if (old === undefined) return undefined;
    this.#objects.delete(key);
    if (this.#uids.get(old.metadata.uid) === old) this.#uids.delete(old.metadata.uid);
    for (const { of, filed } of this.#indices.values()) {
      for (const value of of(old)) {
        const peers = filed.get(value);
        peers?.delete(key);
        if (peers?.size === 0) filed.delete(value);
      }
    }
    return old;
  }
}

function file<T>(filed: Map<string, Map<string, T>>, values: readonly string[], key: string, object: T): void {
  for (const value of values) {
    const peers = filed.get(value);
    if (peers === undefined) filed.set(value, new Map([[key, object]]));
    else peers.set(key, object);
  }
}
