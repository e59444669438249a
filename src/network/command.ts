/** Runs one short command of the system's (nft, ip, conntrack) with a bound on time and output. */
import { spawn } from 'node:child_process';
import type { Clock } from '../base/clock.ts';

export interface CommandResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CommandOptions {
  readonly input?: string;
  /** Working directory; this process's when not said. */
  readonly cwd?: string;
  /** Milliseconds after which it is killed; 30 s when not said. */
  readonly timeout?: number;
  /** Bytes of stdout that are kept; more is an error. 256 MiB when not said. */
  readonly outputLimit?: number;
}

/** Starts system commands; a test gives its own. */
export type CommandRunner = (file: string, args: readonly string[], options?: CommandOptions) => Promise<CommandResult>;

/** The command could not be run, was killed, or failed where it must not. */
export class CommandError extends Error {
  override readonly name = 'CommandError';
  /** `ENOENT` when the program is not installed. */
  readonly code: string | undefined;

  constructor(message: string, code?: string) {
    super(message);
    this.code = code;
  }
}

/**
 * A runner whose commands start in the network namespace at `networkNamespace` (a path such as
 * `/run/netns/x` or `/proc/12/ns/net`), or in ours when there is none.
 */
export function createCommandRunner(clock: Clock, networkNamespace?: string): CommandRunner {
  return (file, args, options = {}) =>
    networkNamespace === undefined
      ? start(clock, file, args, options)
      : start(clock, 'nsenter', [`--net=${networkNamespace}`, '--', file, ...args], options);
}

/** Runs it and throws a CommandError with what it printed when it fails. Resolves to stdout. */
export async function runOrThrow(
  run: CommandRunner,
  file: string,
  args: readonly string[],
  options?: CommandOptions,
): Promise<string> {
  const result = await run(file, args, options);
  if (result.code === 0) return result.stdout;
  const said = result.stderr.trim() || result.stdout.trim() || 'it printed nothing';
  throw new CommandError(`${shown(`${file} ${args.join(' ')}`)} exited with ${result.code}: ${said.slice(0, 2000)}`);
}

/** Scripts are passed as arguments; a message that carries one whole hides what it has to say. */
function shown(command: string): string {
  const [line = ''] = command.split('\n', 1);
  return line.length < command.length || line.length > 200 ? `${line.slice(0, 200)} ...` : line;
}

function start(clock: Clock, file: string, args: readonly string[], options: CommandOptions): Promise<CommandResult> {
  const limit = options.outputLimit ?? 256 * 1024 * 1024;
  const timeout = options.timeout ?? 30_000;
  return new Promise((resolve, reject) => {
    const child = spawn(file, args, {
      stdio: ['pipe', 'pipe', 'pipe'],
      ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    });
    const stdout: Buffer[] = [];
    const stderr: Buffer[] = [];
    let size = 0;
    let failure: string | undefined;
    const kill = (why: string): void => {
      failure ??= `${file} ${why} and was killed`;
      child.kill('SIGKILL');
    };
    const timer = clock.after(timeout, () => kill(`took longer than ${timeout} ms`));
    child.stdout.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size > limit) kill(`printed more than ${limit} bytes`);
      else stdout.push(chunk);
    });
    child.stderr.on('data', (chunk: Buffer) => {
      if (stderr.length < 64) stderr.push(chunk);
    });
    child.on('error', (error: NodeJS.ErrnoException) => {
      timer.cancel();
      const hint = error.code === 'ENOENT' ? ' (is it installed and in PATH?)' : '';
      reject(new CommandError(`cannot start ${file}: ${error.message}${hint}`, error.code));
    });
    child.on('close', (code, signal) => {
      timer.cancel();
      if (failure !== undefined) return reject(new CommandError(failure));
      if (code === null) return reject(new CommandError(`${file} was ended by ${signal ?? 'a signal'}`));
      const text = (chunks: readonly Buffer[]): string => Buffer.concat(chunks).toString('utf8');
      resolve({ code, stdout: text(stdout), stderr: text(stderr) });
    });
    // A program that exits without reading its input closes the pipe; its exit code says what is wrong.
    child.stdin.on('error', () => {});
    child.stdin.end(options.input ?? '');
  });
}
