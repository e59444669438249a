/** How long things take: count, sum and a histogram of fixed size. */

/** Upper bounds in milliseconds. */
const bounds = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000] as const;

export interface DurationSummary {
  readonly count: number;
  /** Milliseconds in all. */
  readonly sum: number;
  /** How many took at most so many milliseconds; cumulative. */
  readonly buckets: readonly { readonly atMost: number; readonly count: number }[];
}

export class Durations {
  readonly #counts = bounds.map(() => 0);
  #count = 0;
  #sum = 0;

  add(milliseconds: number): void {
    this.#count += 1;
    this.#sum += milliseconds;
    const bucket = bounds.findIndex((bound) => milliseconds <= bound);
    if (bucket !== -1) this.#counts[bucket] = (this.#counts[bucket] ?? 0) + 1;
  }

  get summary(): DurationSummary {
    let total = 0;
    const buckets = bounds.map((atMost, index) => {
      total += this.#counts[index] ?? 0;
      return { atMost, count: total };
    });
    return { count: this.#count, sum: this.#sum, buckets };
  }
}
