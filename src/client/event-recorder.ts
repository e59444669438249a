/**
 * Tells what happens to objects, as Kubernetes Events. Telling never waits and never fails: events go into a
 * bounded queue and are written one after the other, in order, while the recorder runs.
 *
 *     const events = new EventRecorder({ client, clock, random, component: 'default-scheduler' });
 *     events.normal(Pod, pod, 'Scheduled', `Successfully assigned default/web to node-1`);
 */
import { timestamp, type Clock } from '../base/clock.ts';
import { messageOf } from '../base/errors.ts';
import { silentLogger, type Logger } from '../base/log.ts';
import type { Random } from '../base/random.ts';
import type { Service } from '../base/service.ts';
import { Event } from '../api/core/event.ts';
import type { ObjectReference } from '../api/core/object-reference.ts';
import type { Kind, KubernetesObject } from '../api/kind.ts';
import { ApiError, isNotFound, type Client } from './client.ts';
import { EventCorrelator, type Correlated, type EventDraft } from './event-correlator.ts';

/** Events that wait to be written; further ones are dropped, and that is logged. */
const queueLimit = 1000;
/** Attempts per event, and milliseconds between them, while the server can't be reached. */
const attempts = { most: 12, pause: 10_000 };

export interface EventRecorderOptions {
  readonly client: Client;
  readonly clock: Clock;
  readonly random: Random;
  /** Such as `kubelet` or `deployment-controller`. */
  readonly component: string;
  /** The node, for components that run on one. */
  readonly host?: string;
  readonly logger?: Logger;
}

/** What those who tell need of the recorder. */
export interface Events {
  /** `fieldPath`: which part, such as `spec.containers{web}`. */
  normal<T extends KubernetesObject>(
    kind: Kind<T>,
    object: T,
    reason: string,
    message: string,
    fieldPath?: string,
  ): void;
  warning<T extends KubernetesObject>(
    kind: Kind<T>,
    object: T,
    reason: string,
    message: string,
    fieldPath?: string,
  ): void;
  /** About something that is only known by reference. */
  record(regarding: ObjectReference, type: 'Normal' | 'Warning', reason: string, message: string): void;
}

/** How events and others refer to an object. */
export function referenceTo<T extends KubernetesObject>(kind: Kind<T>, object: T, fieldPath?: string): ObjectReference {
  const { namespace, name, uid, resourceVersion } = object.metadata;
  return {
    kind: kind.kind,
    apiVersion: kind.apiVersion,
    ...(namespace !== undefined && { namespace }),
    name,
    uid,
    resourceVersion,
    ...(fieldPath !== undefined && { fieldPath }),
  };
}

export class EventRecorder implements Events, Service {
  readonly name: string;
  readonly #options: EventRecorderOptions;
  readonly #logger: Logger;
  readonly #correlator: EventCorrelator;
  #queue: EventDraft[] = [];
  #wake: (() => void) | undefined;
  #dropped = 0;
  /** Nanoseconds of the last name, so that names grow even within a millisecond. */
  #lastName = 0n;

  constructor(options: EventRecorderOptions) {
    this.#options = options;
    this.name = `events/${options.component}`;
    this.#logger = (options.logger ?? silentLogger).named(this.name);
    this.#correlator = new EventCorrelator(options.clock);
  }

  normal<T extends KubernetesObject>(
    kind: Kind<T>,
    object: T,
    reason: string,
    message: string,
    fieldPath?: string,
  ): void {
    this.record(referenceTo(kind, object, fieldPath), 'Normal', reason, message);
  }

  warning<T extends KubernetesObject>(
    kind: Kind<T>,
    object: T,
    reason: string,
    message: string,
    fieldPath?: string,
  ): void {
    this.record(referenceTo(kind, object, fieldPath), 'Warning', reason, message);
  }

  record(regarding: ObjectReference, type: 'Normal' | 'Warning', reason: string, message: string): void {
    if (this.#queue.length >= queueLimit) {
      this.#dropped += 1;
      if (this.#dropped % queueLimit === 1) this.#logger.warn('events are dropped', { dropped: this.#dropped });
      return;
    }
    this.#queue.push(this.#draft(regarding, type, reason, message));
    this.#wake?.();
  }

  /** Writes events until the signal aborts; what waits then is written if the server answers at once. */
  async run(signal: AbortSignal): Promise<void> {
    const onAbort = (): void => this.#wake?.();
    signal.addEventListener('abort', onAbort);
    for (;;) {
      const event = this.#queue.shift();
      if (event !== undefined) await this.#write(event, signal);
      else if (signal.aborted) break;
      else await new Promise<void>((resolve) => (this.#wake = resolve));
      this.#wake = undefined;
    }
    signal.removeEventListener('abort', onAbort);
  }

  #draft(regarding: ObjectReference, type: string, reason: string, message: string): EventDraft {
    const { clock, component, host } = this.#options;
    const now = timestamp(clock.now());
    return {
      metadata: { name: this.#eventName(regarding.name ?? ''), namespace: namespaceFor(regarding) },
      involvedObject: regarding,
      reason,
      message,
      type,
      count: 1,
      firstTimestamp: now,
      lastTimestamp: now,
      source: { component, ...(host !== undefined && { host }) },
      reportingComponent: component,
      reportingInstance: host ?? '',
    };
  }

  /**
   * `web.17f3c0de5a1b2c3d`: the time in nanoseconds. Lists are in order of names, and so clients show events
   * of one second in the order in which they happened.
   */
  #eventName(of: string): string {
    const { clock, random } = this.#options;
    const now = BigInt(clock.now()) * 1_000_000n;
    const next = now > this.#lastName ? now : this.#lastName + 1000n - (this.#lastName % 1000n);
    // The last three digits keep components apart that tell of one object at the same time.
    this.#lastName = next + BigInt(Math.floor(random.next() * 1000));
    return `${of}.${this.#lastName.toString(16)}`;
  }

  async #write(event: EventDraft, signal: AbortSignal): Promise<void> {
    const correlated = this.#correlator.correlate(event);
    if (correlated === undefined) return;
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await this.#send(correlated);
      } catch (error) {
        const { reason = '' } = event;
        if (error instanceof ApiError && error.code < 500 && error.code !== 429) {
          return this.#logger.debug('the server refused an event', { reason, error: messageOf(error) });
        }
        if (signal.aborted || attempt === attempts.most) {
          return this.#logger.warn('an event could not be written', { reason, error: messageOf(error) });
        }
        await this.#pause(attempt, signal);
      }
    }
  }

  async #send({ event, repeated, key }: Correlated): Promise<void> {
    const { client } = this.#options;
    const { name = '', namespace = '' } = event.metadata;
    if (repeated) {
      const { count, lastTimestamp, message } = event;
      try {
        await client.patch(Event, { name, namespace }, { count, lastTimestamp, message }, { type: 'merge' });
        return;
      } catch (error) {
        // Expired meanwhile: it is told again, as a new one.
        if (!isNotFound(error)) throw error;
      }
    }
    const written = await client.create(Event, event);
    this.#correlator.written(key, written);
  }

  async #pause(attempt: number, signal: AbortSignal): Promise<void> {
    const { clock, random } = this.#options;
    const delay = attempt === 1 ? attempts.pause * random.next() : attempts.pause;
    try {
      await clock.sleep(delay, signal);
    } catch {
      // Aborted: one last attempt follows.
    }
  }
}

/** Events about objects without a namespace are kept in `default`. */
function namespaceFor({ namespace = '' }: ObjectReference): string {
  return namespace === '' ? 'default' : namespace;
}
