/**
 * Sets of completion indexes, as rising intervals that neither touch nor overlap: a job of a million indexes
 * stays a short text.
 *
 *     formatIndexes(withIndexes(indexesOf('1,3-5', 10), [2, 7]))   '1-5,7'
 */
export type Interval = readonly [first: number, last: number];
export type IndexSet = readonly Interval[];

/** Reads a status; what is not below `completions` is left out, and so is what is no number. */
export function indexesOf(text: string | undefined, completions: number): IndexSet {
  const intervals = (text ?? '').split(',').flatMap((part): readonly Interval[] => {
    const [first = '', last = first] = part.split('-');
    const interval = [Number.parseInt(first, 10), Math.min(Number.parseInt(last, 10), completions - 1)] as const;
    return interval.some(Number.isNaN) || interval[0] > interval[1] ? [] : [interval];
  });
  return joined(intervals);
}

export function withIndexes(set: IndexSet, indexes: Iterable<number>): IndexSet {
  return joined([...set, ...Array.from(indexes, (index): Interval => [index, index])]);
}

function joined(intervals: readonly Interval[]): IndexSet {
  const result: [number, number][] = [];
  for (const [first, last] of intervals.toSorted((left, right) => left[0] - right[0])) {
    const previous = result.at(-1);
    if (previous === undefined || first > previous[1] + 1) result.push([first, last]);
    else previous[1] = Math.max(previous[1], last);
  }
  return result;
}

export function totalOf(set: IndexSet): number {
  return set.reduce((sum, [first, last]) => sum + last - first + 1, 0);
}

export function hasIndex(set: IndexSet, index: number): boolean {
  let [low, high] = [0, set.length - 1];
  while (low <= high) {
    const middle = (low + high) >> 1;
    const [first, last] = set[middle] ?? [0, 0];
    if (index < first) high = middle - 1;
    else if (index > last) low = middle + 1;
    else return true;
  }
  return false;
}

/** Two neighbours are written `1,2`, more as `1-3`. */
export function formatIndexes(set: IndexSet): string {
  return set
    .map(([first, last]) => (first === last ? `${first}` : `${first}${separator(first, last)}${last}`))
    .join(',');
}

function separator(first: number, last: number): string {
  return last === first + 1 ? ',' : '-';
}

/** How many indexes are in both. */
export function commonIndexes(one: IndexSet, other: IndexSet): number {
  let count = 0;
  for (const [first, last] of one) {
    for (const [from, to] of other) count += Math.max(0, Math.min(last, to) - Math.max(first, from) + 1);
  }
  return count;
}

/** The lowest indexes below `completions` that are not in the set, `count` at most. */
export function lowestMissing(set: IndexSet, count: number, completions: number): readonly number[] {
  const result: number[] = [];
  let candidate = 0;
  for (const [first, last] of [...set, [completions, completions] as const]) {
    for (; candidate < Math.min(first, completions) && result.length < count; candidate += 1) result.push(candidate);
    candidate = Math.max(candidate, last + 1);
  }
  return result;
}
