/** Messages between the store's thread and the one that owns the file. */
import type { Packed } from './packed-batch.ts';

export type Request =
  | { readonly type: 'append'; readonly revision: number; readonly packed: Packed }
  | { readonly type: 'close' };

export type Response =
  | { readonly type: 'records'; readonly packed: Packed }
  | { readonly type: 'opened'; readonly revision: number }
  | { readonly type: 'done' }
  | { readonly type: 'failed'; readonly message: string; readonly recoverable: boolean };

export interface WorkerSettings {
  /** Path of the database file. */
  readonly path: string;
  /** Milliseconds to wait for another server to let go of the file. */
  readonly lockTimeout: number;
}
