/**
 * Starts a long-lived process under a shell loop that starts it again when it dies. The loop is 700 KB and
 * has nothing to crash; containers do not depend on it. A process that exits with 0 was told to stop, one
 * that exits with `doNotRestart` has said in its state file why trying again is no use.
 */
import { spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Clock } from '../../base/clock.ts';
import { readTextIfPresent } from '../../base/file.ts';
import { startTicksOf } from './process-state.ts';

export const doNotRestart = 78;

/** How long a process may take to end before it is killed: requests in flight get their time. */
export const stopPatience = 15_000;

/**
 * Restarts at once, but after the fifth death in a row within three seconds of the start it waits a second each
 * time, so that a crash loop costs little.
 */
const loop = `
trap 'stopped=1; kill -TERM $child 2>/dev/null' TERM INT
stopped=
deaths=0
while :; do
  born=$(date +%s)
  "$@" &
  child=$!
  while :; do wait $child; code=$?; kill -0 $child 2>/dev/null || break; done
  [ -n "$stopped" ] && exit 0
  [ $code = 0 ] && exit 0
  [ $code = ${doNotRestart} ] && exit $code
  echo "supervisor: exited with $code, starting again" >&2
  if [ $(($(date +%s) - born)) -ge 3 ]; then deaths=0; else deaths=$((deaths + 1)); fi
  if [ $deaths -gt 5 ]; then sleep 1; else sleep 0.02; fi
done
`;

export interface SupervisedProcess {
  readonly name: string;
  readonly runDir: string;
  readonly logFile: string;
  readonly command: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

/** Starts the loop detached from this process. */
export function startSupervised(process_: SupervisedProcess): void {
  mkdirSync(process_.runDir, { recursive: true });
  mkdirSync(dirname(process_.logFile), { recursive: true });
  const log = openSync(process_.logFile, 'a', 0o640);
  const child = spawn('/bin/sh', ['-c', loop, `coracle-${process_.name}`, ...process_.command], {
    detached: true,
    stdio: ['ignore', log, log],
    env: { ...process.env, ...process_.env },
    cwd: '/',
  });
  closeSync(log);
  child.unref();
  if (child.pid === undefined) return;
  writeFileSync(supervisorFile(process_.runDir, process_.name), `${child.pid} ${startTicksOf(child.pid) ?? 0}`);
}

/** The supervisor's pid, when it is alive. */
export function supervisorPid(runDir: string, name: string): number | undefined {
  const [pid, ticks] = (readTextIfPresent(supervisorFile(runDir, name)) ?? '').split(' ').map(Number);
  return pid !== undefined && pid > 0 && startTicksOf(pid) === ticks ? pid : undefined;
}

/** Asks the process to end through its supervisor; kills both after `patience` milliseconds. */
export async function stopSupervised(
  runDir: string,
  name: string,
  childPid: number | undefined,
  clock: Clock,
  patience: number,
): Promise<void> {
  const supervisor = supervisorPid(runDir, name);
  const pids = [supervisor, childPid].filter((pid) => pid !== undefined);
  const alive = pids.map((pid) => ({ pid, startTicks: startTicksOf(pid) }));
  for (const { pid } of alive) kill(pid, 'SIGTERM');
  const deadline = clock.monotonic() + patience;
  const living = (): typeof alive =>
    alive.filter(({ pid, startTicks }) => startTicks !== undefined && startTicksOf(pid) === startTicks);
  while (living().length > 0 && clock.monotonic() < deadline) await clock.sleep(20);
  for (const { pid } of living()) kill(pid, 'SIGKILL');
  rmSync(supervisorFile(runDir, name), { force: true });
}

function supervisorFile(runDir: string, name: string): string {
  return join(runDir, `${name}.supervisor`);
}

function kill(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It ended by itself meanwhile.
  }
}
