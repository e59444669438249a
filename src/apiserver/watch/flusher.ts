/**
 * Runs writers in turns. A change that concerns a thousand watchers must not hold up other requests, and
 * several changes in a row should be one write per watcher: a ready writer waits for its turn, which comes
 * at the end of the event loop's current round when nothing else is going on.
 */
export class Flusher {
  readonly #ready = new Set<() => void>();
  #scheduled = false;

  /** Calls `flush` once, soon. */
  add(flush: () => void): void {
    this.#ready.add(flush);
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => this.#round());
  }

  #round(): void {
    let left = perRound;
    for (const flush of this.#ready) {
      this.#ready.delete(flush);
      flush();
      left -= 1;
      if (left === 0) break;
    }
    this.#scheduled = this.#ready.size > 0;
    if (this.#scheduled) setImmediate(() => this.#round());
  }
}

/** About 2 ms of writing. */
const perRound = 100;
