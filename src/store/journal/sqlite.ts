/** The embedded journal: a SQLite file in WAL mode, written by a thread of its own. */
import { Worker } from 'node:worker_threads';
import { StorageError } from '../store.ts';
import { JournalError, type Journal, type JournalBatch, type JournalRecord } from './journal.ts';
import { mailbox, Outbox } from './mailbox.ts';
import { packedSize, packInto, unpack } from './packed-batch.ts';
import type { Response, WorkerSettings } from './sqlite-protocol.ts';

export interface SqliteJournalOptions {
  /** Path of the database file; its directory must exist. */
  readonly path: string;
  /** Milliseconds to wait while another server still holds the file. */
  readonly lockTimeout?: number;
  /** The worker's program: `sqlite-worker.ts` beside this file, or its bundle, when not given. */
  readonly program?: URL;
}

export class SqliteJournal implements Journal {
  readonly #options: SqliteJournalOptions;
  #worker: Worker | undefined;
  #outbox: Outbox | undefined;
  /** Who waits for the answer to the one request that is under way. */
  #answer: { readonly resolve: (revision: number) => void; readonly reject: (error: Error) => void } | undefined;
  #onRecords: (records: readonly JournalRecord[]) => void = () => {};

  constructor(options: SqliteJournalOptions) {
    this.#options = options;
  }

  async open(onRecords: (records: readonly JournalRecord[]) => void): Promise<number> {
    const { path, lockTimeout = 500, program = besideThisFile() } = this.#options;
    const settings: WorkerSettings = { path, lockTimeout, mailbox: mailbox() };
    this.#outbox = new Outbox(settings.mailbox);
    this.#onRecords = onRecords;
    const worker = new Worker(program, { workerData: settings, name: 'journal', resourceLimits });
    this.#worker = worker;
    worker.on('message', (response: Response) => this.#receive(response));
    worker.on('error', (error) => this.#lose(error as Error));
    worker.on('exit', () => this.#lose(new Error('the journal thread ended')));
    // The server lives as long as its listeners; requests keep the thread referenced while they last.
    try {
      return await this.#await();
    } catch (error) {
      await worker.terminate();
      throw new StorageError((error as Error).message, { cause: error });
    }
  }

  async append(batch: JournalBatch): Promise<void> {
    const { revision, writes } = batch;
    await this.#request((outbox) =>
      outbox.post(8 + packedSize(writes), (body) => {
        body.writeDoubleLE(revision, 0);
        packInto(body.subarray(8), writes);
      }),
    );
  }

  async close(): Promise<void> {
    const worker = this.#worker;
    if (worker === undefined) return;
    await this.#request((outbox) => outbox.end());
    this.#worker = undefined;
    await worker.terminate();
  }

  #request(send: (outbox: Outbox) => void): Promise<number> {
    const outbox = this.#outbox;
    if (this.#worker === undefined || outbox === undefined) {
      return Promise.reject(new JournalError('the journal thread has ended', false));
    }
    send(outbox);
    return this.#await();
  }

  #await(): Promise<number> {
    this.#worker?.ref();
    return new Promise((resolve, reject) => {
      this.#answer = { resolve, reject };
    });
  }

  #receive(response: Response): void {
    if (response.type === 'records') {
      this.#onRecords([...unpack(Buffer.from(response.packed.buffer))].flatMap(({ record }) => record ?? []));
      return;
    }
    const answer = this.#answer;
    this.#answer = undefined;
    this.#worker?.unref();
    if (response.type === 'failed') answer?.reject(new JournalError(response.message, response.recoverable));
    else answer?.resolve(response.type === 'opened' ? response.revision : 0);
  }

  #lose(error: Error): void {
    this.#worker = undefined;
    this.#answer?.reject(new JournalError(error.message, false, error));
    this.#answer = undefined;
  }
}

/** Megabytes of script memory; values travel outside of it. */
const resourceLimits = { maxOldGenerationSizeMb: 64, maxYoungGenerationSizeMb: 4 };

/** Run unbuilt, the sources lie side by side; the bundle names this entry `journal-worker` (tools/bundle.ts). */
function besideThisFile(): URL {
  return new URL(import.meta.url.endsWith('.ts') ? './sqlite-worker.ts' : './journal-worker.js', import.meta.url);
}
