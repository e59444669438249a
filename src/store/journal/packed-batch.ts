/**
 * How records travel between threads: one buffer, handed over rather than copied, and flat arrays beside it.
 *
 *     numbers: slot, created, revision, length of the bytes (-1: the slot is removed)    4 per write
 *     keys:    one per write ('' for removals)
 *     bytes:   all values, one after the other
 */
import type { JournalRecord, JournalWrite } from './journal.ts';

export interface Packed {
  readonly numbers: Float64Array;
  readonly keys: readonly string[];
  readonly bytes: Uint8Array<ArrayBuffer>;
}

const removed = -1;

export function packWrites(writes: readonly JournalWrite[]): Packed {
  const total = writes.reduce((sum, { record }) => sum + (record?.bytes.length ?? 0), 0);
  const numbers = new Float64Array(writes.length * 4);
  const bytes = new Uint8Array(total);
  const keys: string[] = [];
  let offset = 0;
  for (const [index, { slot, record }] of writes.entries()) {
    const at = index * 4;
    numbers[at] = slot;
    numbers[at + 3] = removed;
    keys.push(record?.key ?? '');
    if (record === undefined) continue;
    numbers[at + 1] = record.created;
    numbers[at + 2] = record.revision;
    numbers[at + 3] = record.bytes.length;
    bytes.set(record.bytes, offset);
    offset += record.bytes.length;
  }
  return { numbers, keys, bytes };
}

/** The values are views of the one buffer. */
export function* unpackWrites({ numbers, keys, bytes }: Packed): Generator<JournalWrite> {
  let offset = 0;
  for (const [index, key] of keys.entries()) {
    const [slot = 0, created = 0, revision = 0, length = removed] = numbers.subarray(index * 4, index * 4 + 4);
    if (length === removed) {
      yield { slot };
      continue;
    }
    const record: JournalRecord = { slot, key, created, revision, bytes: bytes.subarray(offset, offset + length) };
    offset += length;
    yield { slot, record };
  }
}

/** What to hand over with the message. */
export function transferables({ numbers, bytes }: Packed): ArrayBuffer[] {
  return [numbers.buffer as ArrayBuffer, bytes.buffer];
}
