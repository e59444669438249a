/** fsGroup: gives a volume's files to a group. */
import { chmod, lchown, lstat, readdir, realpath } from 'node:fs/promises';
import { join } from 'node:path';

export type ChangePolicy = 'Always' | 'OnRootMismatch';

const setGroupId = 0o2000;

/**
 * Files become readable and writable by the group, folders hand the group on to what is made in them. A link is
 * followed only where it stands for the volume, as a local volume's path may; those in it are changed themselves.
 */
export async function giveToGroup(path: string, gid: number, readonly: boolean, policy: ChangePolicy): Promise<void> {
  const root = await realpath(path);
  if (policy === 'OnRootMismatch' && (await rootFits(root, gid, readonly))) return;
  await change(root, gid, readonly);
}

async function rootFits(root: string, gid: number, readonly: boolean): Promise<boolean> {
  const found = await lstat(root);
  const wanted = folderBits(readonly);
  return found.gid === gid && (found.mode & wanted) === wanted;
}

const folderBits = (readonly: boolean): number => setGroupId | 0o110 | (readonly ? 0o440 : 0o660);
const fileBits = (readonly: boolean): number => (readonly ? 0o440 : 0o660);

/** Children first, so that a root that fits means that all below it does. */
async function change(path: string, gid: number, readonly: boolean): Promise<void> {
  const found = await lstat(path);
  if (found.isDirectory()) {
    for (const name of await readdir(path)) await change(join(path, name), gid, readonly);
  }
  await lchown(path, found.uid, gid);
  if (found.isSymbolicLink()) return;
  const bits = found.isDirectory() ? folderBits(readonly) : fileBits(readonly);
  await chmod(path, (found.mode & 0o7777) | bits);
}
