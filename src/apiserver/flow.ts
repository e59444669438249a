/**
 * Keeps one identity from taking all the room. So many requests are worked on at once, and only a part of them for
 * the same identity: whose bodies trickle in must not hold every place. The others wait in a queue per identity, and
 * the queues take turns. Who has too many waiting, or waits too long, gets a 429.
 */
import type { Clock, Timer } from '../base/clock.ts';
import type { UserInfo } from './access.ts';
import { tooManyRequests } from './errors.ts';
import type { Metrics } from './metrics.ts';
import type { FlowControl } from './server-types.ts';

export interface FlowLimits {
  readonly readOnly: number;
  readonly mutating: number;
  /** Part of the requests worked on that may be one identity's. */
  readonly shareOfUser: number;
  /** Requests of one identity that may wait. */
  readonly waitingPerUser: number;
  /** Milliseconds. */
  readonly patience: number;
}

/** Upstream's numbers of requests in flight. */
const defaultFlowLimits: FlowLimits = {
  readOnly: 400,
  mutating: 200,
  shareOfUser: 0.5,
  waitingPerUser: 200,
  patience: 15_000,
};

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
  readonly #activeOf = new Map<string, number>();
  #active = 0;

  constructor(kind: Kind, limits: FlowLimits, clock: Clock, metrics: Metrics) {
    this.#kind = kind;
    this.#limit = limits[kind];
    this.#limits = limits;
    this.#clock = clock;
    this.#metrics = metrics;
  }

  enter(user: string): (() => void) | Promise<() => void> {
    if (this.#hasRoom(user)) return this.#begin(user);
    const queue = this.#queues.get(user) ?? [];
    if (queue.length >= this.#limits.waitingPerUser) throw refusal();
    this.#queues.set(user, queue);
    return new Promise((resolve, reject) => {
      const waiting: Waiting = {
        start: () => {
          waiting.timer.cancel();
          resolve(this.#begin(user));
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

  #hasRoom(user: string): boolean {
    const most = Math.max(1, Math.floor(this.#limit * this.#limits.shareOfUser));
    return this.#active < this.#limit && (this.#activeOf.get(user) ?? 0) < most;
  }

  #begin(user: string): () => void {
    this.#count(user, 1);
    return () => {
      this.#count(user, -1);
      this.#next();
    };
  }

  #count(user: string, change: 1 | -1): void {
    this.#active += change;
    this.#metrics.inFlight(this.#kind, this.#active);
    const own = (this.#activeOf.get(user) ?? 0) + change;
    if (own === 0) this.#activeOf.delete(user);
    else this.#activeOf.set(user, own);
  }

  #next(): void {
    for (const [user, queue] of this.#queues) {
      if (!this.#hasRoom(user)) continue;
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
