/** Processes of the machine, identified beyond their pid. */
import { readFileSync, readdirSync } from 'node:fs';
import type { Clock } from '../../base/clock.ts';
import { codeOf } from '../../base/errors.ts';
import { readTextIfPresent } from '../../base/file.ts';
import type { ProcessIdentity } from './records.ts';

/** Milliseconds. */
const commandPatience = 10_000;

let boot: string | undefined;

/** undefined when there is no such process (a zombie counts as none). */
export function identify(pid: number): ProcessIdentity | undefined {
  const stat = readStat(pid);
  if (stat === undefined) return undefined;
  boot ??= readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim().slice(0, 8);
  // After the command in parentheses: state is the first field, start time the 20th.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  if (fields[0] === 'Z' || fields[0] === 'X') return undefined;
  return { pid, startedAt: `${fields[19]}@${boot}` };
}

export function isAlive(process: ProcessIdentity): boolean {
  return identify(process.pid)?.startedAt === process.startedAt;
}

/** Sends a signal unless the process is gone. Returns whether it was there. */
export function signalProcess(target: ProcessIdentity, signal: number | NodeJS.Signals): boolean {
  if (target.pid <= 1 || !isAlive(target)) return false;
  try {
    process.kill(target.pid, signal);
    return true;
  } catch (error) {
    if (codeOf(error) === 'ESRCH') return false;
    throw error;
  }
}

/** Arguments of a process; empty when it is gone. */
export function commandLine(pid: number): readonly string[] {
  return (readIfThere(`/proc/${pid}/cmdline`) ?? '').split('\0').filter((part) => part !== '');
}

/** Name of a process; '' when it is gone. */
export function nameOf(pid: number): string {
  return readIfThere(`/proc/${pid}/comm`)?.trim() ?? '';
}

/** All processes with their arguments. */
export function allProcesses(): readonly { readonly pid: number; readonly args: readonly string[] }[] {
  const pids = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number);
  return pids.map((pid) => ({ pid, args: commandLine(pid) })).filter(({ args }) => args.length > 0);
}

/**
 * Ends commands that an earlier agent started for this id and that run on without it, with their children.
 * They must be gone before what they were making is taken away. False when some would not die in time.
 */
export async function endLeftoverCommands(id: string, clock: Clock): Promise<boolean> {
  const deadline = clock.monotonic() + commandPatience;
  for (;;) {
    const left = withDescendants(
      allProcesses().filter(({ pid, args }) => pid !== process.pid && args.some((arg) => arg.includes(id))),
    );
    if (left.length === 0) return true;
    if (clock.monotonic() > deadline) return false;
    for (const pid of left) {
      const found = identify(pid);
      if (found !== undefined) signalProcess(found, 'SIGKILL');
    }
    await clock.sleep(2);
  }
}

function withDescendants(roots: readonly { readonly pid: number }[]): readonly number[] {
  const found = new Set(roots.map(({ pid }) => pid));
  if (found.size === 0) return [];
  const parents = allProcesses().map(({ pid }) => [pid, parentOf(pid)] as const);
  for (let grew = true; grew;) {
    const children = parents.filter(([pid, parent]) => found.has(parent) && !found.has(pid));
    for (const [pid] of children) found.add(pid);
    grew = children.length > 0;
  }
  return [...found].filter((pid) => identify(pid) !== undefined);
}

function parentOf(pid: number): number {
  const stat = readStat(pid) ?? '';
  return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1] ?? 0);
}

function readStat(pid: number): string | undefined {
  return readIfThere(`/proc/${pid}/stat`);
}

function readIfThere(path: string): string | undefined {
  try {
    return readTextIfPresent(path);
  } catch (error) {
    if (codeOf(error) === 'ESRCH') return undefined;
    throw error;
  }
}
