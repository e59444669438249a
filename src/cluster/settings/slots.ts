/**
 * Which data directory holds which slot of this machine: one file per slot. A cluster that is stopped keeps its
 * slot, wherever its data lies; otherwise a cluster that is made meanwhile would get the same bridge and addresses,
 * and lose them when the first one is started again and deleted.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { readTextIfPresent } from '../../base/file.ts';
import { UserError } from '../../cli/user-error.ts';
import { defaultName, layoutOf, type Layout } from '../layout.ts';
import { announcedSettings, type ClusterSettings } from './settings.ts';

const folder = '/var/lib/coracle/.slots';

const lastSlot = 40;

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

/** The cluster in that directory is deleted: nothing of it is to be left. */
export function releaseSlots(dataDir: string): void {
  for (const slot of foldersOf(folder)) {
    if (holderOf(Number(slot)) === dataDir) rmSync(join(folder, slot), { force: true });
  }
}

/** The data directory that claimed it last. */
export function holderOf(slot: number): string | undefined {
  return readTextIfPresent(join(folder, String(slot)));
}

/**
 * The lowest slot that no other cluster on this machine holds. The default cluster always has slot 0, so
 * that its addresses are those of every tutorial.
 */
export function freeSlot(layout: Layout): number {
  if (layout.name === defaultName) return 0;
  const taken = new Set([0, ...slotsInUse(layout.name)]);
  for (let slot = 1; slot <= lastSlot; slot += 1) {
    if (!taken.has(slot) && claimSlot(slot, layout.dataDir)) return slot;
  }
  throw new UserError(
    `all ${lastSlot + 1} clusters that fit on one machine exist`,
    'remove one with: coracle reset --name NAME',
  );
}

/** Other clusters of this machine that run now, or were never stopped. */
export function otherClusters(layout: Layout): readonly ClusterSettings[] {
  return foldersOf('/run/coracle')
    .filter((name) => name !== layout.name)
    .flatMap((name) => announcedSettings(layoutOf(name)) ?? []);
}

/** Slots of clusters that run now or have bridges left, and of those in the default data directory. */
function slotsInUse(ownName: string): readonly number[] {
  const ofBridges = Object.keys(networkInterfaces()).flatMap((name) => {
    const match = /^cor(\d+)-/.exec(name);
    return match === null ? [] : [Number(match[1])];
  });
  const ofFolders = ['/var/lib/coracle', '/run/coracle'].flatMap((parent) =>
    foldersOf(parent)
      .filter((name) => name !== ownName)
      .flatMap((name) => slotOf(join(parent, name, 'cluster.json'))),
  );
  return [...ofBridges, ...ofFolders];
}

function foldersOf(parent: string): readonly string[] {
  try {
    return readdirSync(parent);
  } catch {
    return [];
  }
}

function slotOf(path: string): readonly number[] {
  try {
    return [(JSON.parse(readFileSync(path, 'utf8')) as ClusterSettings).slot];
  } catch {
    return [];
  }
}
