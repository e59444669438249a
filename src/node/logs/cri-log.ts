/**
 * The CRI log format, as conmon writes it:
 *
 *     2026-01-02T03:04:05.678901234Z stdout F a whole line
 *     2026-01-02T03:04:05.678901234Z stderr P the beginning of a long line, without its end
 *
 * Works on bytes: lines need not be valid UTF-8, and floods must not cost a string each.
 */
import { parseTimestamp } from '../../base/clock.ts';

export interface LineFilter {
  /** Milliseconds since the epoch; older lines are left out. */
  readonly since?: number;
  /** Keep the time before each line. */
  readonly timestamps: boolean;
  readonly stream?: 'stdout' | 'stderr';
}

const space = 0x20;
const newline = 0x0a;
const full = 0x46;
const firstOfStderr = 'stdout'.length;
const empty = Buffer.alloc(0);

/** Turns pieces of a log file into what users see. Keeps the rest of a piece that ends within a line. */
export class LogDecoder {
  readonly #filter: LineFilter;
  #rest: Buffer = empty;
  /** The line before had no end: its next piece goes on behind it. */
  #open = false;
  #started: boolean;

  constructor(filter: LineFilter) {
    this.#filter = filter;
    this.#started = filter.since === undefined;
  }

  /** The piece is not kept: its buffer may be used again. */
  decode(piece: Buffer): Buffer {
    // Lines are copied one behind the other: a buffer of its own for each would cost more than all else.
    const text = Buffer.allocUnsafe(this.#rest.length + piece.length);
    let length = 0;
    let at = 0;
    const first = this.#rest.length === 0 ? -1 : piece.indexOf(newline);
    if (first >= 0) {
      const line = Buffer.concat([this.#rest, piece.subarray(0, first + 1)]);
      length = this.#line(line, 0, line.length - 1, text, 0);
      this.#rest = empty;
      at = first + 1;
    }
    for (;;) {
      const end = piece.indexOf(newline, at);
      if (end < 0) break;
      length = this.#line(piece, at, end, text, length);
      at = end + 1;
    }
    if (at < piece.length) this.#rest = Buffer.concat([this.#rest, piece.subarray(at)]);
    return text.subarray(0, length);
  }

  /** Adds a line to the text, if it is wanted; returns how long the text is then. */
  #line(bytes: Buffer, from: number, end: number, text: Buffer, length: number): number {
    const stream = afterSpace(bytes, from, end);
    const tag = stream === 0 ? 0 : afterSpace(bytes, stream, end);
    // A line that is not in the format (a torn write after a power cut) is shown to nobody.
    if (tag === 0) return length;
    if (!this.#wanted(bytes, from, stream, tag)) return length;
    const whole = bytes[tag] === full;
    const content = Math.min(end, tag + 2);
    let long = length;
    if (this.#filter.timestamps && !this.#open) long += bytes.copy(text, long, from, stream);
    this.#open = !whole;
    return long + bytes.copy(text, long, content, whole ? end + 1 : end);
  }

  #wanted(bytes: Buffer, from: number, stream: number, tag: number): boolean {
    const wanted = this.#filter.stream;
    if (wanted !== undefined && tag - stream - 1 === firstOfStderr) {
      if (bytes.toString('latin1', stream, tag - 1) !== wanted) return false;
    }
    // Lines are in order of time, so only the first ones need to be looked at.
    if (this.#started) return true;
    this.#started = parseTimestamp(bytes.toString('latin1', from, stream - 1)) >= (this.#filter.since ?? 0);
    return this.#started;
  }
}

/** Where what follows the next space begins; 0 if there is none before the end. */
function afterSpace(bytes: Buffer, from: number, end: number): number {
  for (let at = from; at < end; at += 1) if (bytes[at] === space) return at + 1;
  return 0;
}
