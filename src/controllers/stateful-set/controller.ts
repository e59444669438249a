/** StatefulSets: pods with names, storage and an order of their own. */
import { ControllerRevision } from '../../api/apps/controller-revision.ts';
import { StatefulSet } from '../../api/apps/stateful-set.ts';
import { PersistentVolumeClaim } from '../../api/core/persistent-volume-claim.ts';
import { Pod } from '../../api/core/pod.ts';
import { messageOf } from '../../base/errors.ts';
import { refOf } from '../../client/cache.ts';
import { isAlreadyExists, isConflict, isNotFound } from '../../client/client.ts';
import { Controller, watching, watchingOwned, type ReconcileResult } from '../../client/controller.ts';
import type { Events } from '../../client/event-recorder.ts';
import { Expectations } from '../../client/expectations.ts';
import type { Informer } from '../../client/informer.ts';
import type { Dependencies } from '../dependencies.ts';
import { isTerminating } from '../service-account/controller.ts';
import { controllerOf, indexOwners } from '../workload/ownership.ts';
import { ensureRevision, removeRevisions, surplusRevisions } from '../workload/revisions.ts';
import { soonest, writeStatus } from '../workload/status.ts';
import {
  claimsOfPod,
  ensureClaims,
  hasStaleClaim,
  settleClaimOwners,
  setsOfClaim,
  type ClaimDependencies,
} from './claims.ts';
import { draftOf, identityLabels, ordinalOf, podName, revisionNameOf } from './identity.ts';
import { setsOfOrphan, settleMembers } from './members.ts';
import { planStatefulSet, type StatefulPlan, type Step, type Upkeep } from './plan.ts';

export function statefulSetController(deps: Dependencies, events: Events): Controller {
  return new StatefulSetManager(deps, events).controller();
}

class StatefulSetManager {
  readonly #deps: Dependencies;
  readonly #events: Events;
  readonly #sets: Informer<StatefulSet>;
  readonly #pods: Informer<Pod>;
  readonly #revisions: Informer<ControllerRevision>;
  readonly #claims: ClaimDependencies;
  readonly #expectations: Expectations<Pod>;

  constructor(deps: Dependencies, events: Events) {
    this.#deps = deps;
    this.#events = events;
    this.#sets = deps.informers.of(StatefulSet);
    this.#pods = deps.informers.of(Pod);
    indexOwners(this.#pods);
    this.#revisions = deps.informers.of(ControllerRevision);
    this.#claims = { client: deps.client, claims: deps.informers.of(PersistentVolumeClaim), events };
    this.#expectations = new Expectations(this.#pods, deps.clock);
  }

  controller(): Controller {
    return new Controller(
      {
        name: 'statefulset',
        sources: [
          watching(this.#sets),
          watchingOwned(this.#pods, 'StatefulSet'),
          watching(this.#pods, (change) => setsOfOrphan(this.#sets, change)),
          watching(this.#claims.claims, (change) => setsOfClaim(this.#sets, change)),
        ],
        reconcile: (key, { note }) => this.#reconcile(key, note),
      },
      this.#deps,
    );
  }

  async #reconcile(key: string, note: (plan: unknown) => void): Promise<ReconcileResult> {
    const set = this.#sets.get(refOf(key));
    if (set?.spec === undefined) {
      this.#expectations.forget(key);
      return {};
    }
    if (!this.#expectations.satisfied(key)) return {};
    const { client, clock } = this.#deps;
    const { namespace } = set.metadata;
    const owned = await settleMembers(client, set, this.#pods);
    const revisions = this.#revisions
      .list({ namespace })
      .filter((each) => controllerOf(each)?.uid === set.metadata.uid);
    const update = await ensureRevision(client, StatefulSet, set, revisions, set.status?.collisionCount ?? 0);
    if (update === undefined) return await this.#countCollision(set);
    const current = revisions.find(({ metadata }) => metadata.name === set.status?.currentRevision) ?? update;
    const plan = planStatefulSet(set, owned, { current, update }, clock.now());
    note(plan);
    const reported = await this.#carryOut(key, set, plan);
    const inUse = new Set([current.metadata.name, ...owned.map(revisionNameOf)]);
    const idle = surplusRevisions(set, revisions, new Set()).filter(({ metadata }) => !inUse.has(metadata.name));
    await removeRevisions(client, idle);
    return soonest(plan, reported);
  }

  /** The status is told also when something goes wrong, which may last. */
  async #carryOut(key: string, set: StatefulSet, plan: StatefulPlan): Promise<ReconcileResult> {
    let reported: ReconcileResult = {};
    try {
      for (const upkeep of plan.upkeep) await this.#keep(set, upkeep);
      for (const step of plan.steps) await this.#apply(key, set, step);
    } finally {
      reported = await writeStatus(this.#deps.client, StatefulSet, set, plan.status);
    }
    return reported;
  }

  async #countCollision(set: StatefulSet): Promise<ReconcileResult> {
    const status = { replicas: 0, ...set.status, collisionCount: (set.status?.collisionCount ?? 0) + 1 };
    await this.#deps.client.update(StatefulSet, { ...set, status }, { subresource: 'status' });
    return {};
  }

  async #apply(key: string, set: StatefulSet, step: Step): Promise<void> {
    if (step.type === 'create') return await this.#create(key, set, step);
    const { pod, scaledDown } = step;
    if (!scaledDown) this.#tellEnded(set, pod);
    const about = `delete Pod ${pod.metadata.name} in StatefulSet ${set.metadata.name}`;
    try {
      await this.#deps.client.delete(Pod, pod.metadata, { preconditions: { uid: pod.metadata.uid } });
      this.#expectations.deleted(key, pod);
      this.#events.normal(StatefulSet, set, 'SuccessfulDelete', `${about} successful`);
    } catch (error) {
      if (isNotFound(error) || isConflict(error)) return;
      this.#events.warning(StatefulSet, set, 'FailedDelete', `${about} failed error: ${messageOf(error)}`);
      throw error;
    }
  }

  /** One that has ended by itself is made again. */
  #tellEnded(set: StatefulSet, pod: Pod): void {
    const { namespace, name } = set.metadata;
    const again = (how: string): string =>
      `StatefulSet ${namespace}/${name} is recreating ${how} Pod ${pod.metadata.name}`;
    if (pod.status?.phase === 'Failed') {
      this.#events.warning(StatefulSet, set, 'RecreatingFailedPod', again('failed'));
    } else if (pod.status?.phase === 'Succeeded') {
      this.#events.normal(StatefulSet, set, 'RecreatingTerminatedPod', again('terminated'));
    }
  }

  async #create(
    key: string,
    set: StatefulSet,
    { ordinal, revision }: Extract<Step, { type: 'create' }>,
  ): Promise<void> {
    const claims = await claimsOfPod(this.#claims, set, ordinal);
    // Its deletion brings the key back.
    if (hasStaleClaim(set, ordinal, claims)) return;
    const about = `create Pod ${podName(set, ordinal)} in StatefulSet ${set.metadata.name}`;
    try {
      await ensureClaims(this.#claims, set, ordinal, claims);
      const pod = await this.#deps.client.create(Pod, draftOf(set, ordinal, revision));
      this.#expectations.created(key, pod);
      this.#events.normal(StatefulSet, set, 'SuccessfulCreate', `${about} successful`);
    } catch (error) {
      if (isTerminating(error)) return;
      // Somebody else's pod has the name, or ours is on its way to the cache.
      if (!isAlreadyExists(error) && !isConflict(error)) {
        this.#events.warning(StatefulSet, set, 'FailedCreate', `${about} failed error: ${messageOf(error)}`);
      }
      throw error;
    }
  }

  async #keep(set: StatefulSet, { pod, makesClaims, hasIdentity }: Upkeep): Promise<void> {
    const ordinal = ordinalOf(set, pod);
    if (ordinal === undefined) return;
    if (makesClaims) {
      await ensureClaims(this.#claims, set, ordinal, await claimsOfPod(this.#claims, set, ordinal));
    }
    const about = `update Pod ${pod.metadata.name} in StatefulSet ${set.metadata.name}`;
    try {
      const settled = await settleClaimOwners(this.#claims, set, pod, makesClaims);
      const named = hasIdentity && (await this.#nameAgain(set, pod, ordinal));
      if (named || (hasIdentity && settled)) {
        this.#events.normal(StatefulSet, set, 'SuccessfulUpdate', `${about} successful`);
      }
    } catch (error) {
      if (isNotFound(error)) return;
      if (!isConflict(error)) {
        this.#events.warning(StatefulSet, set, 'FailedUpdate', `${about} failed error: ${messageOf(error)}`);
      }
      throw error;
    }
  }

  /** Gives the pod the labels back that tell it from the others; returns whether it lacked any. */
  async #nameAgain(set: StatefulSet, { metadata }: Pod, ordinal: number): Promise<boolean> {
    const labels = identityLabels(set, ordinal);
    if (Object.entries(labels).every(([name, value]) => metadata.labels?.[name] === value)) return false;
    await this.#deps.client.patch(Pod, metadata, { metadata: { uid: metadata.uid, labels } }, { type: 'merge' });
    return true;
  }
}
