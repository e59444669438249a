/** Keeps two runs of the same long tests apart: they would build into the same files and use the same cluster. */
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { UserError } from '../../src/cli/user-error.ts';

/** Throws UserError while another process holds it; `otherwise`: what to do instead of waiting for that. */
export function lock(path: string, otherwise: string): Disposable {
  try {
    writeFileSync(path, String(process.pid), { flag: 'wx' });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    const holder = readFileSync(path, 'utf8');
    if (holder !== '' && existsSync(`/proc/${holder}`)) {
      throw new UserError(`another run is going on (process ${holder})`, `wait for it, or ${otherwise}`);
    }
    rmSync(path);
    return lock(path, otherwise);
  }
  return { [Symbol.dispose]: () => rmSync(path, { force: true }) };
}
