/**
 * The SQLite file: one row per live key, named by its slot, and the revision counter.
 *
 * - Rows are found by slot, never by key, so there is no index to maintain: creating objects appends.
 * - A commit is one fdatasync of SQLite's write-ahead log. It is ours: SQLite's own (synchronous=FULL) would be
 *   an fsync, which also waits for the file's times. At NORMAL SQLite syncs around checkpoints, and nothing else.
 * - The log is moved into the file after `checkpointPages`, in the pause after a batch was answered; neither
 *   grows with the number of updates.
 * - The lock is exclusive and held until close or death, so a second server can't open the file.
 */
import { accessSync, closeSync, constants, existsSync, fdatasyncSync, fsyncSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync, type StatementSync } from 'node:sqlite';
import type { JournalWrite } from './journal.ts';
import { SyncError } from './sync-error.ts';

/** Marks the file as ours: "Cora". */
const applicationId = 0x436f7261;
const schemaVersion = 1;
/** Log pages (of 4 KiB) after which they are moved into the file. */
const checkpointPages = 512;
/** Free pages of the file that are kept for new objects; beyond them it shrinks, a little at a time. */
const spare = { pages: 2048, step: 128 };
/** Bytes of values per message while loading. */
const chunkBytes = 1 << 20;

export class SqliteFile {
  readonly #database: DatabaseSync;
  readonly #put: StatementSync;
  readonly #remove: StatementSync;
  readonly #count: StatementSync;
  /** The log, opened a second time. Kept until the database is closed: closing it would drop SQLite's locks. */
  readonly #log: number;
  #pages = 0;

  constructor(path: string, lockTimeout: number) {
    // Asked here because SQLite calls a read-only file system an I/O error.
    if (existsSync(path)) accessSync(path, constants.W_OK);
    else create(path);
    this.#database = new DatabaseSync(path, { timeout: lockTimeout });
    try {
      this.#prepare();
      this.#log = openSync(`${path}-wal`, 'r');
      this.#put = this.#database.prepare(
        'INSERT OR REPLACE INTO objects (slot, key, created, revision, value) VALUES (?, ?, ?, ?, ?)',
      );
      this.#remove = this.#database.prepare('DELETE FROM objects WHERE slot = ?');
      this.#count = this.#database.prepare('UPDATE counter SET revision = ?');
    } catch (error) {
      this.#database.close();
      throw error;
    }
  }

  get revision(): number {
    return this.#pragmaNumber('SELECT revision AS value FROM counter');
  }

  /** Every row, in chunks of about a mebibyte. */
  *records(): Generator<readonly JournalWrite[]> {
    const rows = this.#database.prepare('SELECT slot, key, created, revision, value FROM objects');
    rows.setReturnArrays(true);
    let chunk: JournalWrite[] = [];
    let size = 0;
    for (const row of rows.iterate()) {
      const [slot, key, created, revision, bytes] = row as unknown as [number, string, number, number, Uint8Array];
      chunk.push({ slot, record: { slot, key, created, revision, bytes } });
      size += bytes.length;
      if (size < chunkBytes) continue;
      yield chunk;
      chunk = [];
      size = 0;
    }
    yield chunk;
  }

  append(revision: number, writes: Iterable<JournalWrite>): void {
    this.#database.exec('BEGIN IMMEDIATE');
    try {
      for (const { slot, record } of writes) {
        this.#pages += 2;
        if (record === undefined) this.#remove.run(slot);
        else {
          this.#pages += record.bytes.length >> 12;
          this.#put.run(slot, record.key, record.created, record.revision, record.bytes);
        }
      }
      this.#count.run(revision);
      this.#database.exec('COMMIT');
    } catch (error) {
      if (this.#database.isTransaction) this.#database.exec('ROLLBACK');
      throw error;
    }
    try {
      fdatasyncSync(this.#log);
    } catch (error) {
      throw new SyncError((error as Error).message, { cause: error });
    }
  }

  /** Moves the log into the file when it has grown enough. */
  tidy(): void {
    this.#pages += 1;
    if (this.#pages < checkpointPages) return;
    this.#pages = 0;
    this.#database.exec('PRAGMA wal_checkpoint(PASSIVE)');
    if (this.#pragmaNumber('PRAGMA freelist_count') > spare.pages) {
      this.#database.exec(`PRAGMA incremental_vacuum(${spare.step})`);
    }
  }

  close(): void {
    this.#database.close();
    closeSync(this.#log);
  }

  #prepare(): void {
    const database = this.#database;
    // Before anything touches the log: then its index needs no shared memory file.
    database.exec('PRAGMA locking_mode = EXCLUSIVE');
    database.exec('PRAGMA auto_vacuum = INCREMENTAL');
    database.exec('PRAGMA journal_mode = WAL');
    database.exec('PRAGMA synchronous = NORMAL');
    database.exec('PRAGMA wal_autocheckpoint = 0');
    database.exec('PRAGMA cache_size = -4000');
    database.exec('PRAGMA temp_store = MEMORY');
    // Takes the lock, also when there is nothing to write.
    database.exec('BEGIN EXCLUSIVE');
    this.#adopt();
    database.exec('COMMIT');
    database.exec('PRAGMA wal_checkpoint(TRUNCATE)');
    // So that the log is there, and its name with it.
    database.exec('UPDATE counter SET revision = revision');
    database.exec('PRAGMA wal_checkpoint(PASSIVE)');
  }

  /** Creates the tables in a new file; refuses a file of another program or of a later version. */
  #adopt(): void {
    const application = this.#pragmaNumber('PRAGMA application_id');
    const version = this.#pragmaNumber('PRAGMA user_version');
    if (application === applicationId && version === schemaVersion) return;
    if (application === applicationId) {
      throw new Error(`it was written by another version (format ${version}; this one reads ${schemaVersion})`);
    }
    if (this.#pragmaNumber('SELECT count(*) AS value FROM sqlite_schema') > 0) {
      throw new Error('it is a database of another program');
    }
    this.#database.exec(`
      CREATE TABLE objects (
        slot INTEGER PRIMARY KEY, key TEXT NOT NULL, created INTEGER NOT NULL,
        revision INTEGER NOT NULL, value BLOB NOT NULL
      ) STRICT;
      CREATE TABLE counter (revision INTEGER NOT NULL) STRICT;
      INSERT INTO counter VALUES (0);
      PRAGMA application_id = ${applicationId};
      PRAGMA user_version = ${schemaVersion};
    `);
  }

  /** The one number that a query or pragma answers. */
  #pragmaNumber(sql: string): number {
    const [value] = Object.values(this.#database.prepare(sql).get() ?? {});
    return Number(value);
  }
}

/** Readable by its owner alone, as will be the log beside it; and there to stay, whatever happens next. */
function create(path: string): void {
  for (const [name, flags] of [
    [path, 'a'],
    [dirname(path), 'r'],
  ] as const) {
    const descriptor = openSync(name, flags, 0o600);
    fsyncSync(descriptor);
    closeSync(descriptor);
  }
}
