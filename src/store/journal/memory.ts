/** A journal that forgets at the end of the process, or hands its records to a later store in the same one. */
import type { Journal, JournalBatch, JournalRecord } from './journal.ts';

export class MemoryJournal implements Journal {
  readonly #records = new Map<number, JournalRecord>();
  #revision = 0;

  open(onRecords: (records: readonly JournalRecord[]) => void): Promise<number> {
    onRecords([...this.#records.values()]);
    return Promise.resolve(this.#revision);
  }

  append(batch: JournalBatch): Promise<void> {
    for (const { slot, record } of batch.writes) {
      if (record === undefined) this.#records.delete(slot);
      else this.#records.set(slot, record);
    }
    this.#revision = batch.revision;
    return Promise.resolve();
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}
