/**
 * A bounded, single-reader stream of events between a producer that never waits and a consumer that may.
 * When the buffer is full the subscription ends with an OverflowError, which the consumer sees after
 * everything that was buffered before; it then re-reads the whole state.
 */
export class OverflowError extends Error {
  override readonly name = 'OverflowError';
}

export class Subscription<T> implements AsyncIterable<T> {
  readonly #capacity: number;
  readonly #onClose: () => void;
  #buffer: T[] = [];
  #wake: (() => void) | undefined;
  #ended = false;
  #error: Error | undefined;

  constructor(options: { readonly capacity: number; readonly onClose?: () => void }) {
    this.#capacity = options.capacity;
    this.#onClose = options.onClose ?? (() => {});
  }

  get ended(): boolean {
    return this.#ended;
  }

  /** Items waiting to be read. */
  get size(): number {
    return this.#buffer.length;
  }

  /** Hands over one item; false when the subscription has ended (the producer should forget it). */
  push(item: T): boolean {
    if (this.#ended) return false;
    if (this.#buffer.length >= this.#capacity) {
      this.end(new OverflowError(`a reader fell more than ${this.#capacity} events behind`));
      return false;
    }
    this.#buffer.push(item);
    this.#notify();
    return true;
  }

  /** Ends the stream; what is buffered is still delivered, then the error, if any, is thrown. */
  end(error?: Error): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#error = error;
    this.#onClose();
    this.#notify();
  }

  /** The reader is done: drops what is buffered. */
  close(): void {
    this.#buffer = [];
    this.end();
  }

  /** Everything buffered now, in order, without waiting. */
  drain(): readonly T[] {
    const items = this.#buffer;
    this.#buffer = [];
    return items;
  }

  async *[Symbol.asyncIterator](): AsyncIterator<T> {
    try {
      for (;;) {
        for (const item of this.drain()) yield item;
        if (this.#buffer.length > 0) continue;
        if (this.#ended) {
          if (this.#error !== undefined) throw this.#error;
          return;
        }
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
      }
    } finally {
      this.close();
    }
  }

  #notify(): void {
    const wake = this.#wake;
    this.#wake = undefined;
    wake?.();
  }
}
