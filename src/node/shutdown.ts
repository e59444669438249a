/** Graceful shutdown of the node: ordinary pods end first, critical ones after them. */
import type { Clock } from '../base/clock.ts';
import type { Logger } from '../base/log.ts';
import { isCritical } from './admission.ts';
import type { NodeConfig } from './config.ts';
import type { Verdict } from './pod/status.ts';
import type { PodWorker } from './pod/worker.ts';

export interface ShutdownOptions {
  readonly config: NodeConfig;
  readonly clock: Clock;
  readonly log: Logger;
  readonly workers: () => readonly PodWorker[];
  readonly onChange: () => void;
}

const message = 'Pod was terminated in response to imminent node shutdown.';
const verdict: Verdict = {
  phase: 'Failed',
  reason: 'Terminated',
  message,
  conditions: [{ type: 'DisruptionTarget', status: 'True', reason: 'TerminationByKubelet', message }],
};
const pollEvery = 200;

export class Shutdown {
  readonly #options: ShutdownOptions;
  #begun = false;

  constructor(options: ShutdownOptions) {
    this.#options = options;
  }

  get begun(): boolean {
    return this.#begun;
  }

  /** For the node's Ready condition. */
  get problems(): readonly string[] {
    return this.#begun ? ['node is shutting down'] : [];
  }

  /** Resolves when all pods have ended, or their time is over. */
  async run(): Promise<void> {
    const { config, log, onChange } = this.#options;
    this.#begun = true;
    onChange();
    const critical = config.shutdownGracePeriodCriticalPods;
    log.info('the node is shutting down', { seconds: config.shutdownGracePeriod });
    await this.#end((worker) => !isCritical(worker.pod), Math.max(0, config.shutdownGracePeriod - critical));
    await this.#end(() => true, critical);
  }

  async #end(which: (worker: PodWorker) => boolean, seconds: number): Promise<void> {
    const { clock, workers } = this.#options;
    const chosen = workers().filter(which);
    for (const worker of chosen) {
      const own = worker.pod.spec?.terminationGracePeriodSeconds ?? 30;
      worker.fail(verdict, Math.min(own, seconds));
    }
    const over = clock.monotonic() + seconds * 1000;
    const ended = (worker: PodWorker): boolean => worker.state === 'terminated' || worker.state === 'gone';
    while (!chosen.every(ended) && clock.monotonic() < over) await clock.sleep(pollEvery);
  }
}
