/**
 * Keeps events readable: what repeats is counted, what varies only in its message is combined, and who
 * talks too much about one object is not heard.
 *
 *     same source, object, reason, message        counted on the first event's name
 *     ten messages of one reason in ten minutes   "(combined from similar events): ..." from then on
 *     more than 25 events of a type on an object  dropped, but for one every five minutes
 */
import { timestamp, type Clock } from '../base/clock.ts';
import type { Event } from '../api/core/event.ts';
import type { Draft } from '../api/kind.ts';
import { Lru } from './lru.ts';

const limits = {
  entries: 4096,
  similar: 10,
  /** Milliseconds without a similar event after which counting them starts anew. */
  interval: 600_000,
  burst: 25,
  /** Milliseconds for one further event after the burst. */
  refill: 300_000,
};

export type EventDraft = Draft<Event>;

/** What to write: a new event, or a higher count on a known one. */
export interface Correlated {
  readonly event: EventDraft;
  readonly repeated: boolean;
  /** For `written`, once the server has it. */
  readonly key: string;
}

interface Observed {
  readonly name: string;
  readonly firstTimestamp: string | undefined;
  readonly count: number;
}

export class EventCorrelator {
  readonly #clock: Clock;
  readonly #observed = new Lru<Observed>(limits.entries);
  readonly #similar = new Lru<{ readonly messages: Set<string>; last: number }>(limits.entries);
  readonly #allowances = new Lru<{ tokens: number; at: number }>(limits.entries);

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** undefined when there are too many of them. */
  correlate(event: EventDraft): Correlated | undefined {
    const { event: combined, key } = this.#combine(event);
    const known = this.#observed.get(key);
    const { firstTimestamp } = known ?? combined;
    const counted: EventDraft =
      known === undefined
        ? combined
        : {
            ...combined,
            metadata: { ...combined.metadata, name: known.name },
            count: known.count + 1,
            ...(firstTimestamp !== undefined && { firstTimestamp }),
          };
    this.#remember(key, counted);
    return this.#allowed(counted) ? { event: counted, repeated: known !== undefined, key } : undefined;
  }

  /** The event is on the server under this name; the next repetition counts on it. */
  written(key: string, event: EventDraft): void {
    this.#remember(key, event);
  }

  #remember(key: string, { metadata, firstTimestamp, count }: EventDraft): void {
    this.#observed.set(key, { name: metadata.name ?? '', firstTimestamp, count: count ?? 1 });
  }

  #combine(event: EventDraft): { event: EventDraft; key: string } {
    const group = JSON.stringify([aboutOf(event), event.reason, event.reportingComponent, event.reportingInstance]);
    const now = this.#clock.now();
    const known = this.#similar.get(group);
    const similar =
      known !== undefined && now - known.last <= limits.interval ? known : { messages: new Set<string>(), last: now };
    this.#similar.set(group, similar);
    similar.last = now;
    const { messages } = similar;
    messages.add(event.message ?? '');
    if (messages.size < limits.similar) {
      return { event, key: JSON.stringify([group, event.involvedObject.fieldPath, event.message]) };
    }
    const [oldest] = messages;
    if (oldest !== undefined) messages.delete(oldest);
    const message = `(combined from similar events): ${event.message ?? ''}`;
    const stamp = timestamp(now);
    return { event: { ...event, message, count: 1, firstTimestamp: stamp, lastTimestamp: stamp }, key: group };
  }

  /** A bucket of tokens per source, object and type. */
  #allowed(event: EventDraft): boolean {
    const key = JSON.stringify(aboutOf(event));
    const now = this.#clock.monotonic();
    const { tokens, at } = this.#allowances.get(key) ?? { tokens: limits.burst, at: now };
    const filled = Math.min(limits.burst, tokens + (now - at) / limits.refill);
    this.#allowances.set(key, { tokens: filled >= 1 ? filled - 1 : filled, at: now });
    return filled >= 1;
  }
}

function aboutOf({ source, involvedObject, type }: EventDraft): readonly unknown[] {
  const { kind, namespace, name, uid, apiVersion } = involvedObject;
  return [source?.component, source?.host, kind, namespace, name, uid, apiVersion, type];
}
