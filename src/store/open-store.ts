/** Puts the store together: the working set, its history and watches in memory, behind a journal. */
import type { Clock } from '../base/clock.ts';
import { silentLogger, type Logger } from '../base/log.ts';
import { StoredEntry } from './entry.ts';
import { defaultHistoryLimits, History, type HistoryLimits } from './history.ts';
import { plainCodec, type Journal, type JournalRecord, type ValueCodec } from './journal/journal.ts';
import { Snapshots } from './snapshots.ts';
import {
  FutureRevisionError,
  StorageError,
  type Change,
  type Commit,
  type Entry,
  type Key,
  type Range,
  type RangeOptions,
  type Revision,
  type Store,
  type Watch,
  type WatchOptions,
  type Write,
} from './store.ts';
import { EntryTree } from './tree.ts';
import { WatchHub } from './watch-hub.ts';
import { WriteQueue, type Step, type Ticket } from './write-queue.ts';

export interface StoreOptions {
  readonly journal: Journal;
  readonly clock: Clock;
  readonly codec?: ValueCodec;
  readonly history?: Partial<HistoryLimits>;
  readonly logger?: Logger;
}

/** Opens the journal and loads what it holds. Throws StorageError when it can't be opened or read. */
export async function openStore(options: StoreOptions): Promise<Store> {
  const { journal, codec = plainCodec } = options;
  const loaded: StoredEntry[] = [];
  const take = (records: readonly JournalRecord[]): void => {
    for (const record of records)
      loaded.push(new StoredEntry({ ...record, bytes: codec.open(record.key, record.bytes) }));
  };
  const revision = await journal.open(take);
  return new JournaledStore(options, revision, loaded);
}

class JournaledStore implements Store {
  readonly #journal: Journal;
  readonly #clock: Clock;
  readonly #tree: EntryTree<StoredEntry>;
  readonly #history: History;
  readonly #snapshots: Snapshots;
  readonly #hub: WatchHub;
  readonly #queue: WriteQueue;
  readonly #waiting = new Set<{
    readonly revision: Revision;
    readonly resolve: () => void;
    readonly fail: (error: Error) => void;
  }>();
  #revision: Revision;
  #closing: Promise<void> | undefined;

  constructor(options: StoreOptions, revision: Revision, loaded: StoredEntry[]) {
    const { journal, clock, codec = plainCodec, logger = silentLogger } = options;
    this.#journal = journal;
    this.#clock = clock;
    this.#revision = revision;
    this.#tree = EntryTree.from(loaded.sort((a, b) => (a.key < b.key ? -1 : 1)));
    this.#history = new History({ ...defaultHistoryLimits, ...options.history }, revision);
    this.#snapshots = new Snapshots(clock);
    this.#hub = new WatchHub(() => this.#revision);
    this.#queue = new WriteQueue({
      journal,
      codec,
      clock,
      revision,
      firstFreeSlot: loaded.reduce((highest, { slot }) => Math.max(highest, slot), 0) + 1,
      durable: (key) => this.#tree.get(key),
      apply: (tickets) => this.#apply(tickets),
      onFailure: (error) => logger.error('writes are refused', { error }),
      onRecovery: () => logger.info('writes are possible again'),
    });
  }

  get revision(): Revision {
    return this.#revision;
  }

  get oldestRevision(): Revision {
    return this.#history.oldest;
  }

  get failure(): StorageError | undefined {
    return this.#queue.failure;
  }

  get(key: Key): Entry | undefined {
    return this.#tree.get(key);
  }

  range(prefix: Key, options: RangeOptions = {}): Range {
    const { at = this.#revision, after, limit = Infinity } = options;
    if (at > this.#revision) throw new FutureRevisionError(at, this.#revision);
    const view = at === this.#revision ? this.#tree : this.#snapshots.at(at, this.#tree, this.#history);
    const range = view.range(prefix, after, limit);
    if (range.remaining > 0) this.#snapshots.pin(at, () => view.snapshot());
    return { ...range, revision: at };
  }

  count(prefix: Key): number {
    return this.#tree.count(prefix);
  }

  watch(prefix: Key, after: Revision, options: WatchOptions = {}): Watch {
    if (this.#closing !== undefined) throw new StorageError('the store is closed');
    return this.#hub.open(prefix, after, this.#history.since(after), options);
  }

  waitFor(revision: Revision, signal?: AbortSignal): Promise<void> {
    if (this.#revision >= revision) return Promise.resolve();
    if (this.#closing !== undefined) return Promise.reject(new StorageError('the store is closed'));
    return new Promise((resolve, reject) => {
      if (signal?.aborted === true) return reject(signal.reason as Error);
      const leave = (): void => {
        this.#waiting.delete(waiter);
        signal?.removeEventListener('abort', onAbort);
      };
      const onAbort = (): void => waiter.fail(signal?.reason as Error);
      const waiter = {
        revision,
        resolve: () => (leave(), resolve()),
        fail: (error: Error) => (leave(), reject(error)),
      };
      signal?.addEventListener('abort', onAbort, { once: true });
      this.#waiting.add(waiter);
    });
  }

  commit(writes: readonly Write[]): Promise<Commit> {
    return this.#queue.commit(writes);
  }

  compact(revision: Revision): Promise<void> {
    this.#history.compact(Math.min(revision, this.#revision));
    this.#snapshots.dropBefore(revision);
    return Promise.resolve();
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    await this.#queue.close();
    this.#hub.close();
    for (const waiter of this.#waiting) waiter.fail(new StorageError('the store is closed'));
    await this.#journal.close();
  }

  /** Everything of a batch becomes visible at once; readers are woken at the end. */
  #apply(tickets: readonly Ticket[]): void {
    const now = this.#clock.monotonic();
    for (const { revision, steps } of tickets) {
      const changes: Change[] = [];
      for (const step of steps) {
        const change = this.#applyStep(step, revision);
        if (change !== undefined) changes.push(change);
      }
      this.#history.append(changes, revision, now);
      for (const change of changes) this.#hub.dispatch(change);
      this.#revision = revision;
    }
    this.#snapshots.trim();
    this.#hub.announce();
    for (const waiter of this.#waiting) if (waiter.revision <= this.#revision) waiter.resolve();
  }

  #applyStep({ key, entry }: Step, revision: Revision): Change | undefined {
    if (entry === undefined) {
      const deleted = this.#tree.delete(key);
      return deleted === undefined ? undefined : { type: 'delete', key, revision, entry: deleted };
    }
    const previous = this.#tree.put(entry);
    if (previous === undefined) return { type: 'put', key, revision, entry };
    return { type: 'put', key, revision, entry, previous };
  }
}
