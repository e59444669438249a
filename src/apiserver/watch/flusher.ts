/**
 * Runs writers in turns. A change that concerns a thousand watchers must not hold up other requests, and
 * several changes in a row should be one write per watcher: a ready writer waits for its turn, which comes
 * at the end of the event loop's current round when nothing else is going on.
 *
 * Ready writers are gone through in sweeps. After a sweep of many, those that became ready meanwhile wait until
 * `pace` has passed since it began: what happens in between goes out together, at both ends of the connection.
 */
import type { Clock } from '../../base/clock.ts';

/** About 2 ms of writing. */
const perRound = 100;
/** Milliseconds. */
const pace = 25;

export class Flusher {
  readonly #clock: Clock;
  #ready = new Set<() => void>();
  #sweep: Iterator<() => void> = [].values();
  #scheduled = false;
  #notBefore = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Calls `flush` once, soon. */
  add(flush: () => void): void {
    this.#ready.add(flush);
    if (!this.#scheduled) this.#schedule();
  }

  #schedule(): void {
    this.#scheduled = true;
    const wait = this.#notBefore - this.#clock.monotonic();
    if (wait > 0) this.#clock.after(wait, () => this.#begin());
    else setImmediate(() => this.#begin());
  }

  #begin(): void {
    const sweep = this.#ready;
    this.#ready = new Set();
    this.#sweep = sweep.values();
    if (sweep.size > perRound) this.#notBefore = this.#clock.monotonic() + pace;
    this.#round();
  }

  #round(): void {
    for (let left = perRound; left > 0; left -= 1) {
      const { done, value } = this.#sweep.next();
      if (done === true) {
        this.#scheduled = false;
        if (this.#ready.size > 0) this.#schedule();
        return;
      }
      value();
    }
    setImmediate(() => this.#round());
  }
}
