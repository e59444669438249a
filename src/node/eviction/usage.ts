/** Disk space and files below a folder. */
import { lstat, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { codeOf } from '../../base/errors.ts';
import { parseMountInfo } from '../volumes/mounter.ts';

export interface FolderUse {
  readonly bytes: number;
  /** Files and folders, the folder itself among them. */
  readonly inodes: number;
}

/**
 * What is in use, not following links and not leaving the file system; files linked twice count once. What is mounted
 * below is not even looked at: asking a file server that is away would hold up this process for good.
 */
export async function folderUse(
  path: string,
  mounts: () => Promise<string> = () => readFile('/proc/self/mountinfo', 'utf8'),
): Promise<FolderUse> {
  const root = await lstat(path).catch(gone);
  if (root === undefined) return { bytes: 0, inodes: 0 };
  const mounted = new Set(parseMountInfo(await mounts()).map((each) => each.path));
  mounted.delete(path);
  const walk: Walk = { device: root.dev, mounted, seen: new Set(), bytes: 0, inodes: 0 };
  await count(path, walk);
  return { bytes: walk.bytes, inodes: walk.inodes };
}

export async function folderBytes(path: string, mounts?: () => Promise<string>): Promise<number> {
  return (await folderUse(path, mounts)).bytes;
}

interface Walk {
  readonly device: number;
  readonly mounted: ReadonlySet<string>;
  readonly seen: Set<number>;
  bytes: number;
  inodes: number;
}

async function count(path: string, walk: Walk): Promise<void> {
  const { device, mounted, seen } = walk;
  if (mounted.has(path)) return;
  const found = await lstat(path).catch(gone);
  if (found === undefined || found.dev !== device) return;
  if (found.nlink > 1 && !found.isDirectory()) {
    if (seen.has(found.ino)) return;
    seen.add(found.ino);
  }
  walk.bytes += found.blocks * 512;
  walk.inodes += 1;
  if (!found.isDirectory()) return;
  for (const name of (await readdir(path).catch(gone)) ?? []) await count(join(path, name), walk);
}

function gone(error: unknown): undefined {
  if (codeOf(error) === 'ENOENT') return undefined;
  throw error;
}
