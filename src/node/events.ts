/**
 * Tells users what happens, as Event objects. Guarantees: events reach the API in the order in which they were
 * recorded; the same event again raises the count of the first; a flood about one object is thinned (25 at once,
 * then one in five minutes); while the API is away the newest `capacity` wait.
 */
import { Event } from '../api/core/event.ts';
import type { ObjectReference } from '../api/core/object-reference.ts';
import type { Pod } from '../api/core/pod.ts';
import { timestamp, type Clock } from '../base/clock.ts';
import { isAbort, messageOf } from '../base/errors.ts';
import type { Logger } from '../base/log.ts';
import { ApiError, isNotFound, type Client } from '../client/client.ts';
import { findContainer, namespaceOf } from './pod/names.ts';

export type EventType = 'Normal' | 'Warning';

export interface EventRecorder {
  /** About a pod, or about one of its containers. */
  pod(pod: Pod, type: EventType, reason: string, message: string, container?: string): void;
  about(object: ObjectReference, type: EventType, reason: string, message: string): void;
}

interface Pending {
  readonly key: string;
  readonly object: ObjectReference;
  readonly type: EventType;
  readonly reason: string;
  readonly message: string;
  readonly at: number;
}

interface Known {
  readonly name: string;
  count: number;
}

interface Bucket {
  tokens: number;
  filledAt: number;
}

const capacity = 1000;
const mostKnown = 4096;
const burst = 25;
const refill = 300_000;
const retryDelay = 2000;
const longestMessage = 1024;

export interface EventsOptions {
  readonly client: Client;
  readonly clock: Clock;
  readonly log: Logger;
  readonly nodeName: string;
}

export class Events implements EventRecorder {
  readonly name = 'events';
  readonly #options: EventsOptions;
  readonly #queue: Pending[] = [];
  /** Least recently used first. */
  readonly #known = new Map<string, Known>();
  readonly #buckets = new Map<string, Bucket>();
  #lastStamp = 0n;
  #wake: (() => void) | undefined;

  constructor(options: EventsOptions) {
    this.#options = options;
  }

  pod(pod: Pod, type: EventType, reason: string, message: string, container?: string): void {
    const object: ObjectReference = {
      kind: 'Pod',
      apiVersion: 'v1',
      namespace: namespaceOf(pod),
      name: pod.metadata.name,
      uid: pod.metadata.uid,
      resourceVersion: pod.metadata.resourceVersion,
      ...(container === undefined ? {} : { fieldPath: fieldPath(pod, container) }),
    };
    this.about(object, type, reason, message);
  }

  about(object: ObjectReference, type: EventType, reason: string, message: string): void {
    const text = message.length > longestMessage ? `${message.slice(0, longestMessage - 3)}...` : message;
    const at = this.#options.clock.now();
    if (!this.#allowed(object, at)) return;
    const { kind, namespace, name, uid, fieldPath: path } = object;
    const key = JSON.stringify([kind, namespace, name, uid, path, type, reason, text]);
    if (this.#queue.length >= capacity) {
      const lost = this.#queue.shift();
      this.#options.log.warn('dropped an event: the API does not take them', { reason: lost?.reason });
    }
    this.#queue.push({ key, object, type, reason, message: text, at });
    this.#wake?.();
  }

  async run(signal: AbortSignal): Promise<void> {
    signal.addEventListener('abort', () => this.#wake?.(), { once: true });
    while (!signal.aborted) {
      const next = this.#queue[0];
      if (next === undefined) {
        await new Promise<void>((resolve) => (this.#wake = resolve));
        continue;
      }
      const taken = await this.#send(next);
      if (taken) {
        if (this.#queue[0] === next) this.#queue.shift();
      } else await this.#options.clock.sleep(retryDelay, signal).catch(() => {});
    }
  }

  /** False when it is worth trying again. */
  async #send(event: Pending): Promise<boolean> {
    try {
      const known = this.#known.get(event.key);
      if (known === undefined || !(await this.#raise(event, known))) await this.#create(event);
      return true;
    } catch (error) {
      if (isAbort(error)) return false;
      const refused = error instanceof ApiError && error.code < 500 && error.code !== 429;
      if (refused)
        this.#options.log.warn('the API refused an event', { reason: event.reason, error: messageOf(error) });
      return refused;
    }
  }

  async #raise(event: Pending, known: Known): Promise<boolean> {
    try {
      known.count += 1;
      const patch = { count: known.count, lastTimestamp: timestamp(event.at) };
      const namespace = event.object.namespace ?? 'default';
      await this.#options.client.patch(Event, { namespace, name: known.name }, patch, { type: 'strategic' });
      this.#remember(event.key, known);
      return true;
    } catch (error) {
      if (!isNotFound(error)) {
        known.count -= 1;
        throw error;
      }
      this.#known.delete(event.key);
      return false;
    }
  }

  async #create(event: Pending): Promise<void> {
    const { nodeName, client } = this.#options;
    const namespace = event.object.namespace ?? 'default';
    const stamp = this.#stamp(event.at);
    const name = `${event.object.name}.${stamp}`;
    const at = timestamp(event.at);
    await client.create(Event, {
      metadata: { name, namespace },
      involvedObject: event.object,
      reason: event.reason,
      message: event.message,
      source: { component: 'kubelet', host: nodeName },
      firstTimestamp: at,
      lastTimestamp: at,
      count: 1,
      type: event.type,
      reportingComponent: 'kubelet',
      reportingInstance: nodeName,
    });
    this.#remember(event.key, { name, count: 1 });
  }

  /** Names end in a nanosecond time that always grows, so that events of one second list in order. */
  #stamp(at: number): string {
    const wanted = BigInt(Math.floor(at)) * 1_000_000n;
    this.#lastStamp = wanted > this.#lastStamp ? wanted : this.#lastStamp + 1n;
    return this.#lastStamp.toString(16);
  }

  #remember(key: string, known: Known): void {
    this.#known.delete(key);
    this.#known.set(key, known);
    const [oldest] = this.#known.keys();
    if (this.#known.size > mostKnown && oldest !== undefined) this.#known.delete(oldest);
  }

  #allowed(object: ObjectReference, now: number): boolean {
    const key = `${object.namespace}/${object.name}/${object.uid}`;
    const bucket = this.#buckets.get(key) ?? { tokens: burst, filledAt: now };
    const gained = Math.floor((now - bucket.filledAt) / refill);
    const filled = { tokens: Math.min(burst, bucket.tokens + gained), filledAt: bucket.filledAt + gained * refill };
    this.#buckets.delete(key);
    if (this.#buckets.size >= mostKnown) this.#buckets.clear();
    this.#buckets.set(key, { ...filled, tokens: Math.max(0, filled.tokens - 1) });
    return filled.tokens > 0;
  }
}

function fieldPath(pod: Pod, container: string): string {
  const found = findContainer(pod, container);
  const list = { init: 'initContainers', regular: 'containers', ephemeral: 'ephemeralContainers' };
  return `spec.${list[found?.role ?? 'regular']}{${container}}`;
}
