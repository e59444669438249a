/**
 * What is served: kinds by path, changeable while running (custom resources come and go). Every served
 * version of a resource points at the one kind in which it is stored.
 */
import { apiVersionOf, type Kind } from '../../api/kind.ts';
import type { Key } from '../../store/store.ts';
import type { ResourceName } from '../errors.ts';

export interface Resource {
  /** As served. */
  readonly kind: Kind;
  /** As stored: the same kind unless this version is converted. */
  readonly storage: Kind;
  /** Where its objects lie in the store: `apps/deployments/`. */
  readonly prefix: Key;
  /** How messages name it. */
  readonly name: ResourceName;
  readonly namespaced: boolean;
  /** Items of built-in lists carry no kind and apiVersion of their own, those of custom resources do. */
  readonly custom: boolean;
}

export interface AddOptions {
  readonly custom?: boolean;
}

export class Resources {
  readonly #byPath = new Map<string, Resource>();
  readonly #byKind = new Map<string, Resource>();
  #generation = 0;

  constructor(kinds: readonly Kind[]) {
    const stored = new Map(kinds.map((kind) => [kindKey(kind.group, kind.version, kind.kind), kind]));
    for (const kind of kinds) this.#put(kind, stored, false);
  }

  /** Counts changes: what is derived from the table (discovery, OpenAPI) is made again when it differs. */
  get generation(): number {
    return this.#generation;
  }

  /** Serves a kind from now on, or serves it anew in another shape. Its storage kind must be there already. */
  add(kind: Kind, options: AddOptions = {}): void {
    const stored = new Map([...this.#byKind].map(([key, resource]) => [key, resource.kind]));
    this.#put(kind, stored, options.custom ?? true);
  }

  remove(kind: Kind): void {
    this.#byPath.delete(pathKey(kind.group, kind.version, kind.plural));
    this.#byKind.delete(kindKey(kind.group, kind.version, kind.kind));
    this.#generation += 1;
  }

  find(group: string, version: string, plural: string): Resource | undefined {
    return this.#byPath.get(pathKey(group, version, plural));
  }

  ofKind(group: string, version: string, kind: string): Resource | undefined {
    return this.#byKind.get(kindKey(group, version, kind));
  }

  /** The resource of a kind that the code names; throws when it is not served. */
  of(kind: Kind): Resource {
    const resource = this.find(kind.group, kind.version, kind.plural);
    if (resource === undefined) throw new Error(`${kind.apiVersion} ${kind.kind} is not served`);
    return resource;
  }

  /** In the order of discovery. */
  all(): Iterable<Resource> {
    return this.#byPath.values();
  }

  hasVersion(group: string, version: string): boolean {
    for (const { kind } of this.#byPath.values()) if (kind.group === group && kind.version === version) return true;
    return false;
  }

  #put(kind: Kind, kinds: ReadonlyMap<string, Kind>, custom: boolean): void {
    const target = kind.conversion?.storage;
    const storage = target === undefined ? kind : kinds.get(kindKey(target.group, target.version, target.kind));
    if (storage === undefined) {
      throw new Error(`${kind.apiVersion} ${kind.kind} is stored as ${target?.kind}, which is not served`);
    }
    const resource: Resource = Object.freeze({
      kind,
      storage,
      prefix: `${storage.group === '' ? 'core' : storage.group}/${storage.plural}/`,
      name: Object.freeze({ group: kind.group, resource: kind.plural }),
      namespaced: kind.scope === 'Namespaced',
      custom,
    });
    this.#byPath.set(pathKey(kind.group, kind.version, kind.plural), resource);
    const byKind = kindKey(kind.group, kind.version, kind.kind);
    this.#byKind.set(byKind, resource);
    this.#generation += 1;
  }
}

const pathKey = (group: string, version: string, plural: string): string => `${apiVersionOf(group, version)}/${plural}`;
const kindKey = (group: string, version: string, kind: string): string => `${apiVersionOf(group, version)}#${kind}`;

/** The store's key of one object. */
export function keyOf(resource: Resource, namespace: string, name: string): Key {
  return resource.namespaced ? `${resource.prefix}${namespace}/${name}` : resource.prefix + name;
}

/** The store's prefix of a collection; '' stands for all namespaces. */
export function prefixOf(resource: Resource, namespace: string): Key {
  return resource.namespaced && namespace !== '' ? `${resource.prefix}${namespace}/` : resource.prefix;
}
