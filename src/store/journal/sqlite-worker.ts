/** The thread that owns the SQLite file: its syncs block nobody else. Answers each request, in order. */
import { parentPort, workerData } from 'node:worker_threads';
import { present } from '../../base/errors.ts';
import type { JournalWrite } from './journal.ts';
import { inbox } from './mailbox.ts';
import { packedSize, packInto, unpack } from './packed-batch.ts';
import { explainSqliteError } from './sqlite-error.ts';
import { SqliteFile } from './sqlite-file.ts';
import type { Response, WorkerSettings } from './sqlite-protocol.ts';

const port = present(parentPort, 'the port to the main thread');
const { path, lockTimeout, mailbox } = workerData as WorkerSettings;

function send(response: Response, transfer: ArrayBuffer[] = []): void {
  port.postMessage(response, transfer);
}

function fail(error: unknown): void {
  send({ type: 'failed', ...explainSqliteError(error, path) });
}

function sendRecords(writes: readonly JournalWrite[]): void {
  const packed = new Uint8Array(packedSize(writes));
  packInto(Buffer.from(packed.buffer), writes);
  send({ type: 'records', packed }, [packed.buffer]);
}

function open(): SqliteFile | undefined {
  try {
    const file = new SqliteFile(path, lockTimeout);
    for (const writes of file.records()) sendRecords(writes);
    send({ type: 'opened', revision: file.revision });
    return file;
  } catch (error) {
    fail(error);
    return undefined;
  }
}

/** What went wrong after the last answer. */
let overdue: unknown;

function append(file: SqliteFile, batch: Buffer): void {
  const error = overdue;
  overdue = undefined;
  if (error !== undefined) throw error;
  file.append(batch.readDoubleLE(0), unpack(batch.subarray(8)));
}

/** Answers with how it went; true when well. */
function attempt(work: () => void): boolean {
  try {
    work();
  } catch (error) {
    fail(error);
    return false;
  }
  send({ type: 'done' });
  return true;
}

/**
 * After the answer, so that nobody waits for it. A disk that is full now does no harm: what was promised is in
 * the log, which is moved later, and batches fail by themselves once it can't grow. Anything else is told to the
 * next batch.
 */
function tidy(open: SqliteFile): void {
  try {
    open.tidy();
  } catch (error) {
    if (!explainSqliteError(error, path).recoverable) overdue = error;
  }
}

const file = open();
if (file !== undefined) {
  for (const batch of inbox(mailbox)) {
    if (attempt(() => append(file, batch))) tidy(file);
  }
  attempt(() => file.close());
}
