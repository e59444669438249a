/**
 * Claims that wait for their first user (WaitForFirstConsumer): once a node is chosen, a volume that is there for it is
 * reserved, or the claim is told the node so that one is made; the pod is bound only when the claim is.
 */
import { PersistentVolumeClaim } from '../api/core/persistent-volume-claim.ts';
import { Pod } from '../api/core/pod.ts';
import { PersistentVolume } from '../api/core/persistent-volume.ts';
import { bindCompletedAnnotation, isOnNode, reservedFor, selectedNodeAnnotation } from '../api/core/volume-matching.ts';
import type { Clock } from '../base/clock.ts';
import { messageOf } from '../base/errors.ts';
import { keyOf } from '../client/cache.ts';
import type { Client } from '../client/client.ts';
import { notOlder } from '../client/expectations.ts';
import type { Informer } from '../client/informer.ts';
import type { Informers } from '../client/informers.ts';
import type { AssumedVolumes } from './assumed-volumes.ts';
import type { World } from './plugin.ts';
import { assignVolumes, claimNamesOf, type Assignment } from './plugins/volumes.ts';

/** Milliseconds, as upstream's bindTimeoutSeconds. */
const usualPatience = 600_000;

export interface VolumeBinderDependencies {
  readonly client: Client;
  readonly clock: Clock;
  readonly informers: Informers;
  readonly assumed: AssumedVolumes;
  readonly world: World;
}

export class VolumeBinder {
  readonly #deps: VolumeBinderDependencies;
  readonly #claims: Informer<PersistentVolumeClaim>;
  readonly #volumes: Informer<PersistentVolume>;
  /** What looks again whether a pod's claims are bound, by the pod's uid. */
  readonly #waiting = new Map<string, () => void>();

  constructor(deps: VolumeBinderDependencies) {
    this.#deps = deps;
    this.#claims = deps.informers.of(PersistentVolumeClaim);
    this.#volumes = deps.informers.of(PersistentVolume);
  }

  /** Looks again at every change of a claim or a volume. Returns how to stop. */
  follow(): () => void {
    const look = (): void => {
      for (const each of this.#waiting.values()) each();
    };
    const handler = { added: look, updated: look, deleted: look };
    const stops = [this.#claims.subscribe(handler), this.#volumes.subscribe(handler)];
    return () => {
      for (const stop of stops) stop();
    };
  }

  /** Whether any of the pod's claims has no volume yet. */
  hasWork(pod: Pod): boolean {
    return this.#claimsOf(pod).length > 0;
  }

  /** Tells the server what the claims get on the node. Answers with the claims and volumes as they are since. */
  async reserve(pod: Pod, node: string): Promise<readonly Assignment[]> {
    const { assumed, client, world } = this.#deps;
    const view = world.node(node);
    if (view === undefined) throw failure(missingNode(node));
    const wanted = assignVolumes(view, this.#claimsOf(pod), world).map(({ claim, volume }) =>
      volume === undefined ? { claim } : { claim, volume: reservedFor(volume, claim) },
    );
    // All of them before the first answer: other pods are decided meanwhile.
    for (const { volume } of wanted) if (volume !== undefined) assumed.assume(volume);
    const told: Assignment[] = [];
    try {
      for (const { claim, volume } of wanted) {
        if (volume !== undefined) told.push({ claim, volume: await client.update(PersistentVolume, volume) });
      }
      for (const { claim, volume } of wanted) {
        if (volume === undefined) told.push({ claim: await this.#selectNode(claim, node) });
      }
      return told;
    } catch (error) {
      for (const { volume } of wanted) if (volume !== undefined) assumed.forget(volume.metadata.name);
      throw failure(messageOf(error), error);
    }
  }

  /** Resolves when the claims are bound; rejects when they cannot be any more, or when that takes too long. */
  whenBound(
    pod: Pod,
    node: string,
    assignments: readonly Assignment[],
    patience: number = usualPatience,
  ): Promise<void> {
    const { uid } = pod.metadata;
    return new Promise((resolve, reject) => {
      const settle = (done: () => void): void => {
        this.#waiting.delete(uid);
        timer.cancel();
        done();
      };
      const fail = (why: string): void => settle(() => reject(failure(why)));
      const timer = this.#deps.clock.after(patience, () => fail('timed out waiting for the condition'));
      const look = (): void => {
        if (this.#deps.informers.of(Pod).get(pod.metadata)?.metadata.uid !== uid) {
          return fail(`pod does not exist any more: pod "${pod.metadata.name}" not found`);
        }
        const states = assignments.map((each) => this.#stateOf(each, node));
        const fault = states.find((state) => typeof state === 'object');
        if (fault !== undefined) return fail(fault.fault);
        if (states.every((state) => state === 'bound')) settle(resolve);
      };
      this.#waiting.set(uid, look);
      look();
    });
  }

  /** The pod is gone, or is about to be. */
  podGone(uid: string): void {
    this.#waiting.get(uid)?.();
  }

  #claimsOf(pod: Pod): readonly PersistentVolumeClaim[] {
    const namespace = pod.metadata.namespace ?? '';
    return claimNamesOf(pod)
      .flatMap((name) => this.#deps.world.claim(namespace, name) ?? [])
      .filter((claim) => !isBound(claim));
  }

  /** Tells the provisioner where the volume has to be. */
  async #selectNode(claim: PersistentVolumeClaim, node: string): Promise<PersistentVolumeClaim> {
    if (claim.metadata.annotations?.[selectedNodeAnnotation] === node) return claim;
    const patch = { metadata: { annotations: { [selectedNodeAnnotation]: node } } };
    return this.#deps.client.patch(PersistentVolumeClaim, claim.metadata, patch, { type: 'merge' });
  }

  /** As upstream's checkBindings. */
  #stateOf({ claim: told, volume }: Assignment, node: string): State {
    const claim = this.#claims.get(told.metadata);
    const doing = volume === undefined ? 'failed to check provisioning pvc' : 'failed to check binding';
    if (claim?.metadata.uid !== told.metadata.uid) {
      return { fault: `${doing}: could not find v1.PersistentVolumeClaim "${keyOf(told)}": not found` };
    }
    const state = volume === undefined ? provisioningState(claim, told, node) : this.#reservationState(volume, node);
    if (state !== 'bound') return state;
    const chosen = claim.spec?.volumeName ?? '';
    if (chosen === '') return 'waiting';
    const there = this.#volumes.get({ name: chosen });
    if (there === undefined) return 'waiting';
    return this.#farFrom(there, node) ?? (isBound(claim) ? 'bound' : 'waiting');
  }

  #reservationState(told: PersistentVolume, node: string): State {
    const { name, resourceVersion } = told.metadata;
    const volume = this.#volumes.get({ name });
    if (volume === undefined) {
      return { fault: `failed to check binding: could not find v1.PersistentVolume "${name}": not found` };
    }
    if (!notOlder(volume.metadata.resourceVersion, resourceVersion)) return 'waiting';
    const far = this.#farFrom(volume, node);
    if (far !== undefined) return far;
    const reserved = (volume.spec?.claimRef?.uid ?? '') !== '';
    return reserved ? 'bound' : { fault: `ClaimRef got reset for pv "${name}"` };
  }

  #farFrom(volume: PersistentVolume, node: string): State | undefined {
    const view = this.#deps.world.node(node);
    if (view === undefined) return { fault: missingNode(node) };
    if (isOnNode(volume, view)) return undefined;
    const { name } = volume.metadata;
    return { fault: `pv "${name}" node affinity doesn't match node "${node}": no matching NodeSelectorTerms` };
  }
}

type State = 'bound' | 'waiting' | { readonly fault: string };

/** Provisioners that fail take the node back, so that another is chosen. */
function provisioningState(claim: PersistentVolumeClaim, told: PersistentVolumeClaim, node: string): State {
  const { name, annotations, resourceVersion } = claim.metadata;
  if (!notOlder(resourceVersion, told.metadata.resourceVersion)) return 'waiting';
  if (annotations === undefined) return { fault: `selectedNode annotation reset for PVC "${name}"` };
  return annotations[selectedNodeAnnotation] === node ? 'bound' : { fault: `provisioning failed for PVC "${name}"` };
}

const missingNode = (node: string): string => `failed to get node "${node}": node "${node}" not found`;

/** As upstream's framework reports a plugin that fails. */
function failure(why: string, cause?: unknown): Error {
  return new Error(`running PreBind plugin "VolumeBinding": binding volumes: ${why}`, { cause });
}

function isBound(claim: PersistentVolumeClaim): boolean {
  return (claim.spec?.volumeName ?? '') !== '' && claim.metadata.annotations?.[bindCompletedAnnotation] !== undefined;
}
