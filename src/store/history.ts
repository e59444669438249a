/**
 * The changes of the recent past, in revision order, for watches that start there and for ranges at a past
 * revision. Bounded by age, number and bytes; the oldest go first.
 */
import { CompactedError, type Change, type Revision } from './store.ts';

export interface HistoryLimits {
  /** Milliseconds; changes older than this go when newer ones come. */
  readonly age: number;
  readonly changes: number;
  /** Bytes of serialised entries that are held only for the history, estimated. */
  readonly bytes: number;
}

export const defaultHistoryLimits: HistoryLimits = Object.freeze({
  age: 300_000,
  changes: 100_000,
  bytes: 64 * 2 ** 20,
});

/** Times are noted this often, in milliseconds: finer is of no use to anyone. */
const markInterval = 1000;

export class History {
  readonly #limits: HistoryLimits;
  /** Live from #start on; the front is cut off when it has grown to half of the array. */
  #changes: Change[] = [];
  #start = 0;
  #bytes = 0;
  #oldest: Revision;
  /** Revision that was the newest at a time, oldest first. */
  readonly #marks: { readonly at: number; readonly revision: Revision }[] = [];

  constructor(limits: HistoryLimits, oldest: Revision) {
    this.#limits = limits;
    this.#oldest = oldest;
  }

  get oldest(): Revision {
    return this.#oldest;
  }

  get size(): number {
    return this.#changes.length - this.#start;
  }

  /** Notes the changes of one revision, made at `now` (monotonic milliseconds). */
  append(changes: readonly Change[], revision: Revision, now: number): void {
    for (const change of changes) {
      this.#changes.push(change);
      this.#bytes += weightOf(change);
    }
    const last = this.#marks.at(-1);
    if (last === undefined || now - last.at >= markInterval) this.#marks.push({ at: now, revision });
    this.#trim(now);
  }

  /** Changes newer than `after`, oldest first. Throws CompactedError when some of them are gone. */
  *since(after: Revision): Generator<Change> {
    if (after < this.#oldest) throw new CompactedError(after, this.#oldest);
    for (let at = this.#firstAfter(after); at < this.#changes.length; at += 1) yield this.#changes[at] as Change;
  }

  /** Changes newer than `after`, newest first, so that they can be undone. */
  *undo(after: Revision): Generator<Change> {
    if (after < this.#oldest) throw new CompactedError(after, this.#oldest);
    const first = this.#firstAfter(after);
    for (let at = this.#changes.length - 1; at >= first; at -= 1) yield this.#changes[at] as Change;
  }

  /** Drops everything up to and including `revision`. */
  compact(revision: Revision): void {
    if (revision <= this.#oldest) return;
    const first = this.#firstAfter(revision);
    for (let at = this.#start; at < first; at += 1) this.#bytes -= weightOf(this.#changes[at] as Change);
    this.#start = first;
    this.#oldest = revision;
    while ((this.#marks[0]?.revision ?? Infinity) <= revision) this.#marks.shift();
    if (this.#start > 1024 && this.#start * 2 > this.#changes.length) {
      this.#changes = this.#changes.slice(this.#start);
      this.#start = 0;
    }
  }

  #trim(now: number): void {
    let tooOld: Revision = 0;
    for (const mark of this.#marks) {
      if (now - mark.at <= this.#limits.age) break;
      tooOld = mark.revision;
    }
    this.compact(tooOld);
    if (this.size <= this.#limits.changes && this.#bytes <= this.#limits.bytes) return;
    // One eighth at a time, so that a busy store does not trim at every write.
    let target = this.#start + Math.max(1, this.size - this.#limits.changes, this.size >> 3);
    let over = this.#bytes - this.#limits.bytes;
    for (let at = this.#start; at < this.#changes.length && (over > 0 || at < target); at += 1) {
      over -= weightOf(this.#changes[at] as Change);
      target = Math.max(target, at + 1);
    }
    this.compact((this.#changes[target - 1] as Change).revision);
  }

  #firstAfter(revision: Revision): number {
    let low = this.#start;
    let high = this.#changes.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#changes[middle] as Change).revision <= revision) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

/** What a change holds in memory that the working set no longer does: the entry it replaced or deleted. */
function weightOf(change: Change): number {
  const old = change.type === 'delete' ? change.entry : change.previous;
  return 200 + (old?.bytes.length ?? 0);
}
