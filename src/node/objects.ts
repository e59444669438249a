/**
 * ConfigMaps and Secrets that pods of this node refer to, each watched on its own while some pod holds it (the
 * node may read only those). Immutable ones are read once. Bounded by what the pods refer to.
 */
import { ConfigMap } from '../api/core/config-map.ts';
import { Secret } from '../api/core/secret.ts';
import type { Pod } from '../api/core/pod.ts';
import type { Volume } from '../api/core/volume.ts';
import type { Kind } from '../api/kind.ts';
import type { Clock } from '../base/clock.ts';
import type { Logger } from '../base/log.ts';
import type { Random } from '../base/random.ts';
import { isNotFound, type Client } from '../client/client.ts';
import { reflect } from '../client/reflector.ts';
import { containersOf, namespaceOf, type AnyContainer } from './pod/names.ts';
import { within } from './timeout.ts';

type Held = ConfigMap | Secret;

interface Entry {
  readonly holders: Set<string>;
  readonly stop: AbortController;
  readonly synced: Promise<void>;
  object: Held | undefined;
}

export interface ObjectsOptions {
  readonly client: Client;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  /** An object changed that this pod (by uid) holds. */
  readonly onChange: (uid: string) => void;
}

const longestSync = 3000;

export class ReferencedObjects {
  readonly #options: ObjectsOptions;
  readonly #entries = new Map<string, Entry>();
  readonly #held = new Map<string, ReadonlySet<string>>();

  constructor(options: ObjectsOptions) {
    this.#options = options;
  }

  /** Watches what the pod refers to, and no longer what only it referred to. */
  hold(pod: Pod): void {
    this.#set(pod.metadata.uid, references(pod));
  }

  release(uid: string): void {
    this.#set(uid, new Set());
    this.#held.delete(uid);
  }

  close(): void {
    for (const { stop } of this.#entries.values()) stop.abort();
    this.#entries.clear();
    this.#held.clear();
  }

  configMap(namespace: string, name: string): Promise<ConfigMap | undefined> {
    return this.#get(ConfigMap, namespace, name);
  }

  secret(namespace: string, name: string): Promise<Secret | undefined> {
    return this.#get(Secret, namespace, name);
  }

  async #get<T extends Held>(kind: Kind<T>, namespace: string, name: string): Promise<T | undefined> {
    const entry = this.#entries.get(keyOf(kind, namespace, name));
    if (entry !== undefined) {
      await within(this.#options.clock, longestSync, entry.synced);
      if (entry.object !== undefined) return entry.object as T;
    }
    // Not held, or perhaps newer than the watch: the API has the last word on what does not exist.
    try {
      return await this.#options.client.get(kind, { namespace, name });
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw error;
    }
  }

  #set(uid: string, wanted: ReadonlySet<string>): void {
    const before = this.#held.get(uid) ?? new Set<string>();
    this.#held.set(uid, wanted);
    for (const key of before) if (!wanted.has(key)) this.#drop(key, uid);
    for (const key of wanted) {
      const entry = this.#entries.get(key) ?? this.#watch(key);
      entry.holders.add(uid);
    }
  }

  #drop(key: string, uid: string): void {
    const entry = this.#entries.get(key);
    entry?.holders.delete(uid);
    if (entry === undefined || entry.holders.size > 0) return;
    entry.stop.abort();
    this.#entries.delete(key);
  }

  #watch(key: string): Entry {
    const [plural, namespace = '', name = ''] = key.split('/');
    const stop = new AbortController();
    let synced = (): void => {};
    const entry: Entry = {
      holders: new Set(),
      stop,
      synced: new Promise((resolve) => (synced = resolve)),
      object: undefined,
    };
    this.#entries.set(key, entry);
    const kind: Kind<Held> = plural === 'secrets' ? Secret : ConfigMap;
    const keep = (object: Held | undefined): void => {
      const changed = object?.metadata.resourceVersion !== entry.object?.metadata.resourceVersion;
      const first = entry.object === undefined;
      entry.object = object;
      synced();
      if (object?.immutable === true) stop.abort();
      if (changed && !(first && object === undefined)) for (const uid of entry.holders) this.#options.onChange(uid);
    };
    const sink = {
      replace: (objects: readonly Held[]) => keep(objects.find((each) => each.metadata.name === name)),
      put: (object: Held) => keep(object),
      remove: () => keep(undefined),
      progress: () => {},
    };
    const { client, clock, random, log: logger } = this.#options;
    const scope = { namespace, fieldSelector: `metadata.name=${name}` };
    void reflect<Held>({ client, kind, scope, sink, clock, random, logger }, stop.signal);
    return entry;
  }
}

const keyOf = (kind: Pick<Kind, 'plural'>, namespace: string, name: string): string =>
  `${kind.plural}/${namespace}/${name}`;

/** Keys of all ConfigMaps and Secrets that the pod names. */
export function references(pod: Pod): ReadonlySet<string> {
  const keys = new Set<string>();
  const namespace = namespaceOf(pod);
  const add: Add = (plural, name = '') => {
    if (name !== '') keys.add(`${plural}/${namespace}/${name}`);
  };
  for (const { spec } of containersOf(pod)) addContainer(add, spec);
  for (const volume of pod.spec?.volumes ?? []) addVolume(add, volume);
  for (const { name } of pod.spec?.imagePullSecrets ?? []) add('secrets', name);
  return keys;
}

type Add = (plural: 'configmaps' | 'secrets', name: string | undefined) => void;

function addContainer(add: Add, { env = [], envFrom = [] }: AnyContainer): void {
  for (const { valueFrom = {} } of env) {
    add('configmaps', valueFrom.configMapKeyRef?.name);
    add('secrets', valueFrom.secretKeyRef?.name);
  }
  for (const { configMapRef, secretRef } of envFrom) {
    add('configmaps', configMapRef?.name);
    add('secrets', secretRef?.name);
  }
}

function addVolume(add: Add, { configMap, secret, projected }: Volume): void {
  add('configmaps', configMap?.name);
  add('secrets', secret?.secretName);
  for (const source of projected?.sources ?? []) {
    add('configmaps', source.configMap?.name);
    add('secrets', source.secret?.name);
  }
}
