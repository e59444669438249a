/**
 * Which data directory holds which slot of this machine: one file per slot. A cluster that is stopped keeps its
 * slot, wherever its data lies; otherwise a cluster that is made meanwhile would get the same bridge and addresses,
 * and lose them when the first one is started again and deleted.
 */
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readTextIfPresent } from '../base/file.ts';

const folder = '/var/lib/coracle/.slots';

/** Whether the slot is now this directory's. A claim whose cluster was deleted counts for nothing. */
export function claimSlot(slot: number, dataDir: string): boolean {
  const path = join(folder, String(slot));
  mkdirSync(folder, { recursive: true });
  try {
    writeFileSync(path, dataDir, { flag: 'wx' });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
  const holder = holderOf(slot) ?? '';
  if (holder === dataDir) return true;
  if (existsSync(join(holder, 'cluster.json'))) return false;
  writeFileSync(path, dataDir);
  return true;
}

/** The data directory that claimed it last. */
export function holderOf(slot: number): string | undefined {
  return readTextIfPresent(join(folder, String(slot)));
}
