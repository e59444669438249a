/** A log that cannot fill the disk: at its bound the file becomes `FILE.1`, and the one before is gone. */
import { appendFile, renameSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { makeFolder } from './folder.ts';

/** Takes lines; each call is one append. What cannot be written is dropped: a full disk must not stop traffic. */
export function boundedFile(path: string, bound: number): (text: string) => void {
  makeFolder(dirname(path));
  let size = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
  return (text) => {
    const line = `${text}\n`;
    if (size + line.length > bound) {
      size = 0;
      renameIfPresent(path);
    }
    size += line.length;
    appendFile(path, line, { mode: 0o640 }, () => {});
  };
}

function renameIfPresent(path: string): void {
  try {
    renameSync(path, `${path}.1`);
  } catch {
    // Somebody deleted it: the next append makes a new one.
  }
}
