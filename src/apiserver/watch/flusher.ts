/**
 * Runs writers in turns. A change that concerns a thousand watchers must not hold up other requests, and
 * several changes in a row should be one write per watcher: a ready writer waits for its turn, which comes
 * at the end of the event loop's current round when nothing else is going on.
 *
 * Ready writers are gone through in sweeps. After a sweep of many, those that became ready meanwhile wait until the
 * sweep's share of the time has fallen to a third, or a short pause has passed: what happens in between goes out
 * together, at both ends of the connection. A write costs 15 to 20 us whatever its size, so more per write is what
 * keeps a thousand watchers from taking the whole thread.
 */
import type { Clock } from '../../base/clock.ts';

/** About 2 ms of writing. */
const perRound = 100;
/** From the beginning of one sweep of many to that of the next, in milliseconds. */
const shortestPace = 25;
const longestPace = 75;
/** Of the time, so much is spent in other work between sweeps. */
const paceOf = (sweep: number): number => Math.min(longestPace, Math.max(shortestPace, 3 * sweep));

export class Flusher {
  readonly #clock: Clock;
  #ready = new Set<() => void>();
  #sweep: Iterator<() => void> = [].values();
  #scheduled = false;
  #begun = 0;
  #notBefore = 0;
  #many = false;

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
    this.#begun = this.#clock.monotonic();
    this.#many = sweep.size > perRound;
    this.#round();
  }

  #round(): void {
    for (let left = perRound; left > 0; left -= 1) {
      const { done, value } = this.#sweep.next();
      if (done === true) {
        this.#scheduled = false;
        if (this.#many) this.#notBefore = this.#begun + paceOf(this.#clock.monotonic() - this.#begun);
        if (this.#ready.size > 0) this.#schedule();
        return;
      }
      value();
    }
    setImmediate(() => this.#round());
  }
}
