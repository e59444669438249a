/** Events are news: an hour after they were last heard of, they go. */
import { parseTimestamp, type Clock } from '../base/clock.ts';
import { isAbort, messageOf } from '../base/errors.ts';
import type { Logger } from '../base/log.ts';
import type { Service } from '../base/service.ts';
import { ConflictError, type Entry, type Store } from '../store/store.ts';

/** Upstream's time to live. */
const lifetime = 3_600_000;
const interval = 60_000;
/** Written at once, so that a flood of old events does not hold up other writes. */
const perCommit = 500;
const prefix = 'core/events/';

interface EventTimes {
  readonly metadata: { readonly creationTimestamp?: string };
  readonly lastTimestamp?: string | null;
  readonly eventTime?: string | null;
  readonly series?: { readonly lastObservedTime?: string };
}

/** When an event was last heard of, in milliseconds since the epoch. */
export function lastHeard(value: object): number {
  const { metadata, lastTimestamp, eventTime, series } = value as EventTimes;
  const times = [metadata.creationTimestamp, lastTimestamp, eventTime, series?.lastObservedTime];
  return Math.max(0, ...times.map((time) => parseTimestamp(time ?? '')).filter((time) => !Number.isNaN(time)));
}

export function eventExpiry(store: Store, clock: Clock, log: Logger): Service {
  return {
    name: 'event expiry',
    async run(signal) {
      try {
        for (;;) {
          await clock.sleep(interval, signal);
          await expire(store, clock.now(), log);
        }
      } catch (error) {
        if (!isAbort(error) && !signal.aborted) throw error;
      }
    },
  };
}

/** Removes what is too old at `now`. */
export async function expire(store: Store, now: number, log: Logger): Promise<void> {
  let after: string | undefined;
  for (;;) {
    const page = store.range(prefix, { limit: perCommit, ...(after === undefined ? {} : { after }) });
    const old = page.entries.filter(({ value }) => lastHeard(value) < now - lifetime);
    if (old.length > 0) await remove(store, old, log);
    after = page.entries.at(-1)?.key;
    if (page.remaining === 0 || after === undefined) return;
  }
}

async function remove(store: Store, entries: readonly Entry[], log: Logger): Promise<void> {
  try {
    await store.commit(entries.map(({ key, revision }) => ({ type: 'delete', key, expect: revision })));
  } catch (error) {
    // Somebody has heard of one of them meanwhile: the next round sees.
    if (!(error instanceof ConflictError)) log.warn('old events could not be removed', { error: messageOf(error) });
  }
}
