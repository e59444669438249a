/**
 * Reads a container's log with its rotated files, and follows it while the container runs.
 *
 *     0.log.20260102-030405  0.log.20260102-040506  0.log      oldest first
 *
 * Guarantees: lines come once each and in order, across rotations that happen meanwhile too, as long as the
 * rotated files are still there when they are reached.
 */
import { watch } from 'node:fs';
import { open, readdir, stat, type FileHandle } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { codeOf } from '../../base/errors.ts';
import { LogDecoder, type LineFilter } from './cri-log.ts';

export interface LogRequest extends LineFilter {
  readonly path: string;
  readonly follow: boolean;
  /** Last lines only. */
  readonly tailLines?: number;
  readonly limitBytes?: number;
  readonly signal: AbortSignal;
  /** Whether the container may still write. */
  readonly running: () => Promise<boolean>;
  /** Calls back when the container's state may have changed; returns how to stop. */
  readonly onStateChange: (action: () => void) => () => void;
}

const pieceSize = 256 * 1024;

/** The file and its rotated predecessors, oldest first. */
export async function logFiles(path: string): Promise<readonly string[]> {
  const folder = dirname(path);
  const name = basename(path);
  const names = await readdir(folder).catch((error: unknown): string[] => {
    if (codeOf(error) === 'ENOENT') return [];
    throw error;
  });
  const rotated = names.filter((each) => each.startsWith(`${name}.`)).sort();
  return [...rotated, ...(names.includes(name) ? [name] : [])].map((each) => join(folder, each));
}

export async function* readLog(request: LogRequest): AsyncGenerator<Buffer> {
  let left = request.limitBytes ?? Infinity;
  const decoder = new LogDecoder(request);
  for await (const piece of rawPieces(request)) {
    const text = decoder.decode(piece);
    if (text.length === 0) continue;
    yield text.length <= left ? text : text.subarray(0, left);
    left -= text.length;
    if (left <= 0) return;
  }
}

interface Position {
  readonly handle: FileHandle;
  readonly offset: number;
}

/**
 * The end of one file, then what follows it: until there is no more and nobody writes when it is followed, else as far
 * as there was something when it began. Whoever writes faster than is read would else be read for ever.
 */
async function* rawPieces(request: LogRequest): AsyncGenerator<Buffer> {
  const end = request.follow ? undefined : await endOf(request.path);
  const start = await startPosition(request, end);
  const changes = request.follow ? new Changes(request) : undefined;
  const reader = new FileReader(end);
  try {
    if (start !== undefined) await reader.take(start.handle, start.offset);
    while (!request.signal.aborted) {
      const running = (await changes?.arm(request)) === true;
      yield* reader.toEnd();
      if (reader.isOver) return;
      const next = await openSuccessor(request.path, reader.handle);
      if (next !== undefined) {
        // The writer may have gone on in the old file until just before the new one appeared.
        yield* reader.toEnd();
        if (reader.isOver) return;
        await reader.take(next, 0);
      } else if (!running) return;
      else await changes?.wait();
    }
  } finally {
    changes?.close();
    await reader.close();
  }
}

interface End {
  readonly ino: number;
  readonly size: number;
}

/** How far the newest file reaches now; undefined when there is none. */
async function endOf(path: string): Promise<End | undefined> {
  return stat(path).catch(absent);
}

/** One file at a time, from where reading it stopped; not beyond `end`. */
class FileReader {
  readonly #end: End | undefined;
  /** One for all: new ones of this size keep the garbage collector busy. */
  readonly #piece = Buffer.allocUnsafe(pieceSize);
  #handle: FileHandle | undefined;
  #at = 0;
  /** Bytes of this file that are wanted. */
  #wanted = Infinity;

  constructor(end: End | undefined) {
    this.#end = end;
  }

  get isOver(): boolean {
    return this.#at >= this.#wanted;
  }

  get handle(): FileHandle | undefined {
    return this.#handle;
  }

  async take(handle: FileHandle, offset: number): Promise<void> {
    await this.close();
    this.#handle = handle;
    this.#at = offset;
    const isLast = this.#end !== undefined && (await handle.stat()).ino === this.#end.ino;
    this.#wanted = isLast ? this.#end.size : Infinity;
  }

  /** Each piece is good until the next one is asked for. */
  async *toEnd(): AsyncGenerator<Buffer> {
    while (this.#handle !== undefined && !this.isOver) {
      const length = Math.min(pieceSize, this.#wanted - this.#at);
      const { bytesRead } = await this.#handle.read(this.#piece, 0, length, this.#at);
      if (bytesRead === 0) return;
      this.#at += bytesRead;
      yield this.#piece.subarray(0, bytesRead);
    }
  }

  async close(): Promise<void> {
    await this.#handle?.close();
    this.#handle = undefined;
  }
}

/**
 * The file that comes after the one being read; undefined when that is the newest. Names move while they are being
 * looked at, so what was opened must still come next afterwards.
 */
async function openSuccessor(path: string, current: FileHandle | undefined): Promise<FileHandle | undefined> {
  for (;;) {
    const files = await logFiles(path);
    const before = await positionOf(files, current);
    const next = files[before + 1];
    if (next === undefined) return undefined;
    const handle = await open(next, 'r').catch(absent);
    if (handle === undefined) continue;
    const now = await logFiles(path);
    if ((await positionOf(now, handle)) === (await positionOf(now, current)) + 1) return handle;
    await handle.close();
  }
}

/** -1 when it is not there: it was rotated away while we were slow, and the oldest that is left comes next. */
async function positionOf(files: readonly string[], handle: FileHandle | undefined): Promise<number> {
  if (handle === undefined) return -1;
  return indexOf(files, (await handle.stat()).ino);
}

async function indexOf(files: readonly string[], ino: number): Promise<number> {
  const inodes = await Promise.all(files.map(async (file) => (await stat(file).catch(absent))?.ino));
  return inodes.indexOf(ino);
}

function absent(error: unknown): undefined {
  if (codeOf(error) === 'ENOENT') return undefined;
  throw error;
}

/** Wakes when the log's folder or the container changes. */
class Changes {
  readonly #stop: (() => void)[] = [];
  #changed = false;
  #wake: (() => void) | undefined;

  constructor(request: LogRequest) {
    const notice = (): void => {
      this.#changed = true;
      this.#wake?.();
    };
    const watcher = watch(dirname(request.path), { persistent: false }, notice);
    watcher.on('error', notice);
    this.#stop.push(() => watcher.close(), request.onStateChange(notice));
    request.signal.addEventListener('abort', notice, { once: true });
    this.#stop.push(() => request.signal.removeEventListener('abort', notice));
  }

  /** Call before reading: what changes from here on ends the next wait. Whether the container runs. */
  async arm(request: LogRequest): Promise<boolean> {
    this.#changed = false;
    return request.running();
  }

  async wait(): Promise<void> {
    if (!this.#changed) await new Promise<void>((resolve) => (this.#wake = resolve));
    this.#wake = undefined;
  }

  close(): void {
    for (const stop of this.#stop) stop();
  }
}

/** Where to begin; undefined when there is no file yet. Looked for anew when the log was rotated meanwhile. */
async function startPosition(request: LogRequest, end: End | undefined): Promise<Position | undefined> {
  while (!request.signal.aborted) {
    const names = await logFiles(request.path);
    const last = end === undefined ? -1 : await indexOf(names, end.ino);
    // What has been begun since is not wanted.
    const found = await startAmong(last < 0 ? names : names.slice(0, last + 1), request.tailLines, end);
    // A name that is there may be another file's by now; one that is gone was rotated away.
    if (String(await logFiles(request.path)) === String(names) && found !== 'moved') return found;
    if (found !== 'moved') await found?.handle.close();
  }
  return undefined;
}

async function startAmong(
  files: readonly string[],
  tailLines: number | undefined,
  end: End | undefined,
): Promise<Position | undefined | 'moved'> {
  let wanted = tailLines ?? 0;
  for (const file of tailLines === undefined ? files.slice(0, 1) : files.toReversed()) {
    const handle = await open(file, 'r').catch(absent);
    if (handle === undefined) return 'moved';
    if (tailLines === undefined) return { handle, offset: 0 };
    const found = await tailOffset(handle, wanted, end);
    if (found.lines >= wanted || file === files[0]) return { handle, offset: found.offset };
    wanted -= found.lines;
    await handle.close();
  }
  return undefined;
}

/** Offset at which the last `lines` lines begin, and how many there are from it. */
async function tailOffset(
  handle: FileHandle,
  lines: number,
  end: End | undefined,
): Promise<{ readonly offset: number; readonly lines: number }> {
  const now = await handle.stat();
  const size = now.ino === end?.ino ? end.size : now.size;
  if (lines === 0) return { offset: size, lines: 0 };
  let found = 0;
  let at = size;
  const buffer = Buffer.allocUnsafe(pieceSize);
  while (at > 0) {
    const start = Math.max(0, at - pieceSize);
    const { bytesRead } = await handle.read(buffer, 0, at - start, start);
    for (let byte = bytesRead - 1; byte >= 0; byte -= 1) {
      // The newline that ends the file ends its last line; it does not begin one.
      if (buffer[byte] !== 0x0a || start + byte === size - 1) continue;
      found += 1;
      if (found === lines) return { offset: start + byte + 1, lines };
    }
    at = start;
  }
  return { offset: 0, lines: size === 0 ? 0 : found + 1 };
}
