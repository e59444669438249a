/** Answers that count for a while. When it is full, the oldest entry goes. */
import type { Clock } from '../base/clock.ts';

export class BoundedCache<T> {
  readonly #clock: Clock;
  readonly #most: number;
  readonly #entries = new Map<string, { readonly value: T; readonly until: number }>();

  constructor(clock: Clock, most: number) {
    this.#clock = clock;
    this.#most = most;
  }

  get(key: string): T | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined) return undefined;
    if (entry.until > this.#clock.now()) return entry.value;
    this.#entries.delete(key);
    return undefined;
  }

  /** Keeps the value for so many milliseconds, and returns it. */
  set(key: string, value: T, lifetime: number): T {
    this.#entries.delete(key);
    this.#entries.set(key, { value, until: this.#clock.now() + lifetime });
    const [oldest] = this.#entries.keys();
    if (this.#entries.size > this.#most && oldest !== undefined) this.#entries.delete(oldest);
    return value;
  }
}
