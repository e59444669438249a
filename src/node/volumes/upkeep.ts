/**
 * Looks after the volumes of running pods that need it, beside their workers: drivers that want to publish them anew
 * (fresh tokens), file systems that have become too small for their volumes. Nobody tells a node of either, so that
 * it is looked at when an upstream agent would: every 60 to 90 seconds, and sooner after a failure.
 */
import type { Pod } from '../../api/core/pod.ts';
import type { Volume } from '../../api/core/volume.ts';
import type { Clock, Timer } from '../../base/clock.ts';
import type { Random } from '../../base/random.ts';
import { mayHaveChores, type Chore } from './chores.ts';
import type { Operations } from './operations.ts';

export interface UpkeepOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly operations: Pick<Operations, 'run'>;
  /** Throws what the API says. */
  readonly chores: (pod: Pod, volume: Volume) => Promise<readonly Chore[]>;
  /** A chore failed; it is tried again. `volume`: the pod's own name of it. */
  readonly failed: (pod: Pod, volume: string, reason: Chore['reason'], error: unknown) => void;
}

interface Followed {
  pod: Pod;
  readonly stop: AbortController;
  readonly timers: Set<Timer>;
}

/** Milliseconds. */
const interval = { least: 60_000, most: 90_000 };
const firstRetry = 500;

export class Upkeep {
  readonly #options: UpkeepOptions;
  readonly #followed = new Map<string, Followed>();

  constructor(options: UpkeepOptions) {
    this.#options = options;
  }

  /** The pod runs, and has these volumes mounted; `fresh`: just now. Once or again. */
  follow(pod: Pod, volumes: readonly Volume[], fresh: boolean): void {
    const { uid } = pod.metadata;
    const known = this.#followed.get(uid);
    if (known !== undefined) {
      known.pod = pod;
      return;
    }
    const followed: Followed = { pod, stop: new AbortController(), timers: new Set() };
    this.#followed.set(uid, followed);
    for (const volume of volumes) {
      if (mayHaveChores(volume)) this.#schedule(followed, volume, fresh ? this.#pause() : 0, undefined, 0);
    }
  }

  /** The pod is stopping. */
  forget(uid: string): void {
    const followed = this.#followed.get(uid);
    this.#followed.delete(uid);
    followed?.stop.abort(new Error('the pod is stopping'));
    for (const timer of followed?.timers ?? []) timer.cancel();
  }

  #pause(): number {
    return interval.least + this.#options.random.next() * (interval.most - interval.least);
  }

  #schedule(
    followed: Followed,
    volume: Volume,
    delay: number,
    known: readonly Chore[] | undefined,
    failures: number,
  ): void {
    const timer = this.#options.clock.after(delay, () => {
      followed.timers.delete(timer);
      void this.#look(followed, volume, known, failures);
    });
    followed.timers.add(timer);
  }

  async #look(
    followed: Followed,
    volume: Volume,
    known: readonly Chore[] | undefined,
    failures: number,
  ): Promise<void> {
    const { stop } = followed;
    const outcome = await this.#doAll(followed, volume, known).catch(() => undefined);
    if (stop.signal.aborted) return;
    // Who is not of a driver never will be.
    if (outcome?.chores.length === 0) return;
    const failed = outcome === undefined || outcome.failed;
    const count = failed ? failures + 1 : 0;
    const delay = failed ? Math.min(this.#pause(), firstRetry * 2 ** (count - 1)) : this.#pause();
    this.#schedule(followed, volume, delay, outcome?.chores ?? known, count);
  }

  async #doAll(
    { pod, stop }: Followed,
    volume: Volume,
    known: readonly Chore[] | undefined,
  ): Promise<{ readonly chores: readonly Chore[]; readonly failed: boolean }> {
    const { operations, failed } = this.#options;
    const chores = known ?? (await this.#options.chores(pod, volume));
    let wrong = false;
    for (const { reason, run } of chores) {
      const what = `${reason} ${volume.name}`;
      try {
        await operations.run(pod.metadata.uid, what, stop.signal, () => run(stop.signal));
      } catch (error) {
        if (stop.signal.aborted) throw error;
        wrong = true;
        failed(pod, volume.name, reason, error);
      }
    }
    return { chores, failed: wrong };
  }
}
