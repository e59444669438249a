/**
 * Past pictures for consistent paging. The first page of a list pins the picture it was taken from, so that
 * the following ones need no history; a revision nobody pinned is rebuilt by undoing changes.
 */
import type { Clock } from '../base/clock.ts';
import type { StoredEntry } from './entry.ts';
import type { History } from './history.ts';
import type { Change, Revision } from './store.ts';
import type { EntryTree, Snapshot } from './tree.ts';

/** Pins beyond these go, the least recently used first: a pager then needs the history, or starts again. */
const limits = { pins: 32, age: 300_000 };

interface Pin {
  readonly view: Snapshot<StoredEntry>;
  used: number;
}

export class Snapshots {
  readonly #clock: Clock;
  readonly #pins = new Map<Revision, Pin>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get size(): number {
    return this.#pins.size;
  }

  /** Keeps the picture for later pages. */
  pin(revision: Revision, view: () => Snapshot<StoredEntry>): void {
    const used = this.#clock.monotonic();
    const pin = this.#pins.get(revision) ?? { view: view(), used };
    pin.used = used;
    this.#pins.delete(revision);
    this.#pins.set(revision, pin);
    this.trim();
    for (const oldest of this.#pins.keys()) {
      if (this.#pins.size <= limits.pins) return;
      this.#pins.delete(oldest);
    }
  }

  /** The picture at a past revision. Throws CompactedError when it can't be had any more. */
  at(revision: Revision, tree: EntryTree<StoredEntry>, history: History): Snapshot<StoredEntry> {
    const pinned = this.#pins.get(revision);
    if (pinned !== undefined) return pinned.view;
    const changes = history.undo(revision);
    const past = tree.fork();
    for (const change of changes) undo(past, change);
    return past.snapshot();
  }

  dropBefore(revision: Revision): void {
    for (const pinned of this.#pins.keys()) if (pinned < revision) this.#pins.delete(pinned);
  }

  trim(): void {
    const now = this.#clock.monotonic();
    for (const [revision, { used }] of this.#pins) {
      if (now - used <= limits.age) return;
      this.#pins.delete(revision);
    }
  }
}

function undo(tree: EntryTree<StoredEntry>, change: Change): void {
  const before = change.type === 'delete' ? change.entry : change.previous;
  if (before === undefined) tree.delete(change.key);
  else tree.put(before as StoredEntry);
}
