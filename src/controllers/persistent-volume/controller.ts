/**
 * Ties claims to volumes and lets volumes go when their claim is gone. Volumes are made by provisioners: the
 * node's own for local directories, others by themselves.
 */
import { PersistentVolumeClaim } from '../../api/core/persistent-volume-claim.ts';
import { PersistentVolume } from '../../api/core/persistent-volume.ts';
import {
  bindCompletedAnnotation,
  boundByControllerAnnotation,
  classOf,
  reservedFor,
} from '../../api/core/volume-matching.ts';
import { Pod } from '../../api/core/pod.ts';
import { StorageClass } from '../../api/storage/storage-class.ts';
import { timestamp } from '../../base/clock.ts';
import { keyOf, refOf } from '../../client/cache.ts';
import { isConflict, isNotFound } from '../../client/client.ts';
import { Controller, watching, type Source } from '../../client/controller.ts';
import type { Events } from '../../client/event-recorder.ts';
import type { Informer } from '../../client/informer.ts';
import type { Dependencies } from '../dependencies.ts';
import { claimKeysOf, claimKeysOfVolume } from '../workload/claims.ts';
import { planClaim, planVolume, type ClaimStep } from './plan.ts';
import { Recycler } from './recycler.ts';
import { unbindPatch } from './unbind.ts';

/** Milliseconds. */
const consumerPatience = 15_000;
const provisionerAnnotation = 'volume.kubernetes.io/storage-provisioner';
const betaProvisionerAnnotation = 'volume.beta.kubernetes.io/storage-provisioner';

/** One controller for claims and one for volumes; they share caches and rules. */
export function persistentVolumeControllers(deps: Dependencies, events: Events): readonly Controller[] {
  const binder = new Binder(deps, events);
  return [binder.claimController(), binder.volumeController()];
}

class Binder {
  readonly #deps: Dependencies;
  readonly #events: Events;
  readonly #claims: Informer<PersistentVolumeClaim>;
  readonly #volumes: Informer<PersistentVolume>;
  readonly #classes: Informer<StorageClass>;
  readonly #pods: Informer<Pod>;
  readonly #recycler: Recycler;

  constructor(deps: Dependencies, events: Events) {
    this.#deps = deps;
    this.#events = events;
    this.#claims = deps.informers.of(PersistentVolumeClaim);
    this.#volumes = deps.informers.of(PersistentVolume);
    this.#classes = deps.informers.of(StorageClass);
    this.#pods = deps.informers.of(Pod);
    this.#pods.addIndex('claim', claimKeysOf);
    this.#recycler = new Recycler(deps, events);
  }

  claimController(): Controller {
    return new Controller(
      {
        name: 'persistentvolume-binder',
        // Two claims must not get the same volume.
        concurrency: 1,
        sources: [
          watching(this.#claims),
          watching(this.#volumes, ({ object, old }) => [
            ...this.#claimsConcernedBy(object),
            // One that loses it to another has to hear of it.
            ...(old === undefined ? [] : claimKeysOfVolume(old)),
          ]),
          this.#consumers(),
          watching(this.#classes, ({ object }) =>
            this.#claims
              .list()
              .filter((claim) => classOf(claim) === object.metadata.name)
              .map(keyOf),
          ),
        ],
        reconcile: async (key, { note }) => {
          const claim = this.#claims.get(refOf(key));
          if (claim === undefined) return;
          const step = planClaim(claim, {
            volumes: this.#volumes.list(),
            storageClass: (name) => this.#classes.get({ name }),
          });
          note(step);
          await this.#applyToClaim(claim, step);
        },
      },
      this.#deps,
    );
  }

  volumeController(): Controller {
    return new Controller(
      {
        name: 'persistentvolume-reclaimer',
        sources: [
          watching(this.#volumes),
          watching(this.#claims, ({ object }) =>
            object.spec?.volumeName === undefined ? [] : [object.spec.volumeName],
          ),
          this.#recycler.source(),
        ],
        reconcile: async (name, { note }) => {
          const volume = this.#volumes.get({ name });
          if (volume === undefined) return;
          const ref = volume.spec?.claimRef;
          const claim =
            ref?.name === undefined ? undefined : this.#claims.get({ namespace: ref.namespace, name: ref.name });
          const plan = planVolume(volume, claim);
          note(plan);
          if (plan.unbind === true) return await this.#unbind(volume);
          if (plan.phase !== undefined && volume.status?.phase !== plan.phase) {
            await this.#setPhase(volume, plan.phase, plan.failure);
          }
          if (plan.failure !== undefined) {
            this.#events.warning(PersistentVolume, volume, 'VolumeFailedDelete', plan.failure);
          }
          if (plan.recycle === true) await this.#recycler.recycle(volume);
        },
      },
      this.#deps,
    );
  }

  /** Claims that wait for their first user hear of it when it has not got a node for a while. */
  #consumers(): Source {
    return {
      name: 'consumers',
      whenSynced: (signal) => this.#pods.whenSynced(signal),
      subscribe: (enqueue) =>
        this.#pods.subscribe({
          added: (pod) => {
            for (const key of claimKeysOf(pod)) {
              const claim = this.#claims.get(refOf(key));
              if (claim?.status?.phase !== 'Bound') enqueue(key, consumerPatience);
            }
          },
        }),
    };
  }

  /** The one that it names; all that wait, when it names none. */
  #claimsConcernedBy(volume: PersistentVolume): readonly string[] {
    if (volume.spec?.claimRef?.name !== undefined) return claimKeysOfVolume(volume);
    return this.#claims
      .list()
      .filter(({ status }) => status?.phase !== 'Bound')
      .map(keyOf);
  }

  async #applyToClaim(claim: PersistentVolumeClaim, step: ClaimStep | undefined): Promise<void> {
    switch (step?.type) {
      case 'bind':
        return await this.#bind(claim, step.volume);
      case 'lose':
        this.#events.warning(PersistentVolumeClaim, claim, step.reason, step.message);
        return await this.#setClaimStatus(claim, { phase: 'Lost' });
      case 'wait-for-consumer':
        this.#tellWhoIsAwaited(claim);
        return await this.#pend(claim);
      case 'wait-for-provisioner':
        await this.#askProvisioner(claim, step.provisioner);
        return await this.#pend(claim);
      case 'wait':
        this.#events[step.normal === true ? 'normal' : 'warning'](
          PersistentVolumeClaim,
          claim,
          step.reason,
          step.message,
        );
        return await this.#pend(claim);
      case undefined:
    }
  }

  #tellWhoIsAwaited(claim: PersistentVolumeClaim): void {
    const waiting = this.#pods.by('claim', keyOf(claim)).filter((pod) => (pod.spec?.nodeName ?? '') === '');
    const names = waiting.map(({ metadata }) => metadata.name);
    const [reason, message] =
      names.length === 0
        ? ['WaitForFirstConsumer', 'waiting for first consumer to be created before binding']
        : ['WaitForPodScheduled', `waiting for pod${names.length > 1 ? 's' : ''} ${names.join(',')} to be scheduled`];
    this.#events.normal(PersistentVolumeClaim, claim, reason, message);
  }

  async #pend(claim: PersistentVolumeClaim): Promise<void> {
    if (claim.status?.phase !== 'Pending') await this.#setClaimStatus(claim, { phase: 'Pending' });
  }

  async #askProvisioner(claim: PersistentVolumeClaim, provisioner: string): Promise<void> {
    const message = `Waiting for a volume to be created either by the external provisioner '${provisioner}' or manually by the system administrator. If volume creation is delayed, please verify that the provisioner is running and correctly registered.`;
    this.#events.normal(PersistentVolumeClaim, claim, 'ExternalProvisioning', message);
    if (claim.metadata.annotations?.[provisionerAnnotation] === provisioner) return;
    const annotations = { [provisionerAnnotation]: provisioner, [betaProvisionerAnnotation]: provisioner };
    await this.#deps.client.patch(
      PersistentVolumeClaim,
      claim.metadata,
      { metadata: { annotations } },
      { type: 'merge' },
    );
  }

  /** In upstream's order, so that a crash between two steps is mended by the next round: volume, then claim. */
  async #bind(claim: PersistentVolumeClaim, volume: PersistentVolume): Promise<void> {
    const { client } = this.#deps;
    const owned = volume.spec?.claimRef?.uid === claim.metadata.uid;
    try {
      const bound = owned ? volume : await client.update(PersistentVolume, reservedFor(volume, claim));
      if (bound.status?.phase !== 'Bound') await this.#setPhase(bound, 'Bound');
      const wanted = withVolume(claim, volume.metadata.name);
      const named = wanted === claim ? claim : await client.update(PersistentVolumeClaim, wanted);
      await this.#setClaimStatus(named, boundStatus(volume));
    } catch (error) {
      // Somebody else changed one of them: their update brings the claim back here.
      if (!isConflict(error) && !isNotFound(error)) throw error;
    }
  }

  async #unbind(volume: PersistentVolume): Promise<void> {
    try {
      await this.#deps.client.patch(PersistentVolume, volume.metadata, unbindPatch(volume), { type: 'merge' });
    } catch (error) {
      if (!isConflict(error) && !isNotFound(error)) throw error;
    }
  }

  async #setClaimStatus(
    claim: PersistentVolumeClaim,
    status: NonNullable<PersistentVolumeClaim['status']>,
  ): Promise<void> {
    await this.#deps.client.patch(
      PersistentVolumeClaim,
      claim.metadata,
      { status },
      { type: 'merge', subresource: 'status' },
    );
  }

  async #setPhase(volume: PersistentVolume, phase: string, message?: string): Promise<void> {
    const lastPhaseTransitionTime = timestamp(this.#deps.clock.now());
    const status = { phase, lastPhaseTransitionTime, message: message ?? null };
    try {
      await this.#deps.client.patch(
        PersistentVolume,
        volume.metadata,
        { status },
        { type: 'merge', subresource: 'status' },
      );
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }
}

/** The claim with its volume named; the same object when it is already. */
function withVolume(claim: PersistentVolumeClaim, volumeName: string): PersistentVolumeClaim {
  const { metadata, spec } = claim;
  const { annotations = {} } = metadata;
  const byUser = spec?.volumeName === volumeName && annotations[boundByControllerAnnotation] === undefined;
  if (spec?.volumeName === volumeName && annotations[bindCompletedAnnotation] !== undefined) return claim;
  const marks = { [bindCompletedAnnotation]: 'yes', ...(byUser ? {} : { [boundByControllerAnnotation]: 'yes' }) };
  return {
    ...claim,
    metadata: { ...metadata, annotations: { ...annotations, ...marks } },
    spec: { ...spec, volumeName },
  };
}

function boundStatus({ spec }: PersistentVolume): NonNullable<PersistentVolumeClaim['status']> {
  const { accessModes, capacity, volumeAttributesClassName: attributes } = spec ?? {};
  return {
    phase: 'Bound',
    ...(accessModes === undefined ? {} : { accessModes }),
    ...(capacity === undefined ? {} : { capacity }),
    ...(attributes === undefined ? {} : { currentVolumeAttributesClassName: attributes }),
  };
}
