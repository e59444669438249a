/**
 * Writes a set of files so that readers see either all of the old ones or all of the new ones.
 *
 *     volume/..2026_01_02_03_04_05.000000001/config/app.yaml   the files themselves
 *     volume/..data -> ..2026_01_02_03_04_05.000000001         swapped by one rename
 *     volume/config -> ..data/config                           what users open
 *
 * Guarantees: unchanged content writes nothing; a crash at any point leaves a tree that the next write repairs.
 */
import {
  chmod,
  chown,
  mkdir,
  readdir,
  readFile,
  readlink,
  rename,
  rm,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { dirname, join, normalize } from 'node:path';
import { codeOf } from '../../base/errors.ts';
import { VolumeError } from './volume.ts';

export interface VolumeFile {
  readonly data: Uint8Array;
  readonly mode: number;
  /** Owner of the file, where it is not root. */
  readonly uid?: number;
}

/** Relative path to file. */
export type Payload = ReadonlyMap<string, VolumeFile>;

export interface Ownership {
  /** Group of all files and folders. */
  readonly gid?: number;
}

const link = '..data';
const temporaryLink = '..data_tmp';

/** True when something changed. `stamp` names the new folder; it must differ from the one before. */
export async function writeAtomically(
  root: string,
  payload: Payload,
  stamp: string,
  ownership: Ownership = {},
): Promise<boolean> {
  for (const path of payload.keys()) checkPath(path);
  const current = await readlink(join(root, link)).catch(absent);
  if (current !== undefined && (await holds(join(root, current), payload))) {
    await linkNames(root, payload);
    await removeStale(root, payload, current);
    return false;
  }
  const folder = `..${stamp}`;
  await rm(join(root, folder), { recursive: true, force: true });
  await writeFiles(join(root, folder), payload, ownership);
  await rm(join(root, temporaryLink), { force: true });
  await symlink(folder, join(root, temporaryLink));
  await rename(join(root, temporaryLink), join(root, link));
  await linkNames(root, payload);
  await removeStale(root, payload, folder);
  return true;
}

function checkPath(path: string): void {
  const parts = path.split('/');
  const bad = path === '' || path.startsWith('/') || parts.includes('..') || parts[0]?.startsWith('..') === true;
  if (bad) throw new VolumeError(`invalid path ${JSON.stringify(path)}: it must be relative and stay in the volume`);
}

async function writeFiles(root: string, payload: Payload, ownership: Ownership): Promise<void> {
  await makeFolder(root, ownership);
  for (const [path, file] of payload) {
    const target = join(root, path);
    await makeFolders(root, dirname(normalize(path)), ownership);
    await writeFile(target, file.data);
    // Not in writeFile's mode: the process's umask would lessen it.
    await chmod(target, ownership.gid === undefined ? file.mode : file.mode | 0o440);
    if (file.uid !== undefined || ownership.gid !== undefined) await chown(target, file.uid ?? 0, ownership.gid ?? 0);
  }
}

async function makeFolders(root: string, path: string, ownership: Ownership): Promise<void> {
  let inside = root;
  for (const part of path.split('/')) {
    if (part === '.' || part === '') continue;
    inside = join(inside, part);
    await makeFolder(inside, ownership);
  }
}

async function makeFolder(path: string, ownership: Ownership): Promise<void> {
  await mkdir(path, { recursive: true });
  await chmod(path, ownership.gid === undefined ? 0o755 : 0o2775);
  if (ownership.gid !== undefined) await chown(path, 0, ownership.gid);
}

/** Whether the folder holds exactly these files with this content and mode. */
async function holds(folder: string, payload: Payload): Promise<boolean> {
  const present = await filesBelow(folder, '');
  if (present.length !== payload.size) return false;
  for (const path of present) {
    const file = payload.get(path);
    if (file === undefined) return false;
    const [data, { mode }] = await Promise.all([readFile(join(folder, path)), stat(join(folder, path))]);
    if (!Buffer.from(file.data).equals(data) || ((mode & 0o777) | 0o440) !== ((file.mode & 0o777) | 0o440))
      return false;
  }
  return true;
}

async function filesBelow(folder: string, prefix: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(absent);
  const found: string[] = [];
  for (const entry of entries ?? []) {
    const path = prefix === '' ? entry.name : `${prefix}/${entry.name}`;
    if (entry.isDirectory()) found.push(...(await filesBelow(join(folder, entry.name), path)));
    else found.push(path);
  }
  return found;
}

const topNames = (payload: Payload): ReadonlySet<string> =>
  new Set([...payload.keys()].map((path) => normalize(path).split('/')[0] ?? ''));

async function linkNames(root: string, payload: Payload): Promise<void> {
  for (const name of topNames(payload)) {
    const wanted = join(link, name);
    const present = await readlink(join(root, name)).catch(absent);
    if (present === wanted) continue;
    if (present !== undefined) await rm(join(root, name), { force: true });
    await symlink(wanted, join(root, name));
  }
}

async function removeStale(root: string, payload: Payload, folder: string): Promise<void> {
  const keep = new Set([...topNames(payload), link, folder]);
  for (const name of await readdir(root)) {
    if (!keep.has(name)) await rm(join(root, name), { recursive: true, force: true });
  }
}

/** `EINVAL`: it exists and is no link. */
function absent(error: unknown): undefined {
  const code = codeOf(error);
  if (code === 'ENOENT' || code === 'EINVAL') return undefined;
  throw error;
}
