/** Time zones by their exact IANA names: how far their clocks are from UTC at a moment. */
import { isTimeZone } from '../../api/batch/time-zone.ts';
import { utcTime } from '../../base/clock.ts';

export interface Zone {
  readonly name: string;
  /** Milliseconds to add to UTC. */
  offsetAt(time: number): number;
  /** The offsets between which those of a local day lie; the same twice when its clock does not change. */
  offsetsAround(midnight: number): readonly [number, number];
}

const hour = 3_600_000;
const quarter = hour / 4;
const answersKept = 1000;
const zonesKept = 1000;
const zones = new Map<string, Zone>();

/** Throws RangeError when there is no zone of exactly this name. */
export function zoneOf(name: string): Zone {
  const known = zones.get(name);
  if (known !== undefined) return known;
  if (name !== '' && !isTimeZone(name)) throw new RangeError(`unknown time zone ${name}`);
  const zone = name === 'UTC' || name === '' ? utc : namedZone(name);
  if (zones.size >= zonesKept) zones.clear();
  zones.set(name, zone);
  return zone;
}

const utc: Zone = { name: 'UTC', offsetAt: () => 0, offsetsAround: () => [0, 0] };

function namedZone(name: string): Zone {
  // The calendar is proleptic, the hours from 0 to 23, and the parts in ASCII digits.
  const format = new Intl.DateTimeFormat('en-US-u-hc-h23', {
    timeZone: name,
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  });
  const computed = (time: number): number => {
    const parts = Object.fromEntries(format.formatToParts(time).map(({ type, value }) => [type, Number(value)]));
    const { year = 0, month = 1, day = 1, hour: hours = 0, minute = 0, second = 0 } = parts;
    return utcTime(year, month, day, hours, minute, second) - Math.floor(time / 1000) * 1000;
  };
  // Clocks change on the quarter hour, and asking costs 30 microseconds.
  const offsetAt = kept((quarterHour) => computed(quarterHour * quarter));
  return {
    name,
    offsetAt: (time) => offsetAt(Math.floor(time / quarter)),
    // Clocks are at most 14 hours before and 12 behind UTC.
    offsetsAround: kept((midnight) => [computed(midnight - 15 * hour), computed(midnight + 37 * hour)] as const),
  };
}

/** Remembers answers; forgets them all when they are too many. */
function kept<T>(compute: (key: number) => T): (key: number) => T {
  const answers = new Map<number, T>();
  return (key) => {
    const known = answers.get(key);
    if (known !== undefined) return known;
    if (answers.size >= answersKept) answers.clear();
    const answer = compute(key);
    answers.set(key, answer);
    return answer;
  };
}
