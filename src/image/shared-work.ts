/**
 * The same work wanted by several callers is done once. A caller that aborts leaves; the work itself is
 * aborted when the last caller has left. A failure is every caller's; the next caller starts afresh.
 */
export class SharedWork<T> {
  readonly #running = new Map<string, Entry<T>>();

  async run(key: string, signal: AbortSignal, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    signal.throwIfAborted();
    let entry = this.#running.get(key);
    if (entry === undefined) {
      const abort = new AbortController();
      entry = { result: work(abort.signal), abort, callers: 0 };
      this.#running.set(key, entry);
      this.#forgetWhenDone(key, entry);
    }
    const joined = entry;
    joined.callers += 1;
    let onAbort = (): void => {};
    const left = new Promise<never>((_resolve, reject) => {
      onAbort = () => reject(signal.reason as Error);
      signal.addEventListener('abort', onAbort, { once: true });
    });
    try {
      return await Promise.race([joined.result, left]);
    } finally {
      signal.removeEventListener('abort', onAbort);
      joined.callers -= 1;
      if (joined.callers === 0) {
        this.#forget(key, joined);
        joined.abort.abort(signal.reason ?? new Error('nobody waits any more'));
        joined.result.catch(() => {});
      }
    }
  }

  #forgetWhenDone(key: string, entry: Entry<T>): void {
    const forget = (): void => this.#forget(key, entry);
    entry.result.then(forget, forget);
  }

  #forget(key: string, entry: Entry<T>): void {
    if (this.#running.get(key) === entry) this.#running.delete(key);
  }
}

interface Entry<T> {
  readonly result: Promise<T>;
  readonly abort: AbortController;
  callers: number;
}
