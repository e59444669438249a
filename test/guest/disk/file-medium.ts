/** A file as what survives a power cut of the guest: this process and its machine go on. */
import { closeSync, fstatSync, openSync, readSync, writeSync } from 'node:fs';
import type { Medium } from './volatile-disk.ts';

export function fileMedium(path: string): Medium & Disposable {
  const file = openSync(path, 'r+');
  return {
    size: fstatSync(file).size,
    read(offset, length) {
      const data = Buffer.alloc(length);
      for (let done = 0; done < length;) {
        const count = readSync(file, data, done, length - done, offset + done);
        if (count === 0) throw new RangeError(`${path} ends before ${offset + length}`);
        done += count;
      }
      return data;
    },
    write(offset, data) {
      for (let done = 0; done < data.length;) done += writeSync(file, data, done, data.length - done, offset + done);
    },
    [Symbol.dispose]: () => closeSync(file),
  };
}
