/**
 * The store's contract. It knows keys, values and revisions, and no Kubernetes.
 *
 * Guarantees
 * - One revision counter; every committed transaction takes the next one, all its writes share it.
 * - A commit resolves only when the journal has made it durable, and only then can anyone see it.
 * - Reads and watches see durable state only. A revision that a reader has seen is never reused.
 * - A watch delivers every change after its start, in revision order, exactly once, or ends with an error.
 * - History is bounded: what lies before `oldestRevision` is compacted, and asking for it throws.
 */

/** Keys are paths: `collection/namespace/name` or `collection/name`, such as `apps/deployments/default/web`. */
export type Key = string;
export type Revision = number;

/** A committed value. Frozen, and shared by all readers. */
export interface Entry {
  readonly key: Key;
  /** The object, deep-frozen, without metadata.resourceVersion. */
  readonly value: object;
  /** JSON of `value`, made once by the writer. Splice the resourceVersion in when sending. */
  readonly bytes: Uint8Array;
  /** The revision that created the key. */
  readonly created: Revision;
  /** The revision that last wrote it. */
  readonly revision: Revision;
}

export type Write =
  | {
      readonly type: 'put';
      readonly key: Key;
      readonly value: object;
      readonly bytes: Uint8Array;
      readonly expect: Expectation;
    }
  | { readonly type: 'delete'; readonly key: Key; readonly expect: Expectation };

/** What must be true of the key for a write to go through: absent, present at a revision, or anything. */
export type Expectation = 'absent' | 'any' | Revision;

export interface Change {
  readonly type: 'put' | 'delete';
  readonly key: Key;
  readonly revision: Revision;
  /** The entry after a put; for a delete, the last entry before it. */
  readonly entry: Entry;
  /** The entry before a put that replaced one. */
  readonly previous?: Entry;
}

export interface Range {
  readonly entries: readonly Entry[];
  /** The revision that this is a consistent picture of. */
  readonly revision: Revision;
  /** How many further keys there are after the last entry. */
  readonly remaining: number;
}

export interface RangeOptions {
  /** A past revision; the present one when absent. */
  readonly at?: Revision;
  /** Only keys greater than this one. */
  readonly after?: Key;
  readonly limit?: number;
}

export interface Commit {
  readonly revision: Revision;
  /** One per put, in order. */
  readonly entries: readonly Entry[];
}

export interface Reader {
  /** The newest durable revision. */
  readonly revision: Revision;
  /** The oldest revision that a watch or a past range may still ask for. */
  readonly oldestRevision: Revision;
  get(key: Key): Entry | undefined;
  /** Entries whose keys start with `prefix`, in key order. Throws CompactedError or FutureRevisionError. */
  range(prefix: Key, options?: RangeOptions): Range;
  /** Number of keys under the prefix. */
  count(prefix: Key): number;
  /**
   * Every change under `prefix` with a revision greater than `after` (which may lie in the future).
   * Throws CompactedError when `after` lies before the oldest revision.
   */
  watch(prefix: Key, after: Revision, options?: WatchOptions): Watch;
  /** Resolves once `revision` is durable; rejects with the signal's reason, or when the store closes. */
  waitFor(revision: Revision, signal?: AbortSignal): Promise<void>;
}

export interface WatchOptions {
  /** Changes buffered for a slow reader before the watch ends with an OverflowError. Default 10,000. */
  readonly capacity?: number;
  /** The prefix is a whole key: only that one is watched. */
  readonly exact?: boolean;
  /**
   * Called, for readers that use `drain`, when changes are ready after there were none, and at the end. Not
   * called for what is ready when the watch is opened. When it throws, the watch ends with that error.
   */
  readonly onReady?: () => void;
}

/** Iteration yields what is buffered, then throws the error, if there is one. */
export interface Watch extends AsyncIterable<Change> {
  /** Changes that are ready, without waiting. */
  drain(): readonly Change[];
  /** How many changes are ready. */
  readonly size: number;
  /** Every change up to this revision has been read: what a bookmark may say. */
  readonly progress: Revision;
  /** Nothing more will come, and everything has been read. */
  readonly ended: boolean;
  /** Why it ended: an OverflowError when the reader was too slow, undefined after `close` on either side. */
  readonly error: Error | undefined;
  close(): void;
}

export interface Store extends Reader {
  /**
   * Commits all writes, whose keys must differ, at one revision, or none. Rejects with ConflictError when an expectation does not
   * hold (compared with the pending head, answered once that is durable), StorageError when the journal
   * could not make it durable: then nothing of it is visible, and its revision is never used again.
   * A delete that expects `any` and finds nothing is fine and changes nothing.
   */
  commit(writes: readonly Write[]): Promise<Commit>;
  /** Why writes are refused at present; undefined when they are not. */
  readonly failure: StorageError | undefined;
  /** Drops history before `revision`; the present state is always kept. */
  compact(revision: Revision): Promise<void>;
  /** Waits for pending commits, then releases the journal. */
  close(): Promise<void>;
}

/** An expectation did not hold. `actual` is the durable entry, if the key is there. */
export class ConflictError extends Error {
  override readonly name = 'ConflictError';
  readonly key: Key;
  readonly actual: Entry | undefined;

  constructor(key: Key, actual: Entry | undefined) {
    super(actual === undefined ? `${key} does not exist` : `${key} is at revision ${actual.revision}`);
    this.key = key;
    this.actual = actual;
  }
}

/** The revision asked for has been compacted. */
export class CompactedError extends Error {
  override readonly name = 'CompactedError';
  readonly oldest: Revision;

  constructor(asked: Revision, oldest: Revision) {
    super(`revision ${asked} has been compacted; the oldest is ${oldest}`);
    this.oldest = oldest;
  }
}

/** The revision asked for has not happened yet. */
export class FutureRevisionError extends Error {
  override readonly name = 'FutureRevisionError';
  readonly current: Revision;

  constructor(asked: Revision, current: Revision) {
    super(`revision ${asked} lies in the future; the newest is ${current}`);
    this.current = current;
  }
}

/** The journal could not make a commit durable: disk full, read-only, I/O error. Writes stop, reads go on. */
export class StorageError extends Error {
  override readonly name = 'StorageError';
}
