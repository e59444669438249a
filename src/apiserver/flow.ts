/**
 * Keeps one identity from taking all the room. So many requests are worked on at once; the others wait in
 * a queue per identity, and the queues take turns. Who has too many waiting, or waits too long, gets a 429.
 */
import type { Clock, Timer } from '../base/clock.ts';
import type { UserInfo } from './access.ts';
import { tooManyRequests } from './errors.ts';
import type { Metrics } from './metrics.ts';
import type { FlowControl } from './server-types.ts';

export interface FlowLimits {
  readonly readOnly: number;
  readonly mutating: number;
  /** Requests of one identity that may wait. */
  readonly waitingPerUser: number;
  /** Milliseconds. */
  readonly patience: number;
}

/** Upstream's numbers of requests in flight. */
const defaultFlowLimits: FlowLimits = { readOnly: 400, mutating: 200, waitingPerUser: 200, patience: 15_000 };

interface Waiting {
  readonly start: () => void;
  readonly timer: Timer;
}

type Kind = 'readOnly' | 'mutating';

class Lane {
  readonly #kind: Kind;
  readonly #limit: number;
  readonly #limits: FlowLimits;
  readonly #clock: Clock;
  readonly #metrics: Metrics;
  /** Insertion order is the order of turns. */
  readonly #queues = new Map<string, Waiting[]>();
  #active = 0;

  constructor(kind: Kind, limits: FlowLimits, clock: Clock, metrics: Metrics) {
    this.#kind = kind;
    this.#limit = limits[kind];
    this.#limits = limits;
    this.#clock = clock;
    this.#metrics = metrics;
  }

  enter(user: string): (() => void) | Promise<() => void> {
    if (this.#active < this.#limit) return this.#begin();
    const queue = this.#queues.get(user) ?? [];
    if (queue.length >= this.#limits.waitingPerUser) throw refusal();
    this.#queues.set(user, queue);
    return new Promise((resolve, reject) => {
      const waiting: Waiting = {
        start: () => {
          waiting.timer.cancel();
          resolve(this.#begin());
        },
        timer: this.#clock.after(this.#limits.patience, () => {
          queue.splice(queue.indexOf(waiting), 1);
          if (queue.length === 0) this.#queues.delete(user);
          reject(refusal());
        }),
      };
      queue.push(waiting);
    });
  }

  #begin(): () => void {
    this.#active += 1;
    this.#metrics.inFlight(this.#kind, this.#active);
    return () => {
      this.#active -= 1;
      this.#metrics.inFlight(this.#kind, this.#active);
      this.#next();
    };
  }

  #next(): void {
    for (const [user, queue] of this.#queues) {
      const waiting = queue.shift();
      // The next turn is another's: this queue goes to the end.
      this.#queues.delete(user);
      if (queue.length > 0) this.#queues.set(user, queue);
      return waiting?.start();
    }
  }
}

const refusal = (): Error => tooManyRequests('Too many requests, please try again later.', 1);

export function createFlow(clock: Clock, metrics: Metrics, limits: FlowLimits = defaultFlowLimits): FlowControl {
  const lanes = {
    readOnly: new Lane('readOnly', limits, clock, metrics),
    mutating: new Lane('mutating', limits, clock, metrics),
  };
  return {
    admit({ username, groups }: UserInfo, { verb }) {
      // The one who repairs an overloaded cluster must get in.
      if (groups.includes('system:masters')) return () => {};
      return lanes[verb === 'get' || verb === 'list' ? 'readOnly' : 'mutating'].enter(username);
    },
  };
}
