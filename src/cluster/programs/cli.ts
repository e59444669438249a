/** The command line program. */
import { keepAlive, systemClock } from '../../base/clock.ts';
import { systemRandom } from '../../base/random.ts';
import { main } from '../../cli/main.ts';
import { systemTerminal } from '../../cli/terminal.ts';
import { UserError } from '../../cli/user-error.ts';
import { dataDirOf } from '../data-dir.ts';
import { defaultName, layoutOf } from '../layout.ts';
import { createManager } from '../manager.ts';
import { coracleVersion, kubernetesVersion } from '../version.ts';

const interrupted = new AbortController();
for (const name of ['SIGINT', 'SIGTERM'] as const) {
  process.once(name, () => interrupted.abort(new DOMException('interrupted', 'AbortError')));
}
// A reader that went away (`coracle logs | head`) is no failure.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
    process.exit(0);
  });
}

const release = keepAlive();
process.exitCode = await main(process.argv.slice(2), {
  terminal: systemTerminal(),
  clock: systemClock,
  version: `Coracle ${coracleVersion} (Kubernetes ${kubernetesVersion})`,
  signal: interrupted.signal,
  isRoot: process.getuid?.() === 0,
  managerFor(args) {
    const name = args.text('name') ?? defaultName;
    const dataDir = args.text('data-dir');
    if (!/^[a-z]([a-z0-9-]{0,18}[a-z0-9])?$/.test(name)) {
      throw new UserError(
        `${JSON.stringify(name)} cannot be a cluster's name`,
        'use at most 20 lower-case letters, digits and dashes, starting with a letter',
        2,
      );
    }
    return createManager({
      layout: layoutOf(name, dataDir === undefined ? undefined : dataDirOf(dataDir)),
      clock: systemClock,
      random: systemRandom,
      programs: import.meta.dirname,
    });
  },
});
release();
