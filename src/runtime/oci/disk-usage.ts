/** Space that a folder takes, walked with a bound: a container that made a million files must not stall the agent. */
import { lstat, opendir } from 'node:fs/promises';
import { join } from 'node:path';

export interface DiskUsage {
  readonly bytes: number;
  readonly inodes: number;
}

const maxEntries = 200_000;

export async function diskUsage(root: string): Promise<DiskUsage> {
  const totals = { bytes: 0, inodes: 0 };
  const folders = [root];
  for (let folder = folders.pop(); folder !== undefined && totals.inodes < maxEntries; folder = folders.pop()) {
    try {
      for await (const entry of await opendir(folder)) {
        const path = join(folder, entry.name);
        const found = await lstat(path);
        totals.inodes += 1;
        totals.bytes += found.blocks * 512;
        if (entry.isDirectory()) folders.push(path);
        if (totals.inodes >= maxEntries) break;
      }
    } catch {
      continue; // Gone meanwhile: the container deletes as we count.
    }
  }
  return totals;
}
