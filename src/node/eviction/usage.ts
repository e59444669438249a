/** Disk space below a folder. */
import { lstat, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { codeOf } from '../../base/errors.ts';
import { parseMountInfo } from '../volumes/mounter.ts';

/**
 * Bytes in use, not following links and not leaving the file system; files linked twice count once. What is mounted
 * below is not even looked at: asking a file server that is away would hold up this process for good.
 */
export async function folderBytes(
  path: string,
  mounts: () => Promise<string> = () => readFile('/proc/self/mountinfo', 'utf8'),
): Promise<number> {
  const root = await lstat(path).catch(gone);
  if (root === undefined) return 0;
  const mounted = new Set(parseMountInfo(await mounts()).map((each) => each.path));
  mounted.delete(path);
  return sum(path, { device: root.dev, mounted, seen: new Set() });
}

interface Walk {
  readonly device: number;
  readonly mounted: ReadonlySet<string>;
  readonly seen: Set<number>;
}

async function sum(path: string, walk: Walk): Promise<number> {
  const { device, mounted, seen } = walk;
  if (mounted.has(path)) return 0;
  const found = await lstat(path).catch(gone);
  if (found === undefined || found.dev !== device) return 0;
  if (found.nlink > 1 && !found.isDirectory()) {
    if (seen.has(found.ino)) return 0;
    seen.add(found.ino);
  }
  let bytes = found.blocks * 512;
  if (!found.isDirectory()) return bytes;
  for (const name of (await readdir(path).catch(gone)) ?? []) bytes += await sum(join(path, name), walk);
  return bytes;
}

function gone(error: unknown): undefined {
  if (codeOf(error) === 'ENOENT') return undefined;
  throw error;
}
