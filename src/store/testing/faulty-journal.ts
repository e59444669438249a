/** A journal whose batches fail when told to, before or after they reached the records. */
import { JournalError, type Journal, type JournalBatch, type JournalRecord } from '../journal/journal.ts';

export type JournalFault =
  /** Nothing was written. */
  | 'before'
  /** Everything was written, and then the answer was a failure. */
  | 'after'
  /** As `before`, and trying again is pointless. */
  | 'broken';

export class FaultyJournal implements Journal {
  readonly #journal: Journal;
  /** What happens to the next batches; fine when empty. */
  readonly faults: (JournalFault | undefined)[] = [];
  #held: (() => void)[] | undefined;

  constructor(journal: Journal) {
    this.#journal = journal;
  }

  /** Batches wait until `release`. */
  hold(): void {
    this.#held ??= [];
  }

  release(): void {
    const held = this.#held ?? [];
    this.#held = undefined;
    for (const go of held) go();
  }

  open(onRecords: (records: readonly JournalRecord[]) => void): Promise<number> {
    return this.#journal.open(onRecords);
  }

  async append(batch: JournalBatch): Promise<void> {
    const held = this.#held;
    if (held !== undefined) await new Promise<void>((resolve) => held.push(resolve));
    const fault = this.faults.shift();
    if (fault === 'before') throw new JournalError('the disk is full', true);
    if (fault === 'broken') throw new JournalError('the disk is gone', false);
    await this.#journal.append(batch);
    if (fault === 'after') throw new JournalError('the answer was lost', true);
  }

  close(): Promise<void> {
    return this.#journal.close();
  }
}
