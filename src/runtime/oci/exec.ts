/** Commands in running containers: `runc exec` with pipes, or with a terminal. */
import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PassThrough, Writable } from 'node:stream';
import type { Clock } from '../../base/clock.ts';
import { readTextIfPresent } from '../../base/file.ts';
import type { Random } from '../../base/random.ts';
import { ExecTimeoutError, StartError, type StreamOptions, type StreamSession, type TerminalSize } from '../runtime.ts';
import { type RuntimePaths, shortId } from './paths.ts';
import { identify, signalProcess } from './processes.ts';

export interface ExecOptions {
  readonly paths: RuntimePaths;
  readonly clock: Clock;
  readonly random: Random;
  readonly runtime: string;
}

/** Bytes of each output that execSync keeps; what comes after is dropped, as upstream does. */
const maxSyncOutput = 16 * 1024 * 1024;

/** One byte. */
const readyMark = 'R';

/** A command that is being ended while it is being started shows its pid within this. */
const endInterval = 10;
const endAttempts = 1000;

interface Prepared {
  readonly args: readonly string[];
  readonly pidFile: string;
  readonly logFile: string;
  readonly processFile: string;
}

export class Execs {
  readonly #options: ExecOptions;

  constructor(options: ExecOptions) {
    this.#options = options;
  }

  async sync(
    id: string,
    command: readonly string[],
    timeoutSeconds: number,
  ): Promise<{ stdout: Uint8Array; stderr: Uint8Array; exitCode: number }> {
    const session = this.#piped(id, command, { stdin: false, stdout: true, stderr: true, tty: false });
    const timedOut = Promise.withResolvers<never>();
    const timer =
      timeoutSeconds > 0
        ? this.#options.clock.after(timeoutSeconds * 1000, () => {
            timedOut.reject(
              new ExecTimeoutError(`command ${JSON.stringify(command.join(' '))} timed out after ${timeoutSeconds}s`),
            );
          })
        : undefined;
    try {
      const whole = Promise.all([collect(session.stdout), collect(session.stderr), session.finished]);
      whole.catch(() => {});
      const [stdout, stderr, { exitCode }] = await Promise.race([whole, timedOut.promise]);
      return { stdout, stderr, exitCode };
    } catch (error) {
      session.close();
      throw error;
    } finally {
      timer?.cancel();
    }
  }

  start(id: string, command: readonly string[], options: StreamOptions): Promise<StreamSession> {
    return options.tty ? this.#terminal(id, command, options) : Promise.resolve(this.#piped(id, command, options));
  }

  #piped(id: string, command: readonly string[], options: StreamOptions): StreamSession {
    const prepared = this.#prepare(id, command);
    const child = spawn(this.#options.runtime, prepared.args, {
      stdio: [
        options.stdin ? 'pipe' : 'ignore',
        options.stdout ? 'pipe' : 'ignore',
        options.stderr ? 'pipe' : 'ignore',
      ],
    });
    const done = this.#finished(child, prepared);
    // The command may end without reading all of its input.
    child.stdin?.on('error', () => {});
    return {
      stdin: child.stdin ?? undefined,
      stdout: child.stdout ?? undefined,
      stderr: child.stderr ?? undefined,
      resize: () => {},
      finished: done,
      close: () => this.#end(prepared, done, () => child.kill('SIGKILL')),
    };
  }

  async #terminal(id: string, command: readonly string[], options: StreamOptions): Promise<StreamSession> {
    const { spawn: spawnTerminal } = await import('@lydell/node-pty');
    const size = options.size ?? { width: 80, height: 24 };
    const prepared = this.#prepare(id, command, size);
    // Raw from the start: what is typed before the runtime has made it so would be echoed twice. The mark says
    // that it is so; until then nothing is typed, and it is no output.
    const script = [
      '-c',
      `stty raw -echo; printf '${readyMark}'; exec "$0" "$@" 2>/dev/null`,
      this.#options.runtime,
      ...prepared.args,
    ];
    const { width: cols, height: rows } = size;
    const terminal = spawnTerminal('sh', script, { name: 'xterm', cols, rows, encoding: null });
    const stdout = new PassThrough();
    stdout.on('drain', () => terminal.resume());
    const whenReady: (() => void)[] = [];
    let isReady = false;
    terminal.onData((data) => {
      // With encoding null it is bytes, whatever the type says.
      const bytes = data as unknown as Uint8Array;
      const output = isReady ? bytes : bytes.subarray(1);
      isReady = true;
      for (const type of whenReady.splice(0)) type();
      if (!stdout.write(output)) terminal.pause();
    });
    const finished = Promise.withResolvers<{ exitCode: number }>();
    terminal.onExit(({ exitCode, signal }) => {
      stdout.end();
      const failure = this.#failure(prepared, exitCode);
      if (failure === undefined) finished.resolve({ exitCode: signal ? 128 + signal : exitCode });
      else finished.reject(failure);
    });
    const stdin = new Writable({
      write(chunk: Buffer, _encoding, done) {
        const type = (): void => {
          terminal.write(chunk as unknown as string);
          done();
        };
        if (isReady) type();
        else whenReady.push(type);
      },
    });
    return {
      stdin: options.stdin ? stdin : undefined,
      stdout: options.stdout ? stdout : void stdout.resume(),
      stderr: undefined,
      resize: ({ width, height }) => terminal.resize(Math.max(1, width), Math.max(1, height)),
      finished: finished.promise,
      close: () => this.#end(prepared, finished.promise, () => terminal.kill('SIGKILL')),
    };
  }

  /** `terminal`: its size; absent: none. */
  #prepare(id: string, command: readonly string[], terminal?: TerminalSize): Prepared {
    const { paths, random } = this.#options;
    const name = join(paths.container(id).bundle, `exec-${Buffer.from(random.bytes(6)).toString('hex')}`);
    const global = [`--root=${paths.runtimeRoot}`, `--log=${name}.log`, '--log-format=json'];
    let what = [shortId(id), ...command];
    if (terminal !== undefined) {
      writeFileSync(`${name}.json`, terminalProcess(paths.container(id).bundle, command, terminal), { mode: 0o600 });
      what = ['--process', `${name}.json`, shortId(id)];
    }
    return {
      args: [...global, 'exec', '--pid-file', `${name}.pid`, ...what],
      pidFile: `${name}.pid`,
      logFile: `${name}.log`,
      processFile: `${name}.json`,
    };
  }

  async #finished(child: ChildProcess, prepared: Prepared): Promise<{ exitCode: number }> {
    const done = Promise.withResolvers<{ exitCode: number }>();
    child.on('error', (error) => done.reject(new StartError(`failed to exec in container: ${error.message}`)));
    child.on('close', (code) => {
      const failure = this.#failure(prepared, code ?? 137);
      if (failure === undefined) done.resolve({ exitCode: code ?? 137 });
      else done.reject(failure);
    });
    done.promise.catch(() => {}); // Whoever looks at `finished` later still gets it.
    return done.promise;
  }

  /**
   * Kills the command. Killing the runtime's process would leave the command running, also while it is only
   * being started: its pid is waited for.
   */
  #end({ pidFile }: Prepared, finished: Promise<unknown>, killRuntime: () => void): void {
    let over = false;
    const ended = (): void => void (over = true);
    finished.then(ended, ended);
    const attempt = (left: number): void => {
      if (over) return;
      const pid = Number(readTextIfPresent(pidFile) ?? 0);
      const found = pid > 1 ? identify(pid) : undefined;
      if (found !== undefined) signalProcess(found, 'SIGKILL');
      else if (left === 0) killRuntime();
      else this.#options.clock.after(endInterval, () => attempt(left - 1));
    };
    attempt(endAttempts);
  }

  /** The runtime's own failure, as opposed to the command's. Forgets the exec's files. */
  #failure({ pidFile, logFile, processFile }: Prepared, exitCode: number): StartError | undefined {
    const log = exitCode === 0 ? '' : (readTextIfPresent(logFile) ?? '');
    for (const file of [pidFile, logFile, processFile]) rmSync(file, { force: true });
    const line = log.split('\n').find((entry) => entry.includes('"level":"error"'));
    if (line === undefined) return undefined;
    const message = (JSON.parse(line) as { msg?: string }).msg ?? line;
    return new StartError(
      `failed to exec in container: failed to start exec: OCI runtime exec failed: ${message}: unknown`,
    );
  }
}

/**
 * The container's own process with another command. Only so can the size be told: the runtime sets it before the
 * command starts, whereas that of its own terminal is taken over some time after.
 */
function terminalProcess(bundle: string, command: readonly string[], { width, height }: TerminalSize): string {
  const { process: own } = JSON.parse(readFileSync(join(bundle, 'config.json'), 'utf8')) as {
    process: { readonly env?: readonly string[] };
  };
  const env = [...(own.env ?? []).filter((each) => !each.startsWith('TERM=')), 'TERM=xterm'];
  return JSON.stringify({ ...own, args: command, terminal: true, consoleSize: { width, height }, env });
}

async function collect(stream: NodeJS.ReadableStream | undefined): Promise<Uint8Array> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of stream ?? []) {
    if (length < maxSyncOutput) chunks.push(chunk as Buffer);
    length += (chunk as Buffer).length;
  }
  return Buffer.concat(chunks).subarray(0, maxSyncOutput);
}
