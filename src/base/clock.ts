/**
 * Time as a dependency. Everything that waits or stamps takes a Clock, so that tests and, later, whole
 * clusters can step time. This is the only file that may touch Date, performance and the global timers.
 */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
  /** Milliseconds from an arbitrary start; never goes back. */
  monotonic(): number;
  /** Calls `action` once after `delay` milliseconds, unless cancelled. Does not keep the process alive. */
  after(delay: number, action: () => void): Timer;
  /** Resolves after `delay` milliseconds; rejects with the signal's reason when aborted. */
  sleep(delay: number, signal?: AbortSignal): Promise<void>;
}

export interface Timer {
  cancel(): void;
}

export const systemClock: Clock = Object.freeze({
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after(delay: number, action: () => void): Timer {
    const handle = setTimeout(action, Math.min(delay, longestTimeout));
    handle.unref();
    return { cancel: () => clearTimeout(handle) };
  },
  sleep: (delay: number, signal?: AbortSignal) => sleepOn(systemClock, delay, signal),
});

/** setTimeout overflows beyond this; the longest wait in the system is far shorter. */
const longestTimeout = 2 ** 31 - 1;

/** Keeps the process alive, which timers alone do not, until the returned function is called. */
export function keepAlive(): () => void {
  const handle = setInterval(() => {}, longestTimeout);
  return () => clearInterval(handle);
}

/** RFC 3339 to the second, as Kubernetes' Time: `2026-01-02T03:04:05Z`. */
export function timestamp(milliseconds: number): string {
  const second = Math.floor(milliseconds / 1000);
  if (second !== latest.second) latest = { second, text: `${new Date(milliseconds).toISOString().slice(0, 19)}Z` };
  return latest.text;
}

/** Every write is stamped more than once, and many fall into the same second. */
let latest = { second: NaN, text: '' };

/** RFC 3339 with six decimals, as Kubernetes' MicroTime. */
export function microTimestamp(milliseconds: number): string {
  return `${new Date(milliseconds).toISOString().slice(0, 23)}000Z`;
}

/** RFC 3339 with milliseconds, for logs. */
export function preciseTimestamp(milliseconds: number): string {
  return new Date(milliseconds).toISOString();
}

/** Milliseconds since the epoch of an RFC 3339 text; NaN when it is not one. */
export function parseTimestamp(text: string): number {
  return Date.parse(text);
}

/** A day of the calendar in UTC. Months count from 1, weekdays from Sunday as 0. */
export interface CalendarDay {
  readonly month: number;
  readonly day: number;
  readonly weekday: number;
}

export function utcDay(milliseconds: number): CalendarDay {
  const date = new Date(milliseconds);
  return { month: date.getUTCMonth() + 1, day: date.getUTCDate(), weekday: date.getUTCDay() };
}

/** Milliseconds since the epoch; months count from 1. */
export function utcTime(year: number, month: number, day: number, hour = 0, minute = 0, second = 0): number {
  return Date.UTC(year, month - 1, day, hour, minute, second);
}

/**
 * A clock that moves only when told to. Timers fire in order of their due time, and promises settle
 * between two of them.
 */
export class FakeClock implements Clock {
  #now: number;
  #start: number;
  #sequence = 0;
  readonly #timers = new Map<number, { due: number; action: () => void }>();

  constructor(start = 1_767_225_600_000) {
    this.#now = start;
    this.#start = start;
  }

  now(): number {
    return this.#now;
  }

  monotonic(): number {
    return this.#now - this.#start;
  }

  after(delay: number, action: () => void): Timer {
    const id = this.#sequence++;
    this.#timers.set(id, { due: this.#now + Math.max(0, delay), action });
    return { cancel: () => void this.#timers.delete(id) };
  }

  sleep(delay: number, signal?: AbortSignal): Promise<void> {
    return sleepOn(this, delay, signal);
  }

  /** How many timers wait; tests assert zero after a stop. */
  get pending(): number {
    return this.#timers.size;
  }

  /** When the next timer is due, or undefined when none waits. */
  get nextDue(): number | undefined {
    let next: number | undefined;
    for (const { due } of this.#timers.values()) if (next === undefined || due < next) next = due;
    return next;
  }

  /** Moves time by `delay`, firing what falls due on the way. */
  async advance(delay: number): Promise<void> {
    const target = this.#now + delay;
    await settle();
    for (let due = this.nextDue; due !== undefined && due <= target; due = this.nextDue) {
      this.#now = Math.max(this.#now, due);
      this.#fire(due);
      await settle();
    }
    this.#now = target;
  }

  /** Sets the wall clock without firing timers, as an operator or NTP would. */
  jump(to: number): void {
    const by = to - this.#now;
    this.#start += by;
    this.#now = to;
    for (const timer of this.#timers.values()) timer.due += by;
  }

  #fire(due: number): void {
    for (const [id, timer] of this.#timers) {
      if (timer.due > due) continue;
      this.#timers.delete(id);
      timer.action();
    }
  }
}

/** Lets promises and immediate callbacks that are already due run. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 4; turn += 1) await new Promise<void>((resolve) => setImmediate(resolve));
}

function sleepOn(clock: Clock, delay: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted === true) return reject(signal.reason as Error);
    const onAbort = (): void => {
      timer.cancel();
      reject(signal?.reason as Error);
    };
    const timer = clock.after(delay, () => {
      signal?.removeEventListener('abort', onAbort);
      resolve();
    });
    signal?.addEventListener('abort', onAbort, { once: true });
  });
}
