/**
 * A log of lines in a file that is put aside when it has grown or aged, with so many older ones kept:
 * `audit.log`, `audit.log.1` (the youngest), `audit.log.2` ...
 *
 * Lines are written in the background, many at a time. When the disk is so slow that too much waits, lines are
 * dropped, and the number of them is told: requests don't wait for their log.
 */
import { open, rename, rm, stat, type FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Clock } from '../../base/clock.ts';
import { makeFolder } from '../../base/folder.ts';
import type { Logger } from '../../base/log.ts';

export interface FileLogOptions {
  readonly path: string;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Bytes. Default 100 MiB. */
  readonly size?: number;
  /** Milliseconds. Default a week. */
  readonly age?: number;
  /** Files beside the present one. Default 10. */
  readonly backups?: number;
}

export const fileLogDefaults = { size: 100 * 1024 * 1024, age: 7 * 24 * 3_600_000, backups: 10 } as const;

const mostWaiting = 16 * 1024 * 1024;

export class FileLog {
  readonly #options: Required<FileLogOptions>;
  #waiting: string[] = [];
  #waitingBytes = 0;
  #dropped = 0;
  #file: FileHandle | undefined;
  #written = 0;
  #begun = 0;
  #writing: Promise<void> | undefined;

  constructor(options: FileLogOptions) {
    this.#options = { ...fileLogDefaults, ...options };
  }

  write(line: string): void {
    if (this.#waitingBytes + line.length > mostWaiting) {
      this.#dropped += 1;
      return;
    }
    this.#waiting.push(line);
    this.#waitingBytes += line.length;
    this.#writing ??= this.#drain().finally(() => (this.#writing = undefined));
  }

  /** Resolves when everything is written. */
  async close(): Promise<void> {
    await this.#writing;
    await this.#file?.close();
    this.#file = undefined;
  }

  async #drain(): Promise<void> {
    const { logger, path } = this.#options;
    while (this.#waiting.length > 0) {
      const lines = this.#waiting;
      this.#waiting = [];
      this.#waitingBytes = 0;
      try {
        await this.#append(Buffer.from(`${lines.join('\n')}\n`));
      } catch (error) {
        logger.error('the audit log can not be written', { path, lines: lines.length, error });
      }
      if (this.#dropped > 0) logger.error('lines of the audit log were dropped', { path, lines: this.#dropped });
      this.#dropped = 0;
    }
  }

  async #append(bytes: Uint8Array): Promise<void> {
    const { clock, size, age } = this.#options;
    let file = this.#file ?? (await this.#open());
    const full = this.#written > 0 && this.#written + bytes.length > size;
    if (full || (this.#written > 0 && clock.now() - this.#begun > age)) {
      await this.#rotate();
      file = await this.#open();
    }
    await file.write(bytes);
    this.#written += bytes.length;
  }

  async #open(): Promise<FileHandle> {
    const { path, clock } = this.#options;
    makeFolder(dirname(path));
    const file = await open(path, 'a', 0o600);
    const { size, birthtimeMs } = await stat(path);
    this.#file = file;
    this.#written = size;
    this.#begun = size === 0 ? clock.now() : birthtimeMs;
    return file;
  }

  async #rotate(): Promise<void> {
    const { path, backups } = this.#options;
    await this.#file?.close();
    this.#file = undefined;
    await rm(`${path}.${backups}`, { force: true });
    for (let number = backups - 1; number >= 1; number -= 1) {
      await rename(`${path}.${number}`, `${path}.${number + 1}`).catch(ignoreAbsent);
    }
    await rename(path, `${path}.1`);
  }
}

function ignoreAbsent(error: NodeJS.ErrnoException): void {
  if (error.code !== 'ENOENT') throw error;
}
