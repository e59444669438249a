/** What the scheduler counts, for metrics: since the start of the process. */
import { Durations, type DurationSummary } from '../client/durations.ts';

export interface Attempts {
  scheduled: number;
  unschedulable: number;
  /** Bindings that failed. */
  error: number;
}

export class SchedulerFigures {
  readonly #attempts = new Map<string, Attempts>();
  readonly #durations = new Durations();
  preemptions = 0;
  victims = 0;

  constructor(profiles: readonly string[]) {
    for (const profile of profiles) this.#attempts.set(profile, { scheduled: 0, unschedulable: 0, error: 0 });
  }

  count(profile: string, result: keyof Attempts): void {
    const attempts = this.#attempts.get(profile);
    if (attempts !== undefined) attempts[result] += 1;
  }

  /** A whole decision, in milliseconds. */
  decided(milliseconds: number): void {
    this.#durations.add(milliseconds);
  }

  /** By profile. */
  get attempts(): ReadonlyMap<string, Readonly<Attempts>> {
    return this.#attempts;
  }

  get durations(): DurationSummary {
    return this.#durations.summary;
  }
}
