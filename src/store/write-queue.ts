/**
 * The way of a commit: checked against the pending head, queued, made durable in groups, and only then
 * applied.
 *
 *     head      what the working set will be once everything queued is durable; expectations compare to it
 *     flight    the batch that the journal is writing; at most one
 *     queue     commits behind it, which go together in the next batch
 *
 * When a batch fails, it and everything queued is rejected, the head falls back to the durable state, and
 * writes are refused. If the failure was of the kind that passes (a full disk), a later commit first has
 * the journal repaired: the slots that failed batches touched are written again as the durable state has
 * them, whether or not the failed batch had reached the disk.
 */
import type { Clock } from '../base/clock.ts';
import { assert, messageOf } from '../base/errors.ts';
import { StoredEntry } from './entry.ts';
import { JournalError, type Journal, type JournalWrite, type ValueCodec } from './journal/journal.ts';
import {
  ConflictError,
  StorageError,
  type Commit,
  type Expectation,
  type Key,
  type Revision,
  type Write,
} from './store.ts';

/** A commit on its way. */
export interface Ticket {
  readonly revision: Revision;
  readonly steps: readonly Step[];
}

/** One write of a commit, as it will be applied. */
export interface Step {
  readonly key: Key;
  /** The entry to put; undefined to delete. */
  readonly entry: StoredEntry | undefined;
  readonly journal: JournalWrite;
}

export interface WriteQueueOptions {
  readonly journal: Journal;
  readonly codec: ValueCodec;
  readonly clock: Clock;
  readonly revision: Revision;
  readonly firstFreeSlot: number;
  /** The durable entry of a key. */
  readonly durable: (key: Key) => StoredEntry | undefined;
  /** Makes durable commits visible, synchronously. */
  readonly apply: (tickets: readonly Ticket[]) => void;
  readonly onFailure: (error: StorageError) => void;
  readonly onRecovery: () => void;
}

/** Commits in one batch, and bytes after which no more are added. */
const batchLimits = { commits: 512, bytes: 4 * 2 ** 20 };
/** Commits waiting; beyond it they are refused. */
const queueLimit = 50_000;
/** Milliseconds between attempts to write again after a failure. */
const retryInterval = 1000;

interface Pending extends Ticket {
  readonly bytes: number;
  readonly answer: PromiseWithResolvers<Commit>;
}

/** A write of the head: whose it is, and what the key will then hold. */
interface HeadWrite {
  readonly ticket: Pending;
  readonly entry: StoredEntry | undefined;
}

export class WriteQueue {
  readonly #options: WriteQueueOptions;
  readonly #head = new Map<Key, HeadWrite>();
  #batch: readonly Pending[] = [];
  #queue: Pending[] = [];
  #flight: Promise<void> | undefined;
  #assigned: Revision;
  #nextSlot: number;
  #failure: { readonly error: StorageError; readonly recoverable: boolean; readonly retryAt: number } | undefined;
  /** Slots that failed batches may have changed on disk. */
  readonly #doubtful = new Map<number, Key>();
  #closed = false;

  constructor(options: WriteQueueOptions) {
    this.#options = options;
    this.#assigned = options.revision;
    this.#nextSlot = options.firstFreeSlot;
  }

  get failure(): StorageError | undefined {
    return this.#failure?.error;
  }

  async commit(writes: readonly Write[]): Promise<Commit> {
    assert(areDistinct(writes), 'a commit writes each key once');
    this.#admit();
    for (const { key, expect } of writes) if (!holds(expect, this.#headEntry(key))) return this.#refuse(key);
    return this.#enqueue(writes);
  }

  /** Waits for what is pending; later commits are refused. */
  async close(): Promise<void> {
    this.#closed = true;
    while (this.#flight !== undefined) await this.#flight;
  }

  /** Throws when writes are refused at present. */
  #admit(): void {
    if (this.#closed) throw new StorageError('the store is closed');
    if (this.#queue.length >= queueLimit) {
      throw new StorageError(`${queueLimit} writes are waiting for the disk already; try again later`);
    }
    const failure = this.#failure;
    if (failure === undefined || this.#flight !== undefined) return;
    if (!failure.recoverable || this.#options.clock.monotonic() < failure.retryAt) throw failure.error;
  }

  #headEntry(key: Key): StoredEntry | undefined {
    const written = this.#head.get(key);
    return written === undefined ? this.#options.durable(key) : written.entry;
  }

  /** A conflict, told once the write it conflicts with is durable: nobody may see it earlier. */
  async #refuse(key: Key): Promise<never> {
    await this.#head.get(key)?.ticket.answer.promise;
    throw new ConflictError(key, this.#options.durable(key));
  }

  #enqueue(writes: readonly Write[]): Promise<Commit> {
    const revision = this.#assigned + 1;
    const steps = writes.map((write) => this.#step(write, revision));
    this.#assigned = revision;
    let bytes = 0;
    for (const { entry } of steps) bytes += entry?.bytes.length ?? 0;
    const ticket: Pending = { revision, steps, bytes, answer: Promise.withResolvers<Commit>() };
    for (const { key, entry } of steps) this.#head.set(key, { ticket, entry });
    this.#queue.push(ticket);
    // At the end of this turn, so that commits of the same turn share a batch.
    if (this.#flight === undefined) this.#flight = Promise.resolve().then(() => this.#fly());
    return ticket.answer.promise;
  }

  #step(write: Write, revision: Revision): Step {
    const { key } = write;
    const before = this.#headEntry(key);
    const slot = before?.slot ?? this.#nextSlot++;
    if (write.type === 'delete') return { key, entry: undefined, journal: { slot } };
    const { value, bytes } = write;
    const created = before?.created ?? revision;
    const entry = new StoredEntry({ key, value, bytes, created, revision, slot });
    const sealed = this.#options.codec.seal(key, bytes);
    return { key, entry, journal: { slot, record: { slot, key, created, revision, bytes: sealed } } };
  }

  /** Writes batches until the queue is empty or one fails. */
  async #fly(): Promise<void> {
    try {
      if (this.#failure !== undefined) await this.#repair();
      while (this.#queue.length > 0) await this.#writeBatch();
    } catch (error) {
      this.#fail(error);
    } finally {
      this.#flight = undefined;
    }
  }

  async #writeBatch(): Promise<void> {
    const batch = this.#nextBatch();
    this.#batch = batch;
    const writes: JournalWrite[] = [];
    for (const { steps } of batch) for (const { journal } of steps) writes.push(journal);
    await this.#options.journal.append({ revision: batch.at(-1)?.revision ?? this.#assigned, writes });
    for (const ticket of batch) {
      for (const { key } of ticket.steps) if (this.#head.get(key)?.ticket === ticket) this.#head.delete(key);
    }
    this.#options.apply(batch);
    this.#batch = [];
    for (const { revision, steps, answer } of batch) answer.resolve({ revision, entries: entriesOf(steps) });
  }

  #nextBatch(): Pending[] {
    let count = 0;
    let bytes = 0;
    for (const ticket of this.#queue) {
      if (count > 0 && (count >= batchLimits.commits || bytes + ticket.bytes > batchLimits.bytes)) break;
      count += 1;
      bytes += ticket.bytes;
    }
    const batch = this.#queue.slice(0, count);
    this.#queue = this.#queue.slice(count);
    return batch;
  }

  async #repair(): Promise<void> {
    const writes = [...this.#doubtful].map(([slot, key]): JournalWrite => {
      const entry = this.#options.durable(key);
      if (entry?.slot !== slot) return { slot };
      const { created, revision } = entry;
      return { slot, record: { slot, key, created, revision, bytes: this.#options.codec.seal(key, entry.bytes) } };
    });
    const first = this.#queue[0]?.revision ?? this.#assigned + 1;
    await this.#options.journal.append({ revision: first - 1, writes });
    this.#doubtful.clear();
    this.#failure = undefined;
    this.#options.onRecovery();
  }

  #fail(cause: unknown): void {
    const recoverable = cause instanceof JournalError && cause.recoverable;
    const advice = recoverable ? 'writes go on once it is possible again' : 'restart the server once it is repaired';
    const message = `the data could not be written to disk (${messageOf(cause)}); reads go on, ${advice}`;
    const error = new StorageError(message, { cause });
    const first = this.#failure === undefined;
    this.#failure = { error, recoverable, retryAt: this.#options.clock.monotonic() + retryInterval };
    for (const { steps } of this.#batch) for (const { key, journal } of steps) this.#doubtful.set(journal.slot, key);
    const rejected = [...this.#batch, ...this.#queue];
    this.#batch = [];
    this.#queue = [];
    this.#head.clear();
    if (first) this.#options.onFailure(error);
    for (const { answer } of rejected) answer.reject(error);
  }
}

function entriesOf(steps: readonly Step[]): StoredEntry[] {
  const entries: StoredEntry[] = [];
  for (const { entry } of steps) if (entry !== undefined) entries.push(entry);
  return entries;
}

function areDistinct(writes: readonly Write[]): boolean {
  return writes.length < 2 || new Set(writes.map(({ key }) => key)).size === writes.length;
}

function holds(expect: Expectation, entry: StoredEntry | undefined): boolean {
  if (expect === 'any') return true;
  if (expect === 'absent') return entry === undefined;
  return entry?.revision === expect;
}
