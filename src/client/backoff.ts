/** Growing pauses between attempts, spread so that many clients don't come back at the same moment. */
import type { Random } from '../base/random.ts';

export interface BackoffOptions {
  readonly random: Random;
  /** Milliseconds before the second attempt; doubles up to `longest`. */
  readonly first: number;
  readonly longest: number;
}

export class Backoff {
  readonly #options: BackoffOptions;
  #failures = 0;

  constructor(options: BackoffOptions) {
    this.#options = options;
  }

  get failures(): number {
    return this.#failures;
  }

  /** The next pause in milliseconds: between the step and twice the step. */
  next(): number {
    const { random, first, longest } = this.#options;
    const step = Math.min(longest, first * 2 ** this.#failures);
    this.#failures += 1;
    return Math.min(longest, step * (1 + random.next()));
  }

  reset(): void {
    this.#failures = 0;
  }
}
