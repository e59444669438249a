/**
 * Keeps one nftables table in the kernel as it is wanted: at once after a change, one transaction at a time (what
 * happens meanwhile goes into the next), again after failures with growing pauses, and checked now and then, so
 * that foreign flushes are healed. What the kernel refuses of one owner does not hold up the others.
 */
import type { Clock } from '../base/clock.ts';
import { messageOf } from '../base/errors.ts';
import type { Logger } from '../base/log.ts';
import { pauseAfter, type Pauses } from '../base/pauses.ts';
import type { Nft } from './nft.ts';
import type { NftTable } from './nft-table.ts';

export interface TableSyncOptions {
  readonly nft: Nft;
  readonly table: NftTable;
  readonly clock: Clock;
  readonly log: Logger;
  /** Puts what is wanted into the table; called before each transaction. */
  readonly gather: () => void;
  /** What has to be there besides; called at the start and after each check until it says that all is. */
  readonly prepare?: () => Promise<boolean>;
  /** Called after each sync that worked. */
  readonly applied?: () => Promise<void>;
}

/** How often the table's presence is checked, in milliseconds (4 ms of work each). */
const checkInterval = 15_000;
/** A full comparison comes when this many times its own duration has passed, and not sooner than that. */
const verifyFactor = 1000;
const shortestVerifyInterval = 60_000;
const retry: Pauses = { first: 100, longest: 30_000 };

export class TableSync {
  readonly #options: TableSyncOptions;
  #wake: (() => void) | undefined;
  #woken = false;
  #mustVerify = true;
  #mustPrepare = true;
  #nextVerify = 0;
  /** When the table's presence is looked at next, however often changes come in between. */
  #nextCheck = 0;
  #failures = 0;
  /** When what the kernel refused is tried again, and how often it was. */
  #nextRetry: number | undefined;
  #refusals = 0;
  /** Counters. */
  syncs = 0;
  failed = 0;
  heals = 0;
  seconds = 0;
  /** Milliseconds since the epoch of the last sync that worked; 0 before. */
  lastSync = 0;
  /** On the monotonic clock, while it fails. */
  failingSince: number | undefined;

  constructor(options: TableSyncOptions) {
    this.#options = options;
  }

  /** Something changed. */
  poke(): void {
    this.#woken = true;
    this.#wake?.();
  }

  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) await this.#wait(await this.#sync(), signal);
  }

  /** Brings the kernel up to date; resolves to the milliseconds after which to come again. */
  async #sync(): Promise<number> {
    const { clock, gather, prepare, applied } = this.#options;
    const start = clock.monotonic();
    this.#woken = false;
    try {
      gather();
      if (this.#mustVerify || this.#mustPrepare) this.#mustPrepare = (await prepare?.()) === false;
      if (this.#mustVerify) await this.#verify();
      await this.#apply();
      await applied?.();
    } catch (error) {
      return this.#fail(error);
    }
    this.#failures = 0;
    this.failingSince = undefined;
    this.syncs += 1;
    this.lastSync = clock.now();
    this.seconds += (clock.monotonic() - start) / 1000;
    if (this.#nextCheck === 0) this.#nextCheck = clock.monotonic() + checkInterval;
    if (this.#options.table.refused.size === 0) {
      this.#refusals = 0;
      this.#nextRetry = undefined;
    }
    return Math.max(0, Math.min(this.#nextRetry ?? Infinity, this.#nextCheck) - clock.monotonic());
  }

  async #apply(): Promise<void> {
    const { clock, table, log } = this.#options;
    const owners = table.changedOwners();
    const error = await this.#try();
    if (error === undefined) return;
    // A table that is gone is nobody's fault: all of it has to be put back.
    if (owners.length === 0 || (await this.#isGone())) throw error;
    const refused = await this.#applyParts(owners, error);
    this.failed += 1;
    if (refused.length === 0) return;
    this.#refusals += 1;
    const delay = pauseAfter(this.#refusals, retry);
    this.#nextRetry = clock.monotonic() + delay;
    log.error(`nftables table ${table.definition.name} is up to date but for what the kernel refuses`, {
      refused: refused.map(([owner]) => owner).join(' '),
      error: messageOf(refused[0]?.[1]),
      retryInMs: delay,
    });
  }

  async #isGone(): Promise<boolean> {
    const { nft, table } = this.#options;
    return table.isMade && !(await nft.hasSet(table.definition.name, table.marker));
  }

  /** One transaction; resolves to why it failed. */
  async #try(only?: readonly string[]): Promise<unknown> {
    const { nft, table, log } = this.#options;
    const change = table.change(only === undefined ? undefined : new Set(only));
    if (change.script === '') return undefined;
    try {
      await nft.apply(change.script);
    } catch (error) {
      change.rollback();
      return error;
    }
    change.commit();
    log.debug('applied', { elements: change.size });
    return undefined;
  }

  /** Halves until it is clear whose elements the kernel refuses, and leaves those out. Throws when it takes nothing. */
  async #applyParts(owners: readonly string[], why: unknown): Promise<readonly (readonly [string, unknown])[]> {
    const { table } = this.#options;
    // Without anybody's elements: when that fails it is nobody's fault in particular.
    const bare = await this.#try([]);
    if (bare !== undefined) throw bare;
    const refused: (readonly [string, unknown])[] = [];
    const open: { readonly owners: readonly string[]; readonly error: unknown }[] = [{ owners, error: why }];
    for (let part = open.pop(); part !== undefined; part = open.pop()) {
      const [owner = ''] = part.owners;
      if (part.owners.length === 1) {
        table.refuse(owner);
        refused.push([owner, part.error]);
        continue;
      }
      const middle = Math.ceil(part.owners.length / 2);
      for (const half of [part.owners.slice(0, middle), part.owners.slice(middle)]) {
        const error = await this.#try(half);
        if (error !== undefined) open.push({ owners: half, error });
      }
    }
    return refused;
  }

  async #verify(): Promise<void> {
    const { clock, nft, table, log } = this.#options;
    const start = clock.monotonic();
    const first = this.#nextVerify === 0;
    const isExpected = table.refused.size > 0 || this.failingSince !== undefined;
    const differs = await table.verify(nft);
    this.#mustVerify = false;
    const took = clock.monotonic() - start;
    this.#nextVerify = clock.monotonic() + Math.max(shortestVerifyInterval, took * verifyFactor);
    if (!differs || first || isExpected) return;
    this.heals += 1;
    log.warn(`nftables table ${table.definition.name} is not as it was left: putting it right`);
  }

  #fail(error: unknown): number {
    const { clock, log, table } = this.#options;
    this.#failures += 1;
    this.failingSince ??= clock.monotonic();
    this.failed += 1;
    this.#mustVerify = true;
    const delay = pauseAfter(this.#failures, retry);
    log.error(`could not bring nftables table ${table.definition.name} up to date`, {
      error: messageOf(error),
      retryInMs: delay,
    });
    return delay;
  }

  /** Until something changes or the time is up; then looks whether the table is still there. */
  async #wait(delay: number, signal: AbortSignal): Promise<void> {
    const { clock, nft, table } = this.#options;
    const isRetryDue = (): boolean => this.#nextRetry !== undefined && clock.monotonic() >= this.#nextRetry;
    const isDue = (): boolean => isRetryDue() || (this.#nextCheck !== 0 && clock.monotonic() >= this.#nextCheck);
    if (signal.aborted || (this.#woken && this.#failures === 0 && !isDue())) return;
    const woken = await new Promise<boolean>((resolve) => {
      const finish = (by: boolean): void => {
        timer.cancel();
        signal.removeEventListener('abort', onAbort);
        this.#wake = undefined;
        resolve(by);
      };
      const onAbort = (): void => finish(true);
      const timer = clock.after(delay, () => finish(false));
      signal.addEventListener('abort', onAbort, { once: true });
      // While it fails, changes wait for the retry.
      if (this.#failures === 0) this.#wake = () => finish(true);
    });
    if (signal.aborted || (woken && !isDue())) return;
    this.#nextCheck = clock.monotonic() + checkInterval;
    if (isRetryDue() || clock.monotonic() >= this.#nextVerify) this.#mustVerify = true;
    else if (!(await nft.hasSet(table.definition.name, table.marker))) this.#mustVerify = true;
  }
}
