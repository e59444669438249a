import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { JournalWrite } from './journal.ts';
import { packedSize, packInto, unpack } from './packed-batch.ts';

const write = fc.oneof(
  fc.record({ slot: fc.nat() }),
  fc
    .record({
      slot: fc.nat(),
      key: fc.string({ unit: 'grapheme' }),
      created: fc.maxSafeNat(),
      revision: fc.maxSafeNat(),
      bytes: fc.uint8Array(),
    })
    .map((record): JournalWrite => ({ slot: record.slot, record })),
);

test('writes come out as they went in, whatever their keys and values', () => {
  fc.assert(
    fc.property(fc.array(write), (writes) => {
      const packed = Buffer.alloc(packedSize(writes));
      packInto(packed, writes);
      const unpacked = [...unpack(packed)].map(({ slot, record }) =>
        record === undefined ? { slot } : { slot, record: { ...record, bytes: new Uint8Array(record.bytes) } },
      );
      expect(unpacked).toEqual(writes);
    }),
  );
});
