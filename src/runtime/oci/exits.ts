/** Announces exit codes that conmon leaves in a folder. File events; no polling. */
import { type FSWatcher, watch } from 'node:fs';
import { messageOf } from '../../base/errors.ts';
import type { Logger } from '../../base/log.ts';

/** Calls `onExit` with the name of each file that appears (conmon's id for the container). Returns how to stop. */
export function watchExits(folder: string, log: Logger, onExit: (name: string) => void): () => void {
  const watcher: FSWatcher = watch(folder, { persistent: false }, (_event, name) => {
    // conmon writes `<id>.XXXXXX` and renames it.
    if (typeof name === 'string' && /^[a-f0-9]+$/.test(name)) onExit(name);
  });
  watcher.on('error', (error) =>
    log.error('exits are no longer watched; they are still found by the sweep', { error: messageOf(error) }),
  );
  return () => watcher.close();
}
