/**
 * Folders, with all that lead to them. Node's own `mkdir` with `recursive` never returns where a folder that exists
 * can't be given a new one: below /proc, which a flag, an environment variable or a pod's hostPath may name.
 */
import { mkdirSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { codeOf } from './errors.ts';

/** Does nothing when it is there. `mode` is that of each folder that is made. Throws the system's error. */
export function makeFolder(path: string, mode = 0o777): void {
  if (isMade(path, mode)) return;
  const parent = dirname(path);
  if (parent !== path) makeFolder(parent, mode);
  mkdirUnlessPresent(path, mode);
}

/** False when what leads there is missing. */
function isMade(path: string, mode: number): boolean {
  try {
    mkdirUnlessPresent(path, mode);
    return true;
  } catch (error) {
    // Of a folder that exists it says that nothing can be made in there.
    if (codeOf(error) === 'ENOENT' && !isFolder(dirname(path))) return false;
    throw error;
  }
}

function mkdirUnlessPresent(path: string, mode: number): void {
  try {
    mkdirSync(path, { mode });
  } catch (error) {
    // Also where it is read-only and there already: the system may look at that first.
    if (!isFolder(path)) throw error;
  }
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}
