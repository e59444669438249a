/**
 * Deletes what its owners left behind, lets owners wait for dependents (foreground deletion), and frees
 * dependents of owners that are deleted without them (orphaning).
 */
import type { Kind, KubernetesObject } from '../../api/kind.ts';
import type { OwnerReference } from '../../api/meta/object-meta.ts';
import { isConflict, isNotFound } from '../../client/client.ts';
import { Controller, type Source } from '../../client/controller.ts';
import type { Events } from '../../client/event-recorder.ts';
import type { Dependencies } from '../dependencies.ts';
import {
  isBeingDeleted,
  isDeletingDependents,
  isOrphaning,
  OwnershipGraph,
  ownersOf,
  type GraphObject,
} from './graph.ts';
import { plan, undecidedOwners, type OwnerState, type Step } from './plan.ts';

/** Owners known to be gone, and references known to be wrong; forgotten, oldest first, beyond this. */
const maxKnown = 2_000;

export function garbageCollector(deps: Dependencies, events: Events, kinds: readonly Kind[]): Controller {
  const collector = new Collector(deps, events, kinds);
  return new Controller(
    {
      name: 'garbage-collector',
      concurrency: 20,
      sources: kinds.map((kind) => collector.sourceOf(kind)),
      reconcile: async (uid, { note }) => collector.visit(uid, note),
    },
    deps,
  );
}

class Collector {
  readonly #deps: Dependencies;
  readonly #events: Events;
  readonly #graph = new OwnershipGraph();
  readonly #kinds: ReadonlyMap<string, Kind>;
  /**
   * Uids of objects that were seen to go, and references to what is not there, in all they say: a wrong one must not
   * speak for the right ones to the same uid.
   */
  readonly #absent = new Set<string>();
  /** Dependents whose references were complained of. */
  readonly #told = new Set<string>();
  readonly #enqueue = new Set<(uid: string) => void>();

  constructor(deps: Dependencies, events: Events, kinds: readonly Kind[]) {
    this.#deps = deps;
    this.#events = events;
    this.#kinds = new Map(kinds.map((kind) => [`${kind.apiVersion}/${kind.kind}`, kind]));
  }

  sourceOf(kind: Kind): Source {
    const informer = this.#deps.informers.of<KubernetesObject>(kind);
    return {
      name: kind.plural,
      whenSynced: (signal) => informer.whenSynced(signal),
      subscribe: (enqueue) => {
        this.#enqueue.add(enqueue);
        const put = (object: KubernetesObject): void => {
          this.#absent.delete(object.metadata.uid);
          this.#graph.put(kind, object);
          if (ownersOf(object).length > 0 || isDeletingDependents(object) || isOrphaning(object))
            enqueue(object.metadata.uid);
          if (isDeletingDependents(object)) this.#visitDependents(object.metadata.uid, enqueue);
        };
        const stop = informer.subscribe({
          added: put,
          updated: put,
          deleted: (object) => {
            this.#graph.remove(object.metadata.uid);
            remember(this.#absent, object.metadata.uid);
            this.#visitDependents(object.metadata.uid, enqueue);
            // Owners may have waited for this one.
            for (const owner of ownersOf(object)) if (this.#graph.get(owner.uid) !== undefined) enqueue(owner.uid);
          },
        });
        return () => {
          this.#enqueue.delete(enqueue);
          stop();
        };
      },
    };
  }

  async visit(uid: string, note: (steps: readonly Step[]) => void): Promise<void> {
    const found = this.#graph.get(uid);
    if (found === undefined) return;
    await this.#lookUpOwners(found);
    const steps = plan(found.object, {
      ownerState: (owner) => this.#stateOf(owner, found.object),
      dependents: this.#graph.dependentsOf(uid).map(({ object }) => object),
    });
    note(steps);
    for (const step of steps) await this.#apply(step, found);
  }

  #visitDependents(uid: string, enqueue: (uid: string) => void): void {
    for (const dependent of this.#graph.dependentsOf(uid)) enqueue(dependent.uid);
  }

  #stateOf(owner: OwnerReference, dependent: KubernetesObject): OwnerState {
    if (this.#kindOf(owner)?.scope === 'Namespaced' && dependent.metadata.namespace === undefined)
      return 'unresolvable';
    const found = this.#graph.get(owner.uid);
    if (found === undefined) return this.#isAbsent(owner, dependent) ? 'absent' : 'unknown';
    // Somebody has that uid, but is he who is meant? The API server knows.
    if (!isMeant(owner, dependent, found)) {
      return this.#absent.has(referenceKey(owner, dependent)) ? 'absent' : 'unknown';
    }
    return isDeletingDependents(found.object) && owner.blockOwnerDeletion === true ? 'waiting' : 'solid';
  }

  #kindOf({ apiVersion, kind }: OwnerReference): Kind | undefined {
    return this.#kinds.get(`${apiVersion}/${kind}`);
  }

  #isAbsent(owner: OwnerReference, dependent: KubernetesObject): boolean {
    return this.#absent.has(owner.uid) || this.#absent.has(referenceKey(owner, dependent));
  }

  /** Owners that the caches do not hold are asked for: only a live answer proves that one is gone. */
  async #lookUpOwners({ kind: own, object }: GraphObject): Promise<void> {
    for (const owner of ownersOf(object)) {
      if (this.#stateOf(owner, object) === 'unresolvable') this.#complain(own, object, owner);
    }
    for (const owner of undecidedOwners(object, (each) => this.#stateOf(each, object))) {
      const kind = this.#kindOf(owner);
      // A kind that is not served (any more) says nothing about its objects.
      if (kind === undefined) continue;
      const namespace = kind.scope === 'Namespaced' ? object.metadata.namespace : undefined;
      try {
        const live = await this.#deps.client.get(kind as Kind<KubernetesObject>, { namespace, name: owner.name });
        if (live.metadata.uid !== owner.uid) this.#gone(own, object, owner);
      } catch (error) {
        if (!isNotFound(error)) throw error;
        this.#gone(own, object, owner);
      }
    }
  }

  #gone(kind: Kind, object: KubernetesObject, owner: OwnerReference): void {
    // The same uid may live in another namespace: then the reference is wrong, and users should hear of it.
    const namespace = this.#graph.get(owner.uid)?.object.metadata.namespace;
    if (namespace !== undefined && namespace !== object.metadata.namespace) this.#complain(kind, object, owner);
    remember(this.#absent, referenceKey(owner, object));
  }

  /** Once for each dependent, however often it is visited. */
  #complain(kind: Kind, object: KubernetesObject, owner: OwnerReference): void {
    if (this.#told.has(object.metadata.uid)) return;
    remember(this.#told, object.metadata.uid);
    const where = object.metadata.namespace ?? '';
    const named = `${owner.apiVersion}/${owner.kind}, namespace: ${where}, name: ${owner.name}, uid: ${owner.uid}`;
    const message = `ownerRef [${named}] does not exist in namespace ${JSON.stringify(where)}`;
    this.#events.warning(kind as Kind<KubernetesObject>, object, 'OwnerRefInvalidNamespace', message);
  }

  async #apply(step: Step, found: GraphObject): Promise<void> {
    try {
      await this.#execute(step, found);
    } catch (error) {
      if (isNotFound(error)) return;
      // The object has changed: its update brings us back here.
      if (isConflict(error) && !isBeingDeleted(found.object)) return;
      throw error;
    }
  }

  async #execute(step: Step, { kind, object }: GraphObject): Promise<void> {
    const typed = kind as Kind<KubernetesObject>;
    const { namespace, name, uid, resourceVersion, finalizers = [] } = object.metadata;
    const patch = (metadata: object): Promise<unknown> =>
      this.#deps.client.patch(
        typed,
        { namespace, name },
        { metadata: { uid, resourceVersion, ...metadata } },
        { type: 'merge' },
      );
    switch (step.type) {
      case 'delete': {
        const { propagationPolicy } = step;
        const options = { preconditions: { uid, resourceVersion }, propagationPolicy };
        return await this.#deps.client.delete(typed, { namespace, name }, options);
      }
      case 'strike-owners':
        return void (await patch({
          ownerReferences: ownersOf(object).filter((owner) => !step.uids.includes(owner.uid)),
        }));
      case 'unblock-owners':
        return void (await patch({ ownerReferences: unblocked(ownersOf(object), step.uids) }));
      case 'remove-finalizer':
        return void (await patch({ finalizers: finalizers.filter((each) => each !== step.finalizer) }));
      case 'orphan-dependents':
        return void (await Promise.all(this.#graph.dependentsOf(uid).map((dependent) => this.#orphan(dependent, uid))));
      case 'visit-dependents':
        for (const enqueue of this.#enqueue) this.#visitDependents(uid, enqueue);
    }
  }

  async #orphan({ kind, object }: GraphObject, ownerUid: string): Promise<void> {
    const { namespace, name, uid } = object.metadata;
    const ownerReferences = ownersOf(object).filter((owner) => owner.uid !== ownerUid);
    try {
      await this.#deps.client.patch(
        kind as Kind<KubernetesObject>,
        { namespace, name },
        { metadata: { uid, resourceVersion: object.metadata.resourceVersion, ownerReferences } },
        { type: 'merge' },
      );
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }
}

/** Whether who has the uid is who the reference names. Versions differ: one object is served in several. */
function isMeant(owner: OwnerReference, dependent: KubernetesObject, { kind, object }: GraphObject): boolean {
  const { name, namespace } = object.metadata;
  const reachable = namespace === undefined || namespace === dependent.metadata.namespace;
  return reachable && kind.kind === owner.kind && name === owner.name;
}

function referenceKey({ apiVersion, kind, name, uid }: OwnerReference, { metadata }: KubernetesObject): string {
  return [apiVersion, kind, metadata.namespace ?? '', name, uid].join(' ');
}

function remember(known: Set<string>, key: string): void {
  known.add(key);
  const [oldest] = known;
  if (known.size > maxKnown && oldest !== undefined) known.delete(oldest);
}

function unblocked(owners: readonly OwnerReference[], uids: readonly string[]): readonly OwnerReference[] {
  return owners.map((owner) => (uids.includes(owner.uid) ? { ...owner, blockOwnerDeletion: false } : owner));
}
