/**
 * How records travel between threads, one after the other in one piece of memory:
 *
 *     slot, created, revision    float64 each
 *     length of the value        int32; -1: the slot is removed
 *     length of the key          int32, in bytes of UTF-8
 *     key, value
 */
import type { JournalRecord, JournalWrite } from './journal.ts';

const headLength = 32;
const removed = -1;

/** Bytes that the packed form of these writes takes. */
export function packedSize(writes: readonly JournalWrite[]): number {
  let size = 0;
  for (const { record } of writes) {
    size += headLength;
    if (record !== undefined) size += Buffer.byteLength(record.key) + record.bytes.length;
  }
  return size;
}

/** Fills the first `packedSize` bytes of the target. */
export function packInto(target: Buffer, writes: readonly JournalWrite[]): void {
  let at = 0;
  for (const { slot, record } of writes) {
    const keyLength = record === undefined ? 0 : target.write(record.key, at + headLength);
    target.writeDoubleLE(slot, at);
    target.writeDoubleLE(record?.created ?? 0, at + 8);
    target.writeDoubleLE(record?.revision ?? 0, at + 16);
    target.writeInt32LE(record?.bytes.length ?? removed, at + 24);
    target.writeInt32LE(keyLength, at + 28);
    at += headLength + keyLength;
    if (record === undefined) continue;
    target.set(record.bytes, at);
    at += record.bytes.length;
  }
}

/** The values are views of the source. */
export function* unpack(source: Buffer): Generator<JournalWrite> {
  for (let at = 0; at < source.length;) {
    const slot = source.readDoubleLE(at);
    const length = source.readInt32LE(at + 24);
    const valueAt = at + headLength + source.readInt32LE(at + 28);
    if (length === removed) yield { slot };
    else {
      const record: JournalRecord = {
        slot,
        key: source.toString('utf8', at + headLength, valueAt),
        created: source.readDoubleLE(at + 8),
        revision: source.readDoubleLE(at + 16),
        bytes: source.subarray(valueAt, valueAt + length),
      };
      yield { slot, record };
    }
    at = valueAt + Math.max(0, length);
  }
}
