/**
 * Removes what belongs to no pod of this node: at the start, once it is known which pods there are, and now and then
 * after that. What could not be removed is tried again soon, then later and later, and at once when there is hope.
 */
import type { Clock } from '../base/clock.ts';
import { messageOf } from '../base/errors.ts';
import type { Logger } from '../base/log.ts';
import type { Service } from '../base/service.ts';
import { pauseAfter } from '../base/pauses.ts';

export interface SweepOptions {
  readonly clock: Clock;
  readonly log: Logger;
  /** Resolves when it is known which pods there are. */
  readonly known: (signal: AbortSignal) => Promise<unknown>;
  /** False when something could not be removed. */
  readonly sweep: () => Promise<boolean>;
}

const calm = 120_000;
const first = 1_000;

export class Sweep implements Service {
  readonly name = 'sweep';
  readonly #options: SweepOptions;
  #hope: () => void = () => {};

  constructor(options: SweepOptions) {
    this.#options = options;
  }

  /** What failed may succeed now. */
  retry(): void {
    this.#hope();
  }

  async run(signal: AbortSignal): Promise<void> {
    const { clock, log, known, sweep } = this.#options;
    await known(signal).catch(() => {});
    let failures = 0;
    while (!signal.aborted) {
      const clean = await sweep().catch((error: unknown) => {
        log.warn('cannot sweep', { error: messageOf(error) });
        return false;
      });
      failures = clean ? 0 : failures + 1;
      const pause = clean ? calm : pauseAfter(failures, { first, longest: calm });
      const hope = new Promise<void>((resolve) => (this.#hope = clean ? () => {} : resolve));
      const woken = new AbortController();
      await Promise.race([hope, clock.sleep(pause, AbortSignal.any([signal, woken.signal])).catch(() => {})]);
      woken.abort();
    }
  }
}
