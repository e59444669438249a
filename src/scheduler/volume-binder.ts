/**
 * Claims that wait for their first user (WaitForFirstConsumer): once a node is chosen, a volume that is there for it is
 * reserved, or the claim is told the node so that one is made; the pod is bound only when the claim is.
 */
import { PersistentVolumeClaim } from '../api/core/persistent-volume-claim.ts';
import type { Pod } from '../api/core/pod.ts';
import { PersistentVolume } from '../api/core/persistent-volume.ts';
import { bindCompletedAnnotation, reservedFor, selectedNodeAnnotation } from '../api/core/volume-matching.ts';
import type { Clock } from '../base/clock.ts';
import { messageOf } from '../base/errors.ts';
import type { Client } from '../client/client.ts';
import type { Informers } from '../client/informers.ts';
import type { AssumedVolumes } from './assumed-volumes.ts';
import type { World } from './plugin.ts';
import { assignVolumes, claimNamesOf } from './plugins/volumes.ts';

/** Milliseconds, as upstream. */
const usualPatience = 600_000;

export interface VolumeBinderDependencies {
  readonly client: Client;
  readonly clock: Clock;
  readonly informers: Informers;
  readonly assumed: AssumedVolumes;
  /** For how long to wait for a claim; milliseconds. Ten minutes by default. */
  readonly patience?: number | undefined;
}

/** Whether any of the pod's claims has no volume yet. */
export function hasDelayedClaims(pod: Pod, world: World): boolean {
  return claimNamesOf(pod).some((name) => !isBound(world.claim(pod.metadata.namespace ?? '', name)));
}

/** Resolves when all claims of the pod are bound; rejects when that takes too long. */
export async function bindVolumes(pod: Pod, node: string, world: World, deps: VolumeBinderDependencies): Promise<void> {
  const namespace = pod.metadata.namespace ?? '';
  const claims = claimNamesOf(pod).flatMap((name) => {
    const claim = world.claim(namespace, name);
    return claim === undefined || isBound(claim) ? [] : [claim];
  });
  const view = world.node(node);
  const assignments = view === undefined ? [] : assignVolumes(view, claims, world);
  const reservations = assignments.flatMap(({ claim, volume }) =>
    volume === undefined ? [] : [reservedFor(volume, claim)],
  );
  // All of them before the first answer: other pods are decided meanwhile.
  for (const volume of reservations) deps.assumed.assume(volume);
  try {
    for (const volume of reservations) await deps.client.update(PersistentVolume, volume);
    for (const { claim, volume } of assignments) if (volume === undefined) await selectNode(claim, node, deps);
  } catch (error) {
    for (const { metadata } of reservations) deps.assumed.forget(metadata.name);
    throw failure(messageOf(error), error);
  }
  await Promise.all(claims.map(({ metadata }) => whenBound(namespace, metadata.name, node, deps)));
}

/** Tells the provisioner where the volume has to be. */
async function selectNode({ metadata }: PersistentVolumeClaim, node: string, { client }: VolumeBinderDependencies) {
  if (metadata.annotations?.[selectedNodeAnnotation] === node) return;
  const patch = { metadata: { annotations: { [selectedNodeAnnotation]: node } } };
  await client.patch(PersistentVolumeClaim, metadata, patch, { type: 'merge' });
}

/** As upstream's framework reports a plugin that fails. */
function failure(why: string, cause?: unknown): Error {
  return new Error(`running PreBind plugin "VolumeBinding": binding volumes: ${why}`, { cause });
}

function whenBound(
  namespace: string,
  name: string,
  node: string,
  { clock, informers, patience = usualPatience }: VolumeBinderDependencies,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const settle = (error?: Error): void => {
      stop();
      timer.cancel();
      if (error === undefined) resolve();
      else reject(error);
    };
    const fail = (why: string): void => settle(failure(why));
    const timer = clock.after(patience, () => fail('timed out waiting for the condition'));
    const look = (claim: PersistentVolumeClaim): void => {
      if (claim.metadata.namespace !== namespace || claim.metadata.name !== name) return;
      if (isBound(claim)) queueMicrotask(() => settle());
      // The provisioner takes the node back when it has no room there.
      else if (claim.metadata.annotations?.[selectedNodeAnnotation] === '') {
        queueMicrotask(() => fail(`provisioning failed for PVC "${name}" on node "${node}"`));
      }
    };
    const stop = informers.of(PersistentVolumeClaim).subscribe({
      added: look,
      updated: look,
      deleted: (claim) => {
        if (claim.metadata.namespace === namespace && claim.metadata.name === name) {
          queueMicrotask(() => fail(`failed to get PVC ${namespace}/${name}: it was deleted`));
        }
      },
    });
  });
}

function isBound(claim: PersistentVolumeClaim | undefined): boolean {
  return (claim?.spec?.volumeName ?? '') !== '' && claim?.metadata.annotations?.[bindCompletedAnnotation] !== undefined;
}
