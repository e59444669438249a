/**
 * Exponential delays between restarts or pulls, remembered per key.
 *
 * A container's first restart is immediate and leaves an entry of `first`; a restart is then due `entry.delay`
 * after the last exit, and doubles the entry. An entry counts as gone when nothing happened for twice the longest delay.
 */
export interface BackoffEntry {
  /** Milliseconds. */
  readonly delay: number;
  /** When it last grew, in milliseconds since the epoch. */
  readonly updatedAt: number;
}

export interface BackoffLimits {
  readonly first: number;
  readonly longest: number;
}

const isExpired = (entry: BackoffEntry, since: number, limits: BackoffLimits): boolean =>
  since - entry.updatedAt > 2 * limits.longest;

/** When it may be tried again, if it failed at `failedAt`; undefined: at once. */
export function dueAt(entry: BackoffEntry | undefined, failedAt: number, limits: BackoffLimits): number | undefined {
  if (entry === undefined || isExpired(entry, failedAt, limits)) return undefined;
  return failedAt + entry.delay;
}

export function nextEntry(
  entry: BackoffEntry | undefined,
  failedAt: number,
  now: number,
  limits: BackoffLimits,
): BackoffEntry {
  if (entry === undefined || isExpired(entry, failedAt, limits)) return { delay: limits.first, updatedAt: now };
  return { delay: Math.min(limits.longest, entry.delay * 2), updatedAt: now };
}

/** Go's spelling of a duration in whole seconds, as messages show it: `1m20s`. */
export function durationText(milliseconds: number): string {
  const seconds = Math.round(milliseconds / 1000);
  const minutes = Math.floor(seconds / 60);
  return minutes === 0 ? `${seconds}s` : `${minutes}m${seconds % 60}s`;
}
