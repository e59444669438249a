/** Where the suite is built, and what of it is there. */
import { statfs } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { messageOf } from '../../src/base/errors.ts';
import { makeFolder } from '../../src/base/folder.ts';
import { UserError } from '../../src/cli/user-error.ts';

export interface Workplace {
  readonly folder: string;
  readonly logs: string;
  /** What Go calls GOPATH. */
  readonly goPath: string;
  readonly source: string;
  /** The suite itself. */
  readonly suite: string;
  /** The program in most of the test images. */
  readonly agnhost: string;
  readonly noNewPrivileges: string;
  /** Uses as much of the processor as it is told to. */
  readonly resourceConsumer: string;
  readonly consumeCpu: string;
  /** Resets connections as in issue 74839 of Kubernetes. */
  readonly connectionReset: string;
  /** Debian's root file system, for images with tools in them. */
  readonly rootFileSystem: string;
  readonly images: string;
  readonly signal: AbortSignal;
}

const gib = 1024 ** 3;
/** Go's cache alone takes 1.5 GB; the rest is the source, the programs, the images and a cluster's data. */
const spaceToBuild = 6 * gib;
const spaceToRun = 2 * gib;

/** Throws UserError when there is too little room on the disk. */
export async function workplaceAt(path: string, signal: AbortSignal): Promise<Workplace> {
  const folder = resolve(path);
  try {
    makeFolder(folder);
  } catch (error) {
    throw new UserError(`cannot make ${folder}: ${messageOf(error)}`, 'set CORACLE_UPSTREAM_CACHE to another folder');
  }
  const goPath = join(folder, 'go');
  const source = join(goPath, 'src', 'k8s.io', 'kubernetes');
  const suite = join(folder, 'e2e.test');
  const { bavail, bsize } = await statfs(folder);
  const needed = existsSync(suite) ? spaceToRun : spaceToBuild;
  if (bavail * bsize < needed) {
    throw new UserError(
      `${folder} has ${((bavail * bsize) / gib).toFixed(1)} GB left, and ${needed / gib} GB are needed`,
      'make room, or set CORACLE_UPSTREAM_CACHE to a folder on a larger disk',
    );
  }
  return {
    folder,
    logs: join(folder, 'logs'),
    goPath,
    source,
    suite,
    agnhost: join(folder, 'agnhost'),
    noNewPrivileges: join(folder, 'nonewprivs'),
    resourceConsumer: join(folder, 'resource-consumer'),
    consumeCpu: join(folder, 'consume-cpu'),
    connectionReset: join(folder, 'regression-issue-74839'),
    rootFileSystem: join(folder, 'debian.tar'),
    images: join(folder, 'images.tar'),
    signal,
  };
}
