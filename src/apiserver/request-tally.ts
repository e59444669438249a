/**
 * Requests, counted in plain numbers: a request adds to them, and only a scrape makes metrics of them. Clients choose
 * paths, so the number of series is bounded: what comes when it is reached is counted under `other`.
 */

export interface RequestLabels {
  readonly verb: string;
  readonly group: string;
  readonly version: string;
  readonly resource: string;
  readonly subresource: string;
  readonly scope: string;
}

export interface Series {
  readonly labels: RequestLabels;
  /** By status code. */
  readonly codes: ReadonlyMap<number, number>;
  /** How many took at most so long, by the bounds' order, each counted once; the last one is for those beyond. */
  readonly durations: readonly number[];
  /** Seconds, of all that are in `durations`. */
  readonly seconds: number;
  /** Long-running requests that are open. */
  readonly open: number;
}

/** Seconds; upstream's. */
export const durationBounds: readonly number[] = [
  0.005, 0.025, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1, 1.25, 1.5, 2, 3, 4, 5, 6, 8, 10, 15, 20, 30, 45, 60,
];

const mostSeries = 2_000;
const other: RequestLabels = { verb: 'other', group: '', version: '', resource: '', subresource: '', scope: '' };

interface Counted {
  readonly labels: RequestLabels;
  readonly codes: Map<number, number>;
  readonly durations: number[];
  seconds: number;
  open: number;
}

export class RequestTally {
  readonly #series = new Map<string, Counted>();
  readonly #other = counted(other);

  get series(): readonly Series[] {
    const { codes, open } = this.#other;
    const beyond = codes.size > 0 || open > 0 ? [this.#other] : [];
    return [...this.#series.values(), ...beyond];
  }

  /** A long-running request has begun. */
  started(labels: RequestLabels): void {
    this.#of(labels).open += 1;
  }

  /** `duration` in seconds; that of long-running requests says nothing and is not counted. */
  finished(labels: RequestLabels, code: number, duration: number, longRunning: boolean): void {
    const series = this.#of(labels);
    series.codes.set(code, (series.codes.get(code) ?? 0) + 1);
    if (longRunning) {
      series.open -= 1;
      return;
    }
    let at = 0;
    while (duration > (durationBounds[at] ?? Infinity)) at += 1;
    series.durations[at] = (series.durations[at] ?? 0) + 1;
    series.seconds += duration;
  }

  #of(labels: RequestLabels): Counted {
    const { verb, group, version, resource, subresource, scope } = labels;
    const key = `${verb} ${group} ${version} ${resource} ${subresource} ${scope}`;
    let series = this.#series.get(key);
    if (series === undefined) {
      if (this.#series.size >= mostSeries) return this.#other;
      this.#series.set(key, (series = counted(labels)));
    }
    return series;
  }
}

function counted(labels: RequestLabels): Counted {
  return { labels, codes: new Map(), durations: durationBounds.map(() => 0).concat(0), seconds: 0, open: 0 };
}
