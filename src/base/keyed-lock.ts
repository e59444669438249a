/** Runs what concerns the same thing one after the other, in the order of the calls; other things go on meanwhile. */
export class KeyedLock {
  /** Ends of the queues; a key without one is free. */
  readonly #ends = new Map<string, Promise<void>>();

  /** Resolves or rejects as `work` does, which begins when everything before it under the key has ended. */
  async run<T>(key: string, work: () => Promise<T>): Promise<T> {
    const before = this.#ends.get(key);
    const { promise: end, resolve } = Promise.withResolvers<void>();
    this.#ends.set(key, end);
    try {
      await before;
      return await work();
    } finally {
      if (this.#ends.get(key) === end) this.#ends.delete(key);
      resolve();
    }
  }
}
