/** Where the guest's parts are made, and what they are called. */
import { mkdirSync } from 'node:fs';
import { statfs } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { messageOf } from '../../src/base/errors.ts';
import { UserError } from '../../src/cli/user-error.ts';

export interface Workplace {
  readonly folder: string;
  readonly logs: string;
  readonly kernel: string;
  /** Debian's root file system, as a disk. */
  readonly root: string;
  /** Says what `root` and `kernel` were made of. */
  readonly stamp: string;
  /** What the host comes in with. */
  readonly key: string;
  /** The programs of this checkout, as a disk. */
  readonly checkout: string;
  readonly signal: AbortSignal;
}

const gib = 1024 ** 3;
const spaceNeeded = 4 * gib;

export const cacheVariable = 'CORACLE_GUEST_CACHE';

/** Throws UserError when there is too little room on the disk. */
export async function workplaceAt(path: string, signal: AbortSignal): Promise<Workplace> {
  const folder = resolve(path);
  try {
    mkdirSync(folder, { recursive: true });
  } catch (error) {
    throw new UserError(`cannot make ${folder}: ${messageOf(error)}`, `set ${cacheVariable} to another folder`);
  }
  const { bavail, bsize } = await statfs(folder);
  if (bavail * bsize < spaceNeeded) {
    throw new UserError(
      `${folder} has ${((bavail * bsize) / gib).toFixed(1)} GB left, and ${spaceNeeded / gib} GB are needed`,
      `make room, or set ${cacheVariable} to a folder on a larger disk`,
    );
  }
  return {
    folder,
    logs: join(folder, 'logs'),
    kernel: join(folder, 'vmlinuz'),
    root: join(folder, 'root.ext4'),
    stamp: join(folder, 'root.stamp'),
    key: join(folder, 'key'),
    checkout: join(folder, 'checkout.ext4'),
    signal,
  };
}
