/**
 * One of several does the work: whoever holds a Lease, for as long as it is renewed.
 *
 * Guarantees
 * - `lead` runs only while this process holds the lease, and is told to stop when renewing has failed for
 *   `renewDeadline`; others wait `leaseDuration` from the last change that they have seen themselves, so no
 *   clocks are compared. As long as work stops within the difference, two never work at once.
 * - On a clean end the lease is given up, so that another takes over at once.
 *
 * Losing the lease is a failure of the service: the process starts anew, or runs it again.
 */
import { microTimestamp, type Clock } from '../base/clock.ts';
import { messageOf } from '../base/errors.ts';
import { silentLogger, type Logger } from '../base/log.ts';
import type { Random } from '../base/random.ts';
import type { Service } from '../base/service.ts';
import { Lease, type LeaseSpec } from '../api/coordination/lease.ts';
import { isAlreadyExists, isConflict, isNotFound, type Client } from './client.ts';

export interface LeaderElectionOptions {
  readonly client: Client;
  readonly clock: Clock;
  readonly random: Random;
  readonly namespace: string;
  /** Of the Lease, such as `kube-controller-manager`. */
  readonly name: string;
  /** Of this process; must differ from all others'. */
  readonly identity: string;
  /** The work. Must end soon after its signal aborts. */
  readonly lead: (signal: AbortSignal) => Promise<void>;
  /** Told who leads whenever that changes. */
  readonly onLeader?: (identity: string) => void;
  readonly logger?: Logger;
  /** Milliseconds; upstream's 15, 10 and 2 seconds when not given. */
  readonly leaseDuration?: number;
  readonly renewDeadline?: number;
  readonly retryPeriod?: number;
}

/** The lease could not be renewed in time; somebody else may lead by now. */
export class LeadershipLostError extends Error {
  override readonly name = 'LeadershipLostError';
}

interface Observed {
  readonly lease: Lease;
  /** When this process first saw it so; monotonic. */
  readonly at: number;
}

export class LeaderElection implements Service {
  readonly name: string;
  readonly #options: LeaderElectionOptions;
  readonly #logger: Logger;
  readonly #leaseDuration: number;
  readonly #renewDeadline: number;
  readonly #retryPeriod: number;
  #observed: Observed | undefined;
  #leader: string | undefined;

  constructor(options: LeaderElectionOptions) {
    this.#options = options;
    this.name = `leader-election/${options.name}`;
    this.#logger = (options.logger ?? silentLogger).named(this.name);
    this.#leaseDuration = options.leaseDuration ?? 15_000;
    this.#renewDeadline = options.renewDeadline ?? 10_000;
    this.#retryPeriod = options.retryPeriod ?? 2000;
  }

  /** Who leads, as far as this process knows. */
  get leader(): string | undefined {
    return this.#leader;
  }

  get leading(): boolean {
    return this.#leader === this.#options.identity;
  }

  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted && !(await this.#attempt(signal))) await this.#pause(signal);
    if (signal.aborted) return;
    this.#logger.info('leads', { identity: this.#options.identity });
    const work = new AbortController();
    const lost = this.#keepRenewing(AbortSignal.any([signal, work.signal])).then((error) => {
      work.abort(error);
      return error;
    });
    const stop = AbortSignal.any([signal, work.signal]);
    try {
      await this.#options.lead(stop);
    } catch (error) {
      if (!stop.aborted) throw error;
    } finally {
      work.abort();
      const error = await lost;
      if (error === undefined) await this.#release();
    }
    const error = await lost;
    if (error !== undefined) throw error;
  }

  /** Resolves with an error when the lease is lost, without one when the signal aborts. */
  async #keepRenewing(signal: AbortSignal): Promise<LeadershipLostError | undefined> {
    const { clock, name } = this.#options;
    let renewed = clock.monotonic();
    for (;;) {
      await this.#pause(signal);
      if (signal.aborted) return undefined;
      const left = renewed + this.#renewDeadline - clock.monotonic();
      if (await this.#within(left, this.#attempt(signal))) renewed = clock.monotonic();
      if (signal.aborted) return undefined;
      const elsewhere = this.#leader !== undefined && this.#leader !== this.#options.identity;
      if (elsewhere || clock.monotonic() - renewed >= this.#renewDeadline) {
        return new LeadershipLostError(`the lease ${name} could not be renewed in time`);
      }
    }
  }

  /** False when it takes longer than `delay`. */
  async #within(delay: number, attempt: Promise<boolean>): Promise<boolean> {
    let late: (() => void) | undefined;
    const timer = this.#options.clock.after(delay, () => late?.());
    const result = await Promise.race([attempt, new Promise<boolean>((resolve) => (late = () => resolve(false)))]);
    timer.cancel();
    return result;
  }

  /** Takes or renews the lease; true when this process holds it afterwards. */
  async #attempt(signal: AbortSignal): Promise<boolean> {
    try {
      return await this.#acquire();
    } catch (error) {
      const raced = isConflict(error) || isAlreadyExists(error);
      if (!signal.aborted)
        this.#logger[raced ? 'debug' : 'warn']('the lease was not taken', { error: messageOf(error) });
      return false;
    }
  }

  async #acquire(): Promise<boolean> {
    const { client, clock, namespace, name, identity } = this.#options;
    const now = microTimestamp(clock.now());
    const held: LeaseSpec = {
      holderIdentity: identity,
      leaseDurationSeconds: Math.ceil(this.#leaseDuration / 1000),
      acquireTime: now,
      renewTime: now,
      leaseTransitions: 0,
    };
    const lease = await this.#read();
    if (lease === undefined) {
      this.#observe(await client.create(Lease, { metadata: { namespace, name }, spec: held }));
      return true;
    }
    const { holderIdentity: holder = '', acquireTime = now, leaseTransitions = 0 } = lease.spec ?? {};
    const mine = holder === identity;
    if (!mine && holder !== '' && !this.#expired()) return false;
    const spec = mine
      ? { ...lease.spec, ...held, acquireTime, leaseTransitions }
      : { ...lease.spec, ...held, leaseTransitions: leaseTransitions + 1 };
    this.#observe(await client.update(Lease, { ...lease, spec }));
    return true;
  }

  async #read(): Promise<Lease | undefined> {
    const { client, namespace, name } = this.#options;
    try {
      const lease = await client.get(Lease, { namespace, name });
      this.#observe(lease);
      return lease;
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw error;
    }
  }

  #observe(lease: Lease): void {
    if (this.#observed?.lease.metadata.resourceVersion !== lease.metadata.resourceVersion) {
      this.#observed = { lease, at: this.#options.clock.monotonic() };
    }
    const holder = lease.spec?.holderIdentity ?? '';
    if (holder === '' || holder === this.#leader) return;
    this.#leader = holder;
    this.#options.onLeader?.(holder);
  }

  /** Whether the holder has been silent for as long as it promised not to be. */
  #expired(): boolean {
    if (this.#observed === undefined) return false;
    const { lease, at } = this.#observed;
    const duration = (lease.spec?.leaseDurationSeconds ?? 0) * 1000;
    return this.#options.clock.monotonic() - at >= duration;
  }

  /** Gives the lease up; if that fails, others wait until it expires. */
  async #release(): Promise<void> {
    const { client, clock } = this.#options;
    try {
      const lease = await this.#read();
      if (lease?.spec?.holderIdentity !== this.#options.identity) return;
      const now = microTimestamp(clock.now());
      const { leaseTransitions = 0 } = lease.spec;
      const spec = { holderIdentity: '', leaseDurationSeconds: 1, acquireTime: now, renewTime: now, leaseTransitions };
      await client.update(Lease, { ...lease, spec });
      this.#leader = undefined;
    } catch (error) {
      this.#logger.warn('the lease was not given up', { error: messageOf(error) });
    }
  }

  /** The retry period and up to a fifth more; returns early when the signal aborts. */
  async #pause(signal: AbortSignal): Promise<void> {
    const { clock, random } = this.#options;
    try {
      await clock.sleep(this.#retryPeriod * (1 + random.next() * 0.2), signal);
    } catch {
      // Aborted: the caller looks.
    }
  }
}
