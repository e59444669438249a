/** What is remembered of a pod's containers that could not start or keep crashing. */
import type { Pod } from '../../api/core/pod.ts';
import type { Clock } from '../../base/clock.ts';
import type { EventRecorder } from '../events.ts';
import { durationText, type BackoffEntry } from './backoff.ts';
import { describePod } from './names.ts';
import type { CrashLoop } from './plan.ts';
import type { WaitingReason } from './status.ts';
import type { WaitingError } from './waiting-error.ts';

const retryFirst = 1000;
const retryLongest = 60_000;

export class Attempts {
  readonly #clock: Clock;
  readonly #events: EventRecorder;
  readonly #waiting = new Map<string, WaitingReason>();
  readonly #backoff = new Map<string, BackoffEntry>();
  readonly #held = new Map<string, number>();
  readonly #failures = new Map<string, number>();
  /** Exits of which the user has been told that they are backed off from. */
  readonly #told = new Map<string, string>();

  constructor(clock: Clock, events: EventRecorder) {
    this.#clock = clock;
    this.#events = events;
  }

  /** Why containers do not run, by name. */
  get waiting(): ReadonlyMap<string, WaitingReason> {
    return this.#waiting;
  }

  get backoff(): ReadonlyMap<string, BackoffEntry> {
    return this.#backoff;
  }

  /** Until when containers must not be tried. */
  get held(): ReadonlyMap<string, number> {
    return this.#held;
  }

  begin(name: string, backoff: BackoffEntry | undefined): void {
    if (backoff !== undefined) this.#backoff.set(name, backoff);
  }

  succeeded(name: string): void {
    this.#waiting.delete(name);
    this.#held.delete(name);
    this.#failures.delete(name);
  }

  failed(name: string, error: WaitingError): void {
    this.#waiting.set(name, { reason: error.reason, message: error.message });
    const failures = (this.#failures.get(name) ?? 0) + 1;
    this.#failures.set(name, failures);
    const delay = Math.min(retryLongest, retryFirst * 2 ** Math.min(failures, 6));
    this.#held.set(name, error.retryAt ?? this.#clock.now() + delay);
  }

  /** What was wrong may have been put right. */
  resume(): void {
    this.#held.clear();
  }

  crashLoops(pod: Pod, loops: readonly CrashLoop[]): void {
    const describe = describePod(pod);
    for (const { name, container, delay } of loops) {
      const message = `back-off ${durationText(delay)} restarting failed container=${name} pod=${describe}`;
      this.#waiting.set(name, { reason: 'CrashLoopBackOff', message });
      if (this.#told.get(name) === container.id) continue;
      this.#told.set(name, container.id);
      this.#events.pod(
        pod,
        'Warning',
        'BackOff',
        `Back-off restarting failed container ${name} in pod ${describe}`,
        name,
      );
    }
  }
}
