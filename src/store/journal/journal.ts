/**
 * What makes commits durable. The store hands over one batch at a time, in revision order, and shows its
 * writes to readers only once `append` has resolved.
 *
 * A journal keeps the present state, not history: per live key one record, named by a slot number that
 * the store gives to a key when it is created, and the newest revision that was ever made durable.
 */
import type { Key, Revision } from '../store.ts';

export interface JournalRecord {
  readonly slot: number;
  readonly key: Key;
  readonly created: Revision;
  readonly revision: Revision;
  readonly bytes: Uint8Array;
}

/** Sets or, without a record, removes a slot. */
export interface JournalWrite {
  readonly slot: number;
  readonly record?: JournalRecord;
}

export interface JournalBatch {
  /** The counter as of this batch; at least that of every record. */
  readonly revision: Revision;
  /** In order; a later write of a slot wins. */
  readonly writes: readonly JournalWrite[];
}

export interface Journal {
  /** Opens and reads everything, in chunks of records in no particular order. Called once, first. */
  open(onRecords: (records: readonly JournalRecord[]) => void): Promise<Revision>;
  /**
   * Makes the batch durable as a whole, or rejects with JournalError. After a rejection nobody knows
   * whether the batch is on disk; the store repairs it before going on.
   */
  append(batch: JournalBatch): Promise<void>;
  close(): Promise<void>;
}

/** The journal could not write. */
export class JournalError extends Error {
  override readonly name = 'JournalError';
  /** Whether trying again later is safe: true for a full disk, false when what was written is in doubt. */
  readonly recoverable: boolean;

  constructor(message: string, recoverable: boolean, cause?: unknown) {
    super(message, { cause });
    this.recoverable = recoverable;
  }
}

/**
 * Turns value bytes into what is kept on disk, and back; decides by the key, so that a collection can be
 * encrypted. `open` also gets what was written before sealing was switched on, and returns it unchanged.
 */
export interface ValueCodec {
  seal(key: Key, bytes: Uint8Array): Uint8Array;
  open(key: Key, bytes: Uint8Array): Uint8Array;
}

export const plainCodec: ValueCodec = Object.freeze({
  seal: (_key: Key, bytes: Uint8Array) => bytes,
  open: (_key: Key, bytes: Uint8Array) => bytes,
});
