/**
 * Graceful shutdown of the node: its containers end as their pods say (preStop hooks, stop signal, grace), ordinary
 * pods first, critical ones after them. The pods themselves stay: the next start of the node starts them again.
 */
import type { Pod } from '../api/core/pod.ts';
import type { Clock } from '../base/clock.ts';
import { messageOf } from '../base/errors.ts';
import type { Logger } from '../base/log.ts';
import { isCritical } from './admission.ts';

export interface ShutdownOptions {
  readonly clock: Clock;
  readonly log: Logger;
  /** Lets go of all pods: from now on nothing starts their containers again. Resolves to those that may run. */
  readonly halt: () => Promise<readonly Pod[]>;
  /** Stops a pod's containers; `grace` in seconds. */
  readonly stop: (pod: Pod, grace: number) => Promise<void>;
}

/** Which share of the time is kept for critical pods. */
const criticalShare = 1 / 3;
const defaultGrace = 30;

export class Shutdown {
  readonly #options: ShutdownOptions;
  #begun = false;

  constructor(options: ShutdownOptions) {
    this.#options = options;
  }

  get begun(): boolean {
    return this.#begun;
  }

  /** Resolves when all containers have ended, after `seconds` at the latest: what runs then is killed. */
  async run(seconds: number): Promise<void> {
    const { halt, log } = this.#options;
    this.#begun = true;
    log.info('the node is shutting down', { seconds });
    const pods = await halt();
    const critical = seconds * criticalShare;
    await this.#end(
      pods.filter((pod) => !isCritical(pod)),
      seconds - critical,
    );
    await this.#end(pods.filter(isCritical), critical);
  }

  async #end(pods: readonly Pod[], seconds: number): Promise<void> {
    const { stop, log, clock } = this.#options;
    const late = Promise.withResolvers<void>();
    const timer = clock.after(seconds * 1000, () => late.resolve());
    const ended = pods.map(async (pod) => {
      const grace = Math.min(pod.spec?.terminationGracePeriodSeconds ?? defaultGrace, seconds);
      await stop(pod, grace).catch((error: unknown) => {
        log.warn('cannot stop a pod', { pod: pod.metadata.name, error: messageOf(error) });
      });
    });
    await Promise.race([Promise.all(ended), late.promise]);
    timer.cancel();
  }
}
