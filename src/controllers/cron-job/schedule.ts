/**
 * When a cron schedule fires: pure, on any day of any time zone, without waiting for anything.
 *
 *     const schedule = parseSchedule('30 2 * * 1-5', 'Europe/Berlin');
 *     schedule.next(now);      // milliseconds since the epoch, or undefined when it never fires again
 *
 * As upstream's users know it: a time that the clock skips in spring does not occur on that day, and one that
 * it shows twice in autumn occurs twice; days of month and of week are both meant when one of them is `*`,
 * and either when none is.
 */
import { utcDay, type CalendarDay } from '../../base/clock.ts';
import { zoneOf, type Zone } from './zone.ts';

const minute = 60_000;
const day = 1440 * minute;
/** A schedule such as `0 0 30 2 *` is searched so far. */
const horizon = 5 * 366;

export interface Schedule {
  /** The first time after `since`; both in milliseconds since the epoch. */
  next(since: number): number | undefined;
}

interface Field {
  readonly values: ReadonlySet<number>;
  /** Written as a star, which makes days of month and week alternatives or not. */
  readonly any: boolean;
}

interface Range {
  readonly low: number;
  readonly high: number;
  readonly names?: readonly string[];
}

const months = 'jan feb mar apr may jun jul aug sep oct nov dec'.split(' ');
const days = 'sun mon tue wed thu fri sat'.split(' ');

const ranges: Readonly<Record<0 | 1 | 2 | 3 | 4, Range>> = [
  { low: 0, high: 59 },
  { low: 0, high: 23 },
  { low: 1, high: 31 },
  { low: 1, high: 12, names: months },
  { low: 0, high: 6, names: days },
];

const words: Readonly<Record<string, string>> = {
  '@yearly': '0 0 1 1 *',
  '@annually': '0 0 1 1 *',
  '@monthly': '0 0 1 * *',
  '@weekly': '0 0 * * 0',
  '@daily': '0 0 * * *',
  '@midnight': '0 0 * * *',
  '@hourly': '0 * * * *',
};

/** Throws RangeError for a zone that nobody knows. The text has been validated with the object. */
export function parseSchedule(text: string, timeZone: string): Schedule {
  const prefix = /^(?:CRON_)?TZ=(?<zone>\S+)\s+/u.exec(text);
  const zone = zoneOf(prefix?.groups?.['zone'] ?? timeZone);
  const plain = text.slice(prefix?.[0].length ?? 0).trim();
  const every = /^@every (?<span>.*)$/u.exec(plain)?.groups?.['span'];
  if (every !== undefined) return everySo(Math.max(1000, Math.floor(spanOf(every) / 1000) * 1000));
  const parts = (words[plain] ?? plain).split(/\s+/u);
  const field = (at: keyof typeof ranges): Field => fieldOf(parts[at] ?? '*', ranges[at]);
  return new CronSchedule(zone, inOrder(field(0)), inOrder(field(1)), dayTest(field(2), field(3), field(4)));
}

function everySo(span: number): Schedule {
  return { next: (since) => Math.floor(since / 1000) * 1000 + span };
}

const units: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  ms: 1,
  s: 1000,
  m: minute,
  h: 60 * minute,
};

/** Milliseconds of `1h30m`. */
function spanOf(text: string): number {
  return [...text.matchAll(/(?<count>\d+(?:\.\d*)?)(?<unit>ns|us|µs|ms|s|m|h)/gu)].reduce(
    (sum, { groups }) => sum + Number(groups?.['count']) * (units[groups?.['unit'] ?? ''] ?? 0),
    0,
  );
}

function fieldOf(text: string, range: Range): Field {
  const items = text.split(',').map((item) => itemOf(item, range));
  return { values: new Set(items.flatMap(({ values }) => values)), any: items.some(({ any }) => any) };
}

/** `*`, `5`, `1-5`, or `5` for all from there on, each with `/2` behind it. */
function itemOf(item: string, { low, high, names = [] }: Range): { values: readonly number[]; any: boolean } {
  const [range = '', step] = item.split('/');
  const every = Number(step ?? '1');
  const valueOf = (given: string): number => {
    const index = names.indexOf(given.toLowerCase());
    return index === -1 ? Number(given) : index + low;
  };
  if (range === '*' || range === '?') return { values: steps(low, high, every), any: every === 1 };
  const [from = '', to = step === undefined ? from : String(high)] = range.split('-');
  return { values: steps(valueOf(from), valueOf(to), every), any: false };
}

function steps(first: number, last: number, every: number): readonly number[] {
  return Array.from(
    { length: Math.max(0, Math.floor((last - first) / every) + 1) },
    (_, count) => first + count * every,
  );
}

function inOrder({ values }: Field): readonly number[] {
  return [...values].toSorted((left, right) => left - right);
}

/** Takes midnight of the local day, as if it were UTC. */
function dayTest(monthDays: Field, monthNumbers: Field, weekDays: Field): (day: CalendarDay) => boolean {
  return ({ month, day: dayOfMonth, weekday }) => {
    if (!monthNumbers.values.has(month)) return false;
    const inMonth = monthDays.values.has(dayOfMonth);
    const inWeek = weekDays.values.has(weekday);
    return monthDays.any || weekDays.any ? inMonth && inWeek : inMonth || inWeek;
  };
}

class CronSchedule implements Schedule {
  readonly #zone: Zone;
  readonly #minutes: readonly number[];
  readonly #hours: readonly number[];
  readonly #isDay: (day: CalendarDay) => boolean;

  constructor(zone: Zone, minutes: readonly number[], hours: readonly number[], isDay: (day: CalendarDay) => boolean) {
    this.#zone = zone;
    this.#minutes = minutes;
    this.#hours = hours;
    this.#isDay = isDay;
  }

  next(since: number): number | undefined {
    const start = Math.floor((since + this.#zone.offsetAt(since)) / day) * day;
    // An hour that is repeated around midnight may belong to the day before.
    for (let at = start - day, count = 0; count < horizon; at += day, count += 1) {
      if (!this.#isDay(utcDay(at))) continue;
      const found = this.#firstOn(at, since);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  /** `midnight`: of the local day, as if it were UTC. */
  #firstOn(midnight: number, since: number): number | undefined {
    const [early, late] = this.#zone.offsetsAround(midnight);
    if (early === late) return this.#firstWall(midnight, since + early, early);
    let best: number | undefined;
    for (const offset of new Set([early, late])) {
      for (const wall of this.#walls(midnight)) {
        const at = wall - offset;
        if (at > since && at < (best ?? Infinity) && this.#zone.offsetAt(at) === offset) best = at;
      }
    }
    return best;
  }

  /** On a day whose clock does not change. `since`: in local time, as if it were UTC. */
  #firstWall(midnight: number, since: number, offset: number): number | undefined {
    const past = Math.floor((since - midnight) / minute);
    for (const hour of this.#hours) {
      if (hour * 60 + 59 <= past) continue;
      for (const each of this.#minutes)
        if (hour * 60 + each > past) return midnight + (hour * 60 + each) * minute - offset;
    }
    return undefined;
  }

  *#walls(midnight: number): Generator<number> {
    for (const hour of this.#hours) for (const each of this.#minutes) yield midnight + (hour * 60 + each) * minute;
  }
}
