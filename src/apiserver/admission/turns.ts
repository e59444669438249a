/** One at a time per key, in the order of asking. */

/** Waiting for one key; more than that get no turn. */
const mostWaiting = 1_000;

interface Line {
  waiting: number;
  last: Promise<void>;
}

export class Turns {
  readonly #lines = new Map<string, Line>();

  /**
   * Resolves when it is the caller's turn, to what ends it (calling it again does nothing); undefined at once
   * when too many wait.
   */
  async take(key: string): Promise<(() => void) | undefined> {
    const line = this.#lines.get(key) ?? { waiting: 0, last: Promise.resolve() };
    if (line.waiting >= mostWaiting) return undefined;
    this.#lines.set(key, line);
    const { promise, resolve } = Promise.withResolvers<void>();
    const before = line.last;
    line.last = promise;
    line.waiting += 1;
    await before;
    let ended = false;
    return () => {
      if (ended) return;
      ended = true;
      line.waiting -= 1;
      if (line.waiting === 0) this.#lines.delete(key);
      resolve();
    };
  }
}
