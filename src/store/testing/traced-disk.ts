/**
 * What a disk holds after a power cut, from a trace of system calls: what was synced for certain, and of the
 * rest any part.
 *
 * Assumptions: a write reaches the disk in blocks of 4 KiB, each wholly or not at all, in any order, until its
 * file is synced; a new or removed name is certain once its directory is synced, and the content of a file
 * without a certain name is lost.
 */
export interface Call {
  readonly name: string;
  /** File that the descriptor stands for, or path. */
  readonly path: string;
  readonly data: Buffer;
  /** Offset of a write, or size of a truncation. */
  readonly position: number;
}

/** Reads the output of `strace -f -y -xx`. Calls are ordered by when they returned. */
export function parseTrace(text: string): Call[] {
  const calls: Call[] = [];
  const unfinished = new Map<string, string>();
  for (const line of text.split('\n')) {
    const [, process = '', rest = ''] = /^(\d+)\s+(.*)$/.exec(line) ?? [];
    const begun = /^(.*) <unfinished \.\.\.>$/.exec(rest);
    if (begun !== null) {
      unfinished.set(process, begun[1] ?? '');
      continue;
    }
    const resumed = /^<\.\.\. \w+ resumed>(.*)$/.exec(rest);
    const call = parseCall(resumed === null ? rest : `${unfinished.get(process) ?? ''}${resumed[1] ?? ''}`);
    if (call !== undefined) calls.push(call);
  }
  return calls;
}

function parseCall(text: string): Call | undefined {
  const [, name, input = '', result = '-1'] = /^(\w+)\((.*)\)\s+= (-?\d+)/.exec(text) ?? [];
  if (name === undefined || Number(result) < 0) return undefined;
  const [quoted = Buffer.alloc(0)] = [...input.matchAll(/"((?:\\x[0-9a-f]{2})*)"/g)].map(([, hex]) => unhex(hex));
  if (name === 'openat') return input.includes('O_CREAT') ? named(name, quoted) : undefined;
  if (name === 'unlink') return named(name, quoted);
  const descriptor = /^\d+<((?:\\x[0-9a-f]{2})*)>/.exec(input);
  const numbers = input.replaceAll(/"[^"]*"/g, '').match(/-?\d+/g);
  return { name, path: String(unhex(descriptor?.[1])), data: quoted, position: Number(numbers?.at(-1)) };
}

function named(name: string, path: Buffer): Call {
  return { name, path: String(path), data: Buffer.alloc(0), position: 0 };
}

function unhex(text = ''): Buffer {
  return Buffer.from(text.replaceAll('\\x', ''), 'hex');
}

const block = 4096;

interface File {
  readonly synced: Content;
  /** Since the last sync, in order. */
  pending: Call[];
  named: boolean;
}

export class TracedDisk {
  readonly #files = new Map<string, File>();

  apply(call: Call): void {
    const { name, path } = call;
    if (name === 'openat') {
      this.#file(path);
      return;
    }
    if (name === 'fsync' || name === 'fdatasync') {
      const file = this.#files.get(path);
      if (file === undefined) return this.#syncDirectory(path);
      for (const write of file.pending) file.synced.apply(write, () => true);
      file.pending = [];
    }
    if (name === 'pwrite64' || name === 'ftruncate') this.#file(path).pending.push(call);
    if (name === 'unlink') this.#files.delete(path);
  }

  /** Files as they may be found; `keeps` says, block by block, which unsynced writes got there. */
  after(keeps: () => boolean): Map<string, Buffer> {
    const found = new Map<string, Buffer>();
    for (const [path, { synced, pending, named }] of this.#files) {
      if (!named) continue;
      const content = synced.copy();
      for (const write of pending) content.apply(write, keeps);
      found.set(path, content.bytes);
    }
    return found;
  }

  #file(path: string): File {
    const known = this.#files.get(path) ?? { synced: new Content(), pending: [], named: false };
    this.#files.set(path, known);
    return known;
  }

  #syncDirectory(directory: string): void {
    for (const [path, file] of this.#files) if (path.startsWith(`${directory}/`)) file.named = true;
  }
}

/** A file's bytes, with room to grow. */
class Content {
  #buffer: Buffer;
  #length: number;

  constructor(bytes: Buffer = Buffer.alloc(0)) {
    this.#buffer = Buffer.from(bytes);
    this.#length = bytes.length;
  }

  get bytes(): Buffer {
    return this.#buffer.subarray(0, this.#length);
  }

  copy(): Content {
    return new Content(this.bytes);
  }

  apply({ name, data, position }: Call, keeps: () => boolean): void {
    if (name === 'ftruncate') {
      if (keeps()) this.#resize(position);
      return;
    }
    for (let start = 0; start < data.length;) {
      const end = Math.min(data.length, start + block - ((position + start) % block));
      if (keeps()) {
        this.#resize(Math.max(this.#length, position + end));
        data.copy(this.#buffer, position + start, start, end);
      }
      start = end;
    }
  }

  #resize(length: number): void {
    if (length > this.#buffer.length) {
      const larger = Buffer.alloc(length * 2);
      this.bytes.copy(larger);
      this.#buffer = larger;
    }
    if (length < this.#length) this.#buffer.fill(0, length, this.#length);
    this.#length = length;
  }
}
