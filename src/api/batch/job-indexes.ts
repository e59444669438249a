/**
 * Sets of indexes as text, in rising order, runs of them joined by a dash:
 *
 *     parseIndexes('1,3-5,7', 10)   { intervals: [[1, 1], [3, 5], [7, 7]], total: 5 }
 */
export interface Indexes {
  readonly intervals: readonly (readonly [first: number, last: number])[];
  readonly total: number;
  /** What is wrong with the text, in upstream's words. Intervals before it are there. */
  readonly problem?: string;
}

/** Indexes of a job with so many completions. */
export function parseIndexes(text: string, completions: number): Indexes {
  const intervals: (readonly [number, number])[] = [];
  const failed = (problem: string): Indexes => ({ intervals, total: 0, problem });
  for (const part of text === '' ? [] : text.split(',')) {
    const interval = parseInterval(part, completions);
    if (typeof interval === 'string') return failed(interval);
    const previous = intervals.at(-1)?.[1];
    if (previous !== undefined && previous >= interval[0]) {
      return failed(`non-increasing order, previous: ${previous}, current: ${interval[0]}`);
    }
    intervals.push(interval);
  }
  return { intervals, total: intervals.reduce((sum, [first, last]) => sum + last - first + 1, 0) };
}

function parseInterval(text: string, completions: number): readonly [number, number] | string {
  const parts = text.split('-');
  if (parts.length > 2) {
    return `the fragment ${JSON.stringify(text)} violates the requirement that an index interval can have at most two parts separated by '-'`;
  }
  const numbers: number[] = [];
  for (const part of parts) {
    if (!/^[+-]?\d+$/u.test(part)) return `cannot convert string to integer for index: ${JSON.stringify(part)}`;
    if (Number(part) >= completions) return `too large index: ${JSON.stringify(part)}`;
    numbers.push(Number(part));
  }
  const [first = 0, last = first] = numbers;
  if (parts.length === 2 && first >= last) return `non-increasing order, previous: ${first}, current: ${last}`;
  return [first, last];
}

/** The first index that is in both; undefined when none is. */
export function overlap(one: Indexes, other: Indexes): number | undefined {
  for (const [first, last] of one.intervals) {
    const met = other.intervals.find(([from, to]) => first <= to && from <= last);
    if (met !== undefined) return Math.max(first, met[0]);
  }
  return undefined;
}
