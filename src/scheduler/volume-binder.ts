/**
 * Claims that wait for their first user (WaitForFirstConsumer): once a node is chosen, the claim is told
 * which, and the pod is bound only when the claim is.
 */
import { PersistentVolumeClaim } from '../api/core/persistent-volume-claim.ts';
import type { Pod } from '../api/core/pod.ts';
import { bindCompletedAnnotation, selectedNodeAnnotation } from '../api/core/volume-matching.ts';
import type { Clock } from '../base/clock.ts';
import type { Client } from '../client/client.ts';
import type { Informers } from '../client/informers.ts';
import type { World } from './plugin.ts';
import { claimNamesOf } from './plugins/volumes.ts';

/** Upstream's bindTimeoutSeconds. */
const patience = 600_000;

export interface VolumeBinderDependencies {
  readonly client: Client;
  readonly clock: Clock;
  readonly informers: Informers;
}

/** Whether any of the pod's claims has no volume yet. */
export function hasDelayedClaims(pod: Pod, world: World): boolean {
  return claimNamesOf(pod).some((name) => !isBound(world.claim(pod.metadata.namespace ?? '', name)));
}

/** Resolves when all claims of the pod are bound; rejects after ten minutes. */
export async function bindVolumes(pod: Pod, node: string, world: World, deps: VolumeBinderDependencies): Promise<void> {
  const namespace = pod.metadata.namespace ?? '';
  const names = claimNamesOf(pod).filter((name) => !isBound(world.claim(namespace, name)));
  for (const name of names) {
    if (world.claim(namespace, name)?.metadata.annotations?.[selectedNodeAnnotation] === node) continue;
    const patch = { metadata: { annotations: { [selectedNodeAnnotation]: node } } };
    await deps.client.patch(PersistentVolumeClaim, { namespace, name }, patch, { type: 'merge' });
  }
  await Promise.all(names.map((name) => whenBound(namespace, name, node, deps)));
}

function whenBound(
  namespace: string,
  name: string,
  node: string,
  { clock, informers }: VolumeBinderDependencies,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const settle = (error?: Error): void => {
      stop();
      timer.cancel();
      if (error === undefined) resolve();
      else reject(error);
    };
    // As upstream's framework reports a plugin that fails.
    const fail = (why: string): void =>
      settle(new Error(`running PreBind plugin "VolumeBinding": binding volumes: ${why}`));
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
