/** The thread that owns the SQLite file: its syncs block nobody else. Answers each request, in order. */
import { parentPort, workerData } from 'node:worker_threads';
import { present } from '../../base/errors.ts';
import { transferables } from './packed-batch.ts';
import { explainSqliteError } from './sqlite-error.ts';
import { SqliteFile } from './sqlite-file.ts';
import type { Request, Response, WorkerSettings } from './sqlite-protocol.ts';

const port = present(parentPort, 'the port to the main thread');
const { path, lockTimeout } = workerData as WorkerSettings;

function send(response: Response, transfer: ArrayBuffer[] = []): void {
  port.postMessage(response, transfer);
}

function fail(error: unknown): void {
  send({ type: 'failed', ...explainSqliteError(error, path) });
}

function open(): SqliteFile | undefined {
  try {
    const file = new SqliteFile(path, lockTimeout);
    for (const packed of file.records()) send({ type: 'records', packed }, transferables(packed));
    send({ type: 'opened', revision: file.revision });
    return file;
  } catch (error) {
    fail(error);
    return undefined;
  }
}

const file = open();
/** What went wrong after the last answer. */
let overdue: unknown;

port.on('message', (request: Request) => {
  if (file === undefined) return;
  try {
    answer(file, request);
  } catch (error) {
    fail(error);
    return;
  }
  send({ type: 'done' });
  if (request.type === 'append') tidy(file);
});

function answer(open: SqliteFile, request: Request): void {
  if (request.type === 'close') return open.close();
  const error = overdue;
  overdue = undefined;
  if (error !== undefined) throw error;
  open.append(request.revision, request.packed);
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
