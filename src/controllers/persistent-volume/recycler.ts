/** The old reclaim policy Recycle: a pod empties the volume, then it is available again. */
import { PersistentVolume } from '../../api/core/persistent-volume.ts';
import { Pod } from '../../api/core/pod.ts';
import type { Draft } from '../../api/kind.ts';
import { isAlreadyExists, isNotFound } from '../../client/client.ts';
import { watching, type Source } from '../../client/controller.ts';
import type { Events } from '../../client/event-recorder.ts';
import type { Informer } from '../../client/informer.ts';
import type { Dependencies } from '../dependencies.ts';
import { unbindPatch } from './unbind.ts';

const namespace = 'default';
const volumeLabel = 'coracle.dev/recycles';
const nameOf = (volume: PersistentVolume): string => `recycler-for-${volume.metadata.name}`;

export class Recycler {
  readonly #deps: Dependencies;
  readonly #events: Events;
  readonly #pods: Informer<Pod>;

  constructor(deps: Dependencies, events: Events) {
    this.#deps = deps;
    this.#events = events;
    this.#pods = deps.informers.of(Pod);
  }

  /** Volumes whose pods change. */
  source(): Source {
    return watching(this.#pods, ({ object }) => {
      const volume = object.metadata.labels?.[volumeLabel];
      return volume === undefined ? [] : [volume];
    });
  }

  async recycle(volume: PersistentVolume): Promise<void> {
    const pod = this.#pods.get({ namespace, name: nameOf(volume) });
    if (pod === undefined) return await this.#start(volume);
    const { phase } = pod.status ?? {};
    if (phase !== 'Succeeded' && phase !== 'Failed') return;
    if (phase === 'Succeeded') await this.#free(volume);
    else
      this.#events.warning(PersistentVolume, volume, 'VolumeFailedRecycle', 'Recycle failed: the recycler pod failed');
    await this.#deps.client.delete(Pod, pod.metadata).catch(unlessGone);
  }

  async #start(volume: PersistentVolume): Promise<void> {
    const source = volume.spec?.hostPath === undefined ? volume.spec?.nfs : undefined;
    if (volume.spec?.hostPath === undefined && source === undefined) {
      this.#events.warning(PersistentVolume, volume, 'VolumeFailedRecycle', 'No recycler plugin found for the volume!');
      const status = { phase: 'Failed', message: 'No recycler plugin found for the volume!' };
      await this.#deps.client.patch(
        PersistentVolume,
        volume.metadata,
        { status },
        { type: 'merge', subresource: 'status' },
      );
      return;
    }
    try {
      await this.#deps.client.create(Pod, podFor(volume));
      this.#events.normal(
        PersistentVolume,
        volume,
        'RecyclerPod',
        `Recycler pod: Successfully assigned ${namespace}/${nameOf(volume)}`,
      );
    } catch (error) {
      if (!isAlreadyExists(error)) throw error;
    }
  }

  async #free(volume: PersistentVolume): Promise<void> {
    const patch = unbindPatch(volume);
    await this.#deps.client.patch(PersistentVolume, volume.metadata, patch, { type: 'merge' }).catch(unlessGone);
    this.#events.normal(PersistentVolume, volume, 'VolumeRecycled', 'Volume recycled');
  }
}

function podFor(volume: PersistentVolume): Draft<Pod> {
  const { hostPath, nfs } = volume.spec ?? {};
  const required = volume.spec?.nodeAffinity?.required;
  return {
    metadata: { name: nameOf(volume), namespace, labels: { [volumeLabel]: volume.metadata.name } },
    spec: {
      restartPolicy: 'Never',
      activeDeadlineSeconds: 300,
      ...(required === undefined
        ? {}
        : { affinity: { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: required } } }),
      volumes: [
        { name: 'vol', ...(hostPath === undefined ? {} : { hostPath }), ...(nfs === undefined ? {} : { nfs }) },
      ],
      containers: [
        {
          name: 'pv-recycler',
          image: 'busybox',
          imagePullPolicy: 'IfNotPresent',
          command: ['/bin/sh', '-c', 'test -e /scrub && find /scrub -mindepth 1 -delete && test -z "$(ls -A /scrub)"'],
          volumeMounts: [{ name: 'vol', mountPath: '/scrub' }],
        },
      ],
    },
  };
}

function unlessGone(error: unknown): void {
  if (!isNotFound(error)) throw error;
}
