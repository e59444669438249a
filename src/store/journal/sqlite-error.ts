/** SQLite's result codes as sentences, and which of them pass by themselves. */

import { SyncError } from './sync-error.ts';

const primary = { busy: 5, readOnly: 8, ioError: 10, corrupt: 11, full: 13, cannotOpen: 14, notADatabase: 26 } as const;
/** Writing failed before anything was promised; after a failed sync, in contrast, nobody knows what is on disk. */
const ioErrorWrite = 778;

export interface Explained {
  readonly message: string;
  readonly recoverable: boolean;
}

export function explainSqliteError(error: unknown, path: string): Explained {
  if (error instanceof SyncError) {
    return {
      message: `${path}: what was written may not have reached the disk (${error.message})`,
      recoverable: false,
    };
  }
  const { errcode, code: systemCode, message } = error as { errcode?: number; code?: string; message?: string };
  const text = message ?? String(error);
  const code = errcode ?? systemCodes[systemCode ?? ''] ?? 0;
  const sentence = sentences[code & 0xff];
  if (sentence === undefined) return { message: `${path}: ${text}`, recoverable: false };
  const recoverable = passing.has(code & 0xff) || code === ioErrorWrite;
  return { message: `${sentence.replace('FILE', path)} (${text})`, recoverable };
}

const sentences: Readonly<Record<number, string>> = {
  [primary.busy]: 'FILE is in use by another server; stop that one first, or choose another data directory',
  [primary.readOnly]: 'FILE is read-only; make it and its directory writable',
  [primary.ioError]: 'FILE could not be read or written; check the disk and the file system',
  [primary.corrupt]: 'FILE is damaged; restore it from a backup',
  [primary.full]: 'the disk that holds FILE is full; free some space',
  [primary.cannotOpen]: 'FILE could not be opened; check that its directory exists and is writable',
  [primary.notADatabase]: 'FILE is not a database of this program; move it away',
};

/** From creating the file. */
const systemCodes: Readonly<Record<string, number>> = {
  ENOENT: primary.cannotOpen,
  EACCES: primary.cannotOpen,
  EROFS: primary.readOnly,
  ENOSPC: primary.full,
  EDQUOT: primary.full,
  EIO: primary.ioError,
};

const passing: ReadonlySet<number> = new Set([primary.full, primary.readOnly, primary.busy]);
