/** `coracle reset`: deletes the data of a cluster that is stopped. */
import { existsSync, readdirSync, rmdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { messageOf } from '../../base/errors.ts';
import { UserError } from '../../cli/user-error.ts';
import type { Layout } from '../layout.ts';
import { mountsBelow } from '../machine/teardown.ts';
import { isRunning } from '../processes/processes.ts';
import { knownSettings } from '../settings/settings.ts';
import { releaseSlots } from '../settings/slots.ts';

/** What lies in the data directory; nothing else in there is deleted. */
const parts = ['nodes', 'images', 'logs', 'pki', 'store', 'kubelet', 'cluster.json'];

export function reset(layout: Layout): Promise<void> {
  refuse(layout);
  try {
    for (const part of parts) rmSync(join(layout.dataDir, part), { recursive: true, force: true });
    rmSync(layout.runDir, { recursive: true, force: true });
    if (isEmptyFolder(layout.dataDir)) rmdirSync(layout.dataDir);
    releaseSlots(layout.dataDir);
    return Promise.resolve();
  } catch (error) {
    throw new UserError(
      `could not delete all of ${layout.dataDir}: ${messageOf(error)}`,
      'is something still mounted there?',
    );
  }
}

function refuse(layout: Layout): void {
  const settings = knownSettings(layout);
  if (settings !== undefined && isRunning(layout, settings)) {
    throw new UserError(`cluster ${layout.name} is running`, `stop it first: ${layout.command('down')}`);
  }
  if (settings === undefined && existsSync(layout.dataDir) && !isEmptyFolder(layout.dataDir)) {
    throw new UserError(`${layout.dataDir} does not look like a cluster's data`, 'nothing was deleted');
  }
  // Deleting through a mount would delete what is mounted: a volume's data, a folder of the machine.
  const mounted = mountsBelow(layout.dataDir);
  if (mounted.length > 0) {
    throw new UserError(`still mounted: ${mounted.join(', ')}; nothing was deleted`, 'unmount it, then try again');
  }
}

function isEmptyFolder(path: string): boolean {
  return existsSync(path) && readdirSync(path).length === 0;
}
