/**
 * Keys waiting to be worked on. Guarantees: a key waits at most once; it is never handed out while it is
 * being worked on (adding it then queues it again afterwards); failures come back after an exponential
 * delay of their own; one that is to rest after its work is handed out again no sooner than that, whatever happens;
 * nothing is lost. Keys are bounded by the objects they name. The wall clock may jump.
 */
import type { Clock, Timer } from './clock.ts';
import { pauseAfter, type Pauses } from './pauses.ts';

export interface WorkQueueOptions {
  readonly clock: Clock;
  /** Delays after failures. */
  readonly retry?: Pauses;
}

export class WorkQueue {
  readonly #clock: Clock;
  readonly #retry: Pauses;
  readonly #waiting = new Set<string>();
  readonly #active = new Set<string>();
  readonly #again = new Set<string>();
  readonly #failures = new Map<string, number>();
  readonly #delayed = new Map<string, { due: number; timer: Timer }>();
  /** Until when a key rests; monotonic. */
  readonly #resting = new Map<string, number>();
  readonly #readers: ((key: string | undefined) => void)[] = [];
  #closed = false;

  constructor(options: WorkQueueOptions) {
    this.#clock = options.clock;
    this.#retry = options.retry ?? { first: 5, longest: 1_000_000 };
  }

  /** Keys ready to be handed out. */
  get depth(): number {
    return this.#waiting.size;
  }

  /** Keys that are being worked on. */
  get active(): number {
    return this.#active.size;
  }

  /** Keys that wait for a due time. */
  get delayed(): number {
    return this.#delayed.size;
  }

  add(key: string): void {
    if (this.#closed) return;
    this.#cancelDelay(key);
    if (this.#active.has(key)) {
      this.#again.add(key);
      return;
    }
    if (this.#waiting.has(key)) return;
    const rest = (this.#resting.get(key) ?? 0) - this.#clock.monotonic();
    if (rest > 0) return this.addAfter(key, rest);
    this.#resting.delete(key);
    const reader = this.#readers.shift();
    if (reader === undefined) {
      this.#waiting.add(key);
      return;
    }
    this.#active.add(key);
    reader(key);
  }

  /** Adds the key after `delay` milliseconds; an earlier due time wins over a later one. */
  addAfter(key: string, delay: number): void {
    if (delay <= 0) return this.add(key);
    if (this.#closed) return;
    const due = this.#clock.monotonic() + delay;
    const present = this.#delayed.get(key);
    if (present !== undefined && present.due <= due) return;
    present?.timer.cancel();
    const timer = this.#clock.after(delay, () => {
      this.#delayed.delete(key);
      this.add(key);
    });
    this.#delayed.set(key, { due, timer });
  }

  /** Adds the key after its own back-off; call `forget` when it succeeds. Returns the failures in a row. */
  retry(key: string): number {
    const failures = (this.#failures.get(key) ?? 0) + 1;
    this.#failures.set(key, failures);
    this.addAfter(key, pauseAfter(failures, this.#retry));
    return failures;
  }

  forget(key: string): void {
    this.#failures.delete(key);
  }

  /** The next key, when there is one; undefined once the queue is closed. Call `done` with it afterwards. */
  take(): Promise<string | undefined> {
    if (this.#closed) return Promise.resolve(undefined);
    const [next] = this.#waiting;
    if (next === undefined) return new Promise((resolve) => this.#readers.push(resolve));
    this.#waiting.delete(next);
    this.#active.add(next);
    return Promise.resolve(next);
  }

  /** `rest`: milliseconds before which the key is not to be handed out again. */
  done(key: string, rest = 0): void {
    this.#active.delete(key);
    if (rest > 0) this.#resting.set(key, this.#clock.monotonic() + rest);
    if (this.#again.delete(key)) this.add(key);
  }

  /** Forgets everything that waits; readers get undefined. */
  close(): void {
    this.#closed = true;
    this.#waiting.clear();
    this.#again.clear();
    this.#resting.clear();
    for (const { timer } of this.#delayed.values()) timer.cancel();
    this.#delayed.clear();
    for (const reader of this.#readers.splice(0)) reader(undefined);
  }

  #cancelDelay(key: string): void {
    this.#delayed.get(key)?.timer.cancel();
    this.#delayed.delete(key);
  }
}
