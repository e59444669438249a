/** A log that cannot fill the disk: at its bound the file becomes `FILE.1`, and the one before is gone. */
import { appendFile, mkdirSync, renameSync, statSync } from 'node:fs';
import { dirname } from 'node:path';

/** Takes lines; each call is one append. What cannot be written is dropped: a full disk must not stop traffic. */
export function boundedFile(path: string, bound: number): (text: string) => void {
  mkdirSync(dirname(path), { recursive: true });
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
