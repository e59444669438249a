/**
 * Starts a container's monitor, which starts the container: conmon keeps its terminal and pipes, writes its
 * log, and leaves its exit code as a file. It is nobody's child afterwards and outlives the agent.
 */
import { spawn } from 'node:child_process';
import { constants, closeSync, openSync, readSync, rmSync } from 'node:fs';
import net from 'node:net';
import type { Clock } from '../../base/clock.ts';
import { codeOf } from '../../base/errors.ts';
import { readTextIfPresent } from '../../base/file.ts';
import { StartError } from '../runtime.ts';
import { type ContainerPaths, type RuntimePaths, shortId } from './paths.ts';

export interface ConmonOptions {
  readonly clock: Clock;
  /** Paths of the programs. */
  readonly conmon: string;
  readonly runtime: string;
  readonly paths: RuntimePaths;
  /** Milliseconds until the container must have been created. */
  readonly timeout: number;
}

export interface MonitoredContainer {
  readonly id: string;
  readonly paths: ContainerPaths;
  readonly logPath: string;
  readonly tty: boolean;
  readonly stdin: boolean;
  readonly stdinOnce: boolean;
}

/** Creates the container under a new monitor. Resolves to its init's pid; rejects with StartError. */
export async function createUnderConmon(options: ConmonOptions, container: MonitoredContainer): Promise<number> {
  const child = spawn(options.conmon, argumentsFor(options, container), {
    cwd: container.paths.bundle,
    stdio: ['ignore', 'ignore', 'pipe', 'pipe'],
    env: { PATH: process.env['PATH'] ?? '/usr/sbin:/usr/bin:/sbin:/bin', _OCI_SYNCPIPE: '3' },
  });
  const stderr = child.stderr;
  const sync = child.stdio[3] as net.Socket;
  let complaint = '';
  stderr?.setEncoding('utf8').on('data', (text: string) => (complaint = `${complaint}${text}`.slice(0, 4096)));
  const answered = Promise.withResolvers<string>();
  const timer = options.clock.after(options.timeout, () => {
    answered.reject(
      new StartError(`failed to create task: no answer from the runtime within ${options.timeout / 1000} s`),
    );
  });
  let text = '';
  sync.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk;
    if (text.includes('\n')) answered.resolve(text);
  });
  sync.on('close', () => answered.resolve(text));
  sync.on('error', answered.reject);
  child.on('error', (error) => answered.reject(new StartError(`failed to create task: ${error.message}`)));
  try {
    const answer = parseAnswer(await answered.promise);
    if (answer.pid > 0) return answer.pid;
    throw new StartError(failureMessage(container.paths, answer.message || complaint));
  } finally {
    timer.cancel();
    sync.destroy();
    stderr?.destroy();
  }
}

/**
 * Lets a created container's process run: the runtime's init waits for a reader of its fifo before it
 * executes the command, and this is that reader (as `runc start` is, for a tenth of its price).
 * `exited` ends the wait when the process dies before. Resolves to whether it was let go.
 */
export async function releaseInit(paths: ContainerPaths, exited: Promise<unknown>): Promise<boolean> {
  // Reading and writing: so there is always a writer, and no end of file before init has come to its fifo.
  const fd = openSync(paths.execFifo, constants.O_RDWR | constants.O_NONBLOCK);
  const released = await waitForByte(fd, exited);
  if (released) rmSync(paths.execFifo, { force: true });
  return released;
}

async function waitForByte(fd: number, exited: Promise<unknown>): Promise<boolean> {
  const now = tryRead(fd);
  if (now) {
    closeSync(fd);
    return true;
  }
  const socket = new net.Socket({ fd, readable: true, writable: false });
  try {
    return await Promise.race([
      new Promise<boolean>((resolve, reject) => {
        socket.once('data', () => resolve(true));
        socket.once('error', reject);
      }),
      exited.then(() => false),
    ]);
  } finally {
    socket.destroy();
  }
}

function tryRead(fd: number): boolean {
  try {
    return readSync(fd, Buffer.alloc(1)) > 0;
  } catch (error) {
    if (codeOf(error) === 'EAGAIN') return false;
    throw error;
  }
}

function argumentsFor(options: ConmonOptions, container: MonitoredContainer): readonly string[] {
  const { paths } = container;
  const id = shortId(container.id);
  const settings: readonly (readonly [string, string])[] = [
    ['--api-version', '1'],
    ['--cid', id],
    ['--cuuid', id],
    ['--name', id],
    ['--runtime', options.runtime],
    ['--bundle', paths.bundle],
    ['--container-pidfile', paths.pidFile],
    ['--conmon-pidfile', paths.conmonPidFile],
    ['--log-path', container.logPath === '' ? 'none:' : `k8s-file:${container.logPath}`],
    ['--log-level', 'error'],
    ['--exit-dir', options.paths.exits],
    ['--socket-dir-path', options.paths.attach],
    ['--runtime-arg', `--root=${options.paths.runtimeRoot}`],
    ['--runtime-arg', `--log=${paths.runtimeLog}`],
    ['--runtime-arg', '--log-format=json'],
  ];
  const switches = [
    ...(container.tty ? ['--terminal'] : []),
    ...(container.stdin ? ['--stdin'] : []),
    ...(container.stdin && !container.stdinOnce ? ['--leave-stdin-open'] : []),
  ];
  return [...settings.flat(), '--no-sync-log', ...switches];
}

function parseAnswer(text: string): { pid: number; message: string } {
  try {
    const parsed = JSON.parse(text.split('\n')[0] ?? '') as { data?: number; pid?: number; message?: string };
    return { pid: parsed.data ?? parsed.pid ?? -1, message: parsed.message ?? '' };
  } catch {
    return { pid: -1, message: text };
  }
}

/** The runtime's own words, which users look up: `exec: "x": executable file not found in $PATH`. */
function failureMessage(paths: ContainerPaths, fallback: string): string {
  const logged = lastError(readTextIfPresent(paths.runtimeLog) ?? '');
  return `failed to create task: OCI runtime create failed: ${logged ?? (fallback.trim() || 'unknown error')}: unknown`;
}

function lastError(log: string): string | undefined {
  for (const line of log.trim().split('\n').toReversed()) {
    try {
      const entry = JSON.parse(line) as { level?: string; msg?: string };
      if (entry.level === 'error' && entry.msg !== undefined) return entry.msg;
    } catch {
      continue; // A line that was cut off or is no JSON: an earlier one has to do.
    }
  }
  return undefined;
}
