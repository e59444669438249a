import { expect, test } from 'vitest';
import { type Medium, VolatileDisk } from './volatile-disk.ts';

const size = 3 * 4096 + 512;
function mediumOf(): Medium & { readonly content: Buffer } {
  const content = Buffer.alloc(size, '.');
  return {
    size,
    content,
    read: (offset, length) => Buffer.from(content.subarray(offset, offset + length)),
    write: (offset, data) => void data.copy(content, offset),
  };
}

test('what is written is read, over blocks, and survives only a flush', () => {
  const medium = mediumOf();
  const disk = new VolatileDisk(medium);
  disk.write(4000, Buffer.alloc(5000, 'a'));
  disk.write(5000, Buffer.from('bb'));
  expect(disk.read(3999, 5002).toString()).toBe(`.${'a'.repeat(1000)}bb${'a'.repeat(3998)}.`);
  expect(medium.content.includes('a')).toBe(false);
  expect(disk.unsafeBlocks).toBe(3);
  disk.flush();
  disk.write(0, Buffer.from('lost'));
  disk.cut(() => false);
  expect(disk.read(0, size).equals(medium.content)).toBe(true);
  expect(medium.content.subarray(3999, 9001).toString()).toBe(`.${'a'.repeat(1000)}bb${'a'.repeat(3998)}.`);
  expect(medium.content.subarray(0, 4).toString()).toBe('....');
});

test('a cut keeps or loses whole blocks', () => {
  const medium = mediumOf();
  const disk = new VolatileDisk(medium);
  disk.write(0, Buffer.alloc(size, 'x'));
  const fate = [true, false, true, false];
  disk.cut(() => fate.shift() ?? false);
  const letters = [0, 4095, 4096, 8191, 8192, 12_287, 12_288, size - 1].map((at) =>
    medium.content.toString('latin1', at, at + 1),
  );
  expect(letters.join('')).toBe('xx..xx..');
  expect(disk.unsafeBlocks).toBe(0);
});
