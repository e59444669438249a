/** Runs the tools that longer tests are made ready with, and tells how far they are. */
import { spawn } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { mkdir, readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Writable } from 'node:stream';
import { UserError } from '../../src/cli/user-error.ts';

export interface ToolOptions {
  /** What it says goes there. */
  readonly log: string;
  readonly signal: AbortSignal;
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** What to do when it fails. */
  readonly remedy?: string;
}

const tellEvery = 30_000;

/** Says that something begins, that it goes on, and how long it took. */
export async function step<T>(what: string, work: () => Promise<T>): Promise<T> {
  const began = performance.now();
  const elapsed = (): string => durationText((performance.now() - began) / 1000);
  console.log(`${what} ...`);
  const telling = setInterval(() => console.log(`  still at it after ${elapsed()}`), tellEvery);
  try {
    const result = await work();
    console.log(`  done after ${elapsed()}`);
    return result;
  } finally {
    clearInterval(telling);
  }
}

/** Runs a program to its end. Throws UserError with the last lines that it said when it fails. */
export async function runTool(program: string, args: readonly string[], options: ToolOptions): Promise<void> {
  const { log, signal, remedy = '' } = options;
  signal.throwIfAborted();
  await mkdir(dirname(log), { recursive: true });
  const output = createWriteStream(log);
  let code: number | string;
  try {
    code = await endOf(program, args, options, output);
  } finally {
    await new Promise<void>((resolve) => void output.end(() => resolve()));
  }
  signal.throwIfAborted();
  if (code === 0) return;
  const last = (await readFile(log, 'utf8')).trim().split('\n').slice(-8).join('\n');
  throw new UserError(`${program} ${args[0] ?? ''} failed (${code}):\n${last}\n(all of it: ${log})`, remedy);
}

/** Its exit code, or the signal that ended it. */
function endOf(
  program: string,
  args: readonly string[],
  { cwd, env, signal }: ToolOptions,
  output: Writable,
): Promise<number | string> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { cwd, env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
    const stop = (): void => void child.kill('SIGTERM');
    signal.addEventListener('abort', stop, { once: true });
    child.stdout.pipe(output, { end: false });
    child.stderr.pipe(output, { end: false });
    child.once('error', reject);
    child.once('close', (status, by) => {
      signal.removeEventListener('abort', stop);
      resolve(status ?? by ?? 1);
    });
  });
}

export function durationText(seconds: number): string {
  const whole = Math.round(seconds);
  return whole < 60 ? `${whole} s` : `${Math.floor(whole / 60)} min ${whole % 60} s`;
}
