/** Disk space below a folder. */
import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { codeOf } from '../../base/errors.ts';

/** Bytes in use, not following links and not leaving the file system; files linked twice count once. */
export async function folderBytes(path: string): Promise<number> {
  const root = await lstat(path).catch(gone);
  if (root === undefined) return 0;
  return sum(path, root.dev, new Set());
}

async function sum(path: string, device: number, seen: Set<number>): Promise<number> {
  const found = await lstat(path).catch(gone);
  if (found === undefined || found.dev !== device) return 0;
  if (found.nlink > 1 && !found.isDirectory()) {
    if (seen.has(found.ino)) return 0;
    seen.add(found.ino);
  }
  let bytes = found.blocks * 512;
  if (!found.isDirectory()) return bytes;
  for (const name of (await readdir(path).catch(gone)) ?? []) bytes += await sum(join(path, name), device, seen);
  return bytes;
}

function gone(error: unknown): undefined {
  if (codeOf(error) === 'ENOENT') return undefined;
  throw error;
}
