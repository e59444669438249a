/** ReplicaSets and, by the same plan, ReplicationControllers. */
import { ReplicaSet, type ReplicaSetStatus } from '../../api/apps/replica-set.ts';
import { Pod } from '../../api/core/pod.ts';
import { ReplicationController } from '../../api/core/replication-controller.ts';
import type { Kind, KubernetesObject } from '../../api/kind.ts';
import { timestamp } from '../../base/clock.ts';
import { messageOf } from '../../base/errors.ts';
import { byController, keyOf, refOf } from '../../client/cache.ts';
import { isConflict, isNotFound } from '../../client/client.ts';
import { Controller, watching, type Change, type ReconcileResult } from '../../client/controller.ts';
import type { Events } from '../../client/event-recorder.ts';
import { Expectations } from '../../client/expectations.ts';
import type { Informer } from '../../client/informer.ts';
import { matches, selectorOf, selectorOfMap, type Selector } from '../../schema/selector.ts';
import type { Dependencies } from '../dependencies.ts';
import { isTerminating } from '../service-account/controller.ts';
import {
  candidatesOf,
  claimsOf,
  controllerOf,
  controllerReference,
  indexOwners,
  settleClaims,
} from '../workload/ownership.ts';
import { podFromTemplate, restOf, slowStart } from '../workload/pods.ts';
import { soonest, writeStatus } from '../workload/status.ts';
import { planReplicas, type ReplicaPlan } from './plan.ts';

/** How the two kinds differ: in the form of their selector, and in how they are read as a ReplicaSet. */
interface Variant<T extends KubernetesObject> {
  readonly name: string;
  readonly kind: Kind<T>;
  readonly asReplicaSet: (object: T) => ReplicaSet;
}

const replicaSets: Variant<ReplicaSet> = { name: 'replicaset', kind: ReplicaSet, asReplicaSet: (object) => object };

const replicationControllers: Variant<ReplicationController> = {
  name: 'replicationcontroller',
  kind: ReplicationController,
  asReplicaSet: (object) => ({
    ...object,
    spec: {
      ...object.spec,
      selector: { matchLabels: object.spec?.selector ?? {} },
      template: object.spec?.template ?? {},
    },
  }),
};

export const replicaSetController = (deps: Dependencies, events: Events): Controller =>
  new ReplicaManager(deps, events, replicaSets).controller();

export const replicationControllerController = (deps: Dependencies, events: Events): Controller =>
  new ReplicaManager(deps, events, replicationControllers).controller();

class ReplicaManager<T extends KubernetesObject> {
  readonly #deps: Dependencies;
  readonly #events: Events;
  readonly #variant: Variant<T>;
  readonly #sets: Informer<T>;
  readonly #pods: Informer<Pod>;
  readonly #expectations: Expectations<Pod>;

  constructor(deps: Dependencies, events: Events, variant: Variant<T>) {
    this.#deps = deps;
    this.#events = events;
    this.#variant = variant;
    this.#sets = deps.informers.of(variant.kind);
    this.#sets.addIndex('controller', byController);
    this.#pods = deps.informers.of(Pod);
    indexOwners(this.#pods);
    this.#expectations = new Expectations(this.#pods, deps.clock);
  }

  controller(): Controller {
    return new Controller(
      {
        name: this.#variant.name,
        sources: [watching(this.#sets), watching(this.#pods, (change) => this.#keysOf(change))],
        reconcile: (key, { note }) => this.#reconcile(key, note),
      },
      this.#deps,
    );
  }

  /** Owners of the pod, before and after; for an orphan every set that would adopt it. */
  #keysOf({ object, old }: Change<Pod>): readonly string[] {
    const keys = [object, ...(old === undefined ? [] : [old])].flatMap((pod) => {
      const owner = controllerOf(pod);
      if (owner !== undefined) {
        return owner.kind === this.#variant.kind.kind
          ? [keyOf({ metadata: { name: owner.name, namespace: pod.metadata.namespace ?? '' } })]
          : [];
      }
      const candidates = this.#sets.list({ namespace: pod.metadata.namespace });
      return candidates.filter((set) => matches(this.#selectorOf(set), pod.metadata.labels)).map(keyOf);
    });
    return [...new Set(keys)];
  }

  #selectorOf(set: T): Selector {
    const { selector } = this.#variant.asReplicaSet(set).spec ?? {};
    return selector === undefined ? selectorOfMap({}) : selectorOf(selector);
  }

  async #reconcile(key: string, note: (plan: unknown) => void): Promise<ReconcileResult> {
    const object = this.#sets.get(refOf(key));
    if (object === undefined) {
      this.#expectations.forget(key);
      return {};
    }
    // The event that satisfies the expectation brings the key back.
    if (!this.#expectations.satisfied(key)) return {};
    const set = this.#variant.asReplicaSet(object);
    const claims = claimsOf(object, this.#selectorOf(object), candidatesOf(this.#pods, object));
    const owned = await settleClaims(this.#deps.client, this.#variant.kind, object, Pod, claims);
    const plan = planReplicas(set, owned, () => this.#relatedPods(object, owned), this.#deps.clock.now());
    note(plan);
    const failure = await this.#apply(key, set, plan);
    const status = withFailure(plan.status, failure, plan, timestamp(this.#deps.clock.now()));
    const reported = await writeStatus(this.#deps.client, this.#variant.kind, object, status);
    if (failure !== undefined && !isTerminating(failure)) throw failure;
    return { ...soonest(plan, reported), rest: restOf(owned.length) };
  }

  /** Pods of all sets with the same owner (a Deployment's others), so that nodes are emptied evenly. */
  #relatedPods(object: T, owned: readonly Pod[]): readonly Pod[] {
    const owner = controllerOf(object);
    if (owner === undefined) return owned;
    return this.#sets.by('controller', owner.uid).flatMap(({ metadata }) => this.#pods.by('controller', metadata.uid));
  }

  async #apply(key: string, set: ReplicaSet, plan: ReplicaPlan): Promise<unknown> {
    const { client } = this.#deps;
    const { kind } = this.#variant;
    const { name, namespace } = set.metadata;
    const template = set.spec?.template ?? {};
    const owner = controllerReference(kind, set);
    const started = await slowStart(plan.create, async () => {
      const draft = podFromTemplate(template, namespace, { generateName: `${name}-` }, owner);
      try {
        const pod = await client.create(Pod, draft);
        this.#expectations.created(key, pod);
        this.#events.normal(kind, set as unknown as T, 'SuccessfulCreate', `Created pod: ${pod.metadata.name}`);
      } catch (error) {
        if (!isTerminating(error))
          this.#events.warning(kind, set as unknown as T, 'FailedCreate', `Error creating: ${messageOf(error)}`);
        throw error;
      }
    });
    const removed = await Promise.allSettled(plan.remove.map((pod) => this.#remove(key, set, pod)));
    return started.error ?? removed.find((result) => result.status === 'rejected')?.reason;
  }

  async #remove(key: string, set: ReplicaSet, pod: Pod): Promise<void> {
    const { kind } = this.#variant;
    try {
      await this.#deps.client.delete(Pod, pod.metadata, { preconditions: { uid: pod.metadata.uid } });
      this.#expectations.deleted(key, pod);
      this.#events.normal(kind, set as unknown as T, 'SuccessfulDelete', `Deleted pod: ${pod.metadata.name}`);
    } catch (error) {
      if (isNotFound(error) || isConflict(error)) return;
      this.#events.warning(kind, set as unknown as T, 'FailedDelete', `Error deleting: ${messageOf(error)}`);
      throw error;
    }
  }
}

type Conditions = NonNullable<ReplicaSetStatus['conditions']>;

/** The condition ReplicaFailure is there while pods cannot be created or deleted. */
function withFailure(status: ReplicaSetStatus, failure: unknown, plan: ReplicaPlan, now: string): ReplicaSetStatus {
  const present = (status.conditions ?? []).find(({ type }) => type === 'ReplicaFailure');
  const others: Conditions = (status.conditions ?? []).filter(({ type }) => type !== 'ReplicaFailure');
  if (failure === undefined || isTerminating(failure)) return withConditions(status, others);
  const reason = plan.create > 0 ? 'FailedCreate' : 'FailedDelete';
  // The message names another pod at every attempt: telling each would bring the set back here at once.
  if (present?.reason === reason && present.status === 'True') return status;
  return withConditions(status, [
    ...others,
    { type: 'ReplicaFailure', status: 'True', reason, message: messageOf(failure), lastTransitionTime: now },
  ]);
}

function withConditions(status: ReplicaSetStatus, conditions: Conditions): ReplicaSetStatus {
  const { conditions: _replaced, ...rest } = status;
  return conditions.length === 0 ? rest : { ...rest, conditions };
}
