/**
 * Volumes that are about to be tied to claims: pods that are decided before the answer comes must not choose them, too.
 */
import type { PersistentVolume } from '../api/core/persistent-volume.ts';

export class AssumedVolumes {
  /** By name. */
  readonly #assumed = new Map<string, PersistentVolume>();

  /** `volume` as it will be, with the resourceVersion that it was changed upon. */
  assume(volume: PersistentVolume): void {
    this.#assumed.set(volume.metadata.name, volume);
  }

  forget(name: string): void {
    this.#assumed.delete(name);
  }

  /** What is in the cache, with what is assumed as long as the cache has not heard of the volume again. */
  over(volumes: readonly PersistentVolume[]): readonly PersistentVolume[] {
    if (this.#assumed.size === 0) return volumes;
    const pending = new Map(this.#assumed);
    this.#assumed.clear();
    return volumes.map((volume) => {
      const { name, resourceVersion } = volume.metadata;
      const assumed = pending.get(name);
      if (assumed?.metadata.resourceVersion !== resourceVersion) return volume;
      this.#assumed.set(name, assumed);
      return assumed;
    });
  }
}
