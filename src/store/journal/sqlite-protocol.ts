/**
 * Between the store's thread and the one that owns the file. Batches go there through the mailbox, each as its
 * revision (float64) and its packed writes. Answers come back as messages, one for each batch and one for the end.
 */
import type { Mailbox } from './mailbox.ts';

export type Response =
  | { readonly type: 'records'; readonly packed: Uint8Array<ArrayBuffer> }
  | { readonly type: 'opened'; readonly revision: number }
  | { readonly type: 'done' }
  | { readonly type: 'failed'; readonly message: string; readonly recoverable: boolean };

export interface WorkerSettings {
  /** Path of the database file. */
  readonly path: string;
  /** Milliseconds to wait for another server to let go of the file. */
  readonly lockTimeout: number;
  readonly mailbox: Mailbox;
}
