/** The folder that `--data-dir` names: where everything durable of a cluster lies. */
import { accessSync, constants, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { messageOf } from '../base/errors.ts';
import { makeFolder } from '../base/folder.ts';
import { UserError } from '../cli/user-error.ts';

/** In full: the cluster's processes work in another folder. Throws a UserError for what can't be one. */
export function dataDirOf(text: string): string {
  const path = resolve(text);
  let there = path;
  try {
    while (!isThere(there)) there = dirname(there);
  } catch (error) {
    throw unusable(path, messageOf(error));
  }
  if (!statSync(there).isDirectory()) throw unusable(path, `${there} is not a folder`);
  return path;
}

/** Throws a UserError when nothing can be kept there. */
export function makeDataDir(path: string): void {
  try {
    makeFolder(path);
    accessSync(path, constants.W_OK);
  } catch (error) {
    throw unusable(path, messageOf(error));
  }
}

function isThere(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false }) !== undefined;
}

function unusable(path: string, why: string): UserError {
  return new UserError(`${path} cannot hold a cluster's data: ${why}`, 'name another folder: --data-dir DIR', 2);
}
