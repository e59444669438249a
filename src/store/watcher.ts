/** One watch: a bounded buffer between commits, which never wait, and a reader, which may. */
import { OverflowError } from '../base/subscription.ts';
import type { Change, Key, Revision, Watch } from './store.ts';

export interface WatcherOptions {
  readonly prefix: Key;
  readonly after: Revision;
  /** What happened between `after` and now. Bounded by the history; does not count against the capacity. */
  readonly missed: Change[];
  readonly capacity: number;
  readonly onReady: (() => void) | undefined;
  readonly current: () => Revision;
  readonly onEnd: () => void;
}

export class Watcher implements Watch {
  readonly prefix: Key;
  readonly #after: Revision;
  readonly #capacity: number;
  readonly #onReady: (() => void) | undefined;
  readonly #onEnd: () => void;
  readonly #current: () => Revision;
  #buffer: Change[];
  #waiting: (() => void) | undefined;
  #ended = false;
  #error: Error | undefined;
  /** Where the reader stood when the watch ended. */
  #final: Revision | undefined;

  constructor(options: WatcherOptions) {
    this.prefix = options.prefix;
    this.#after = options.after;
    this.#buffer = options.missed;
    this.#capacity = options.capacity + options.missed.length;
    this.#onReady = options.onReady;
    this.#onEnd = options.onEnd;
    this.#current = options.current;
  }

  get ended(): boolean {
    return this.#ended && this.#buffer.length === 0;
  }

  get error(): Error | undefined {
    return this.ended ? this.#error : undefined;
  }

  get size(): number {
    return this.#buffer.length;
  }

  get progress(): Revision {
    const [next] = this.#buffer;
    if (next !== undefined) return next.revision - 1;
    return Math.max(this.#after, this.#final ?? this.#current());
  }

  /** True when the reader has to be woken for it. */
  push(change: Change): boolean {
    if (this.#ended || change.revision <= this.#after) return false;
    if (this.#buffer.length >= this.#capacity) {
      this.#error = new OverflowError(`a watch of ${this.prefix} fell more than ${this.#capacity} changes behind`);
      this.#finish(change.revision - 1);
      return true;
    }
    this.#buffer.push(change);
    return this.#buffer.length === 1;
  }

  wake(): void {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    waiting?.();
    try {
      this.#onReady?.();
    } catch (error) {
      // One reader's failure must not stop the commit that it hears of, nor the other readers.
      this.#error = error as Error;
      if (!this.#ended) this.#finish(this.#current());
    }
  }

  drain(): readonly Change[] {
    const changes = this.#buffer;
    this.#buffer = [];
    return changes;
  }

  end(): void {
    if (this.#ended) return;
    this.#finish(this.#current());
    this.wake();
  }

  close(): void {
    this.#buffer = [];
    this.end();
  }

  /** Not a generator: those cost several promises for each change, of which a busy server has thousands a second. */
  [Symbol.asyncIterator](): AsyncIterator<Change> {
    let batch: readonly Change[] = [];
    let at = 0;
    const stop = (): IteratorResult<Change> => {
      batch = [];
      this.close();
      return { value: undefined, done: true };
    };
    const next = async (): Promise<IteratorResult<Change>> => {
      for (;;) {
        const change = batch[at];
        at += 1;
        if (change !== undefined) return { value: change, done: false };
        batch = this.drain();
        at = 0;
        if (batch.length > 0) continue;
        if (this.#ended) break;
        await new Promise<void>((resolve) => {
          this.#waiting = resolve;
        });
      }
      const end = stop();
      if (this.#error !== undefined) throw this.#error;
      return end;
    };
    return { next, return: () => Promise.resolve(stop()) };
  }

  #finish(at: Revision): void {
    this.#ended = true;
    this.#final = at;
    this.#onEnd();
  }
}
