/** A pid namespace that several containers share needs a first process: it lives as long as the sandbox and reaps. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import type { Clock } from '../../base/clock.ts';
import { readTextIfPresent } from '../../base/file.ts';
import { endLeftoverCommands, identify } from './processes.ts';
import type { ProcessIdentity } from './records.ts';

/** Ignoring SIGCHLD makes the kernel reap orphans; sleep keeps ignoring what the shell ignored. */
const initScript = "trap '' CHLD TERM INT HUP; exec sleep infinity";

/** Longest wait for it, in steps of 2 ms. */
const maxSteps = 1000;

/**
 * Starts it. It belongs to nobody: it runs on when this process ends. `folder` is the sandbox's: by it the parent is
 * found when we die before the child is recorded, so the parent goes only after that.
 */
export async function startSharedInit(
  folder: string,
  clock: Clock,
  record: (identity: ProcessIdentity) => void,
): Promise<void> {
  const parent = spawn('unshare', ['--pid', '--fork', '--', 'sh', '-c', initScript, folder], {
    stdio: 'ignore',
    detached: true,
  });
  await once(parent, 'spawn');
  try {
    record(await firstChild(parent, clock));
  } catch (error) {
    await endLeftoverCommands(folder, clock);
    throw error;
  }
  // It only waited for its child, which lives on without it.
  parent.kill('SIGKILL');
}

async function firstChild(parent: ChildProcess, clock: Clock): Promise<ProcessIdentity> {
  for (let step = 0; step < maxSteps; step += 1) {
    const children = readTextIfPresent(`/proc/${parent.pid}/task/${parent.pid}/children`) ?? '';
    const pid = Number(children.trim().split(' ')[0]);
    const identity = pid > 1 && readTextIfPresent(`/proc/${pid}/comm`)?.trim() === 'sleep' ? identify(pid) : undefined;
    if (identity !== undefined) return identity;
    await clock.sleep(2);
  }
  throw new Error('the first process of a shared pid namespace did not start');
}
