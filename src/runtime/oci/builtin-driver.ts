/**
 * Containers that are functions of this program: the same states, logs and exit codes as all others, but
 * no image, no namespaces, no process. They end with the agent, and come back with it as the same container.
 */
import { createWriteStream, mkdirSync, type WriteStream } from 'node:fs';
import { dirname, join } from 'node:path';
import { type Clock, preciseTimestamp } from '../../base/clock.ts';
import { messageOf } from '../../base/errors.ts';
import { StartError } from '../runtime.ts';
import type { ContainerDriver, Exit, Recovered } from './driver.ts';
import { shortId } from './paths.ts';
import type { ContainerRecord } from './records.ts';
import { environmentOf } from './spec.ts';

/**
 * A built-in program. `args` are the container's command and args; `log` writes one line to its log; it ends
 * when the signal aborts, and resolves to its exit code. A rejection is logged and ends it with 1. `labels` are the
 * container's, and say whose it is.
 */
export type BuiltinProgram = (
  args: readonly string[],
  env: Readonly<Record<string, string>>,
  log: (line: string) => void,
  signal: AbortSignal,
  labels: Readonly<Record<string, string>>,
) => Promise<number>;

export interface BuiltinDriverOptions {
  readonly clock: Clock;
  /** By the first word of the command. */
  readonly programs: Readonly<Record<string, BuiltinProgram>>;
  /** Told of every exit, by conmon's kind of name. */
  readonly onExit: (name: string, exit: Exit) => void;
}

interface Running {
  readonly abort: AbortController;
  killed: number;
  log: CriLog;
}

export class BuiltinDriver implements ContainerDriver {
  readonly #options: BuiltinDriverOptions;
  readonly #running = new Map<string, Running>();
  #closing = false;

  constructor(options: BuiltinDriverOptions) {
    this.#options = options;
  }

  prepare(): Promise<Partial<ContainerRecord>> {
    return Promise.resolve({});
  }

  start(record: ContainerRecord): Promise<void> {
    const [name = '', ...args] = [...record.config.command, ...record.config.args];
    const program = this.#options.programs[name];
    if (program === undefined) {
      const known = Object.keys(this.#options.programs).join(', ');
      return Promise.reject(
        new StartError(`failed to create task: no built-in program "${name}" (there are: ${known})`),
      );
    }
    const path = record.config.logPath === '' ? undefined : join(record.logDirectory, record.config.logPath);
    const running: Running = { abort: new AbortController(), killed: 0, log: new CriLog(this.#options.clock, path) };
    this.#running.set(record.id, running);
    const env = Object.fromEntries(environmentOf(record.config, {}, '').map((pair) => splitPair(pair)));
    void this.#run(record.id, running, () =>
      program(args, env, (line) => running.log.write(line), running.abort.signal, record.config.labels),
    );
    return Promise.resolve();
  }

  signal(record: ContainerRecord, signal: number): void {
    const running = this.#running.get(record.id);
    if (running === undefined) return;
    running.killed = Math.max(running.killed, signal === 9 ? 9 : 0);
    running.abort.abort(new Error('the container is being stopped'));
    // A program that does not end is left behind: there is no way to take its life.
    if (signal === 9) this.#ended(record.id, running, 137);
  }

  clean(): Promise<void> {
    return Promise.resolve();
  }

  remove(record: ContainerRecord): Promise<void> {
    this.#running.delete(record.id);
    return Promise.resolve();
  }

  /** What ran when the agent ended runs again; nobody restarted it, so it stays the same container. */
  async recover(record: ContainerRecord): Promise<Recovered> {
    if (record.phase === 'created') return { state: 'created' };
    if (this.#options.programs[programOf(record)] === undefined) {
      // This process runs no such program: it came to clean up, or is another version.
      const exit = { exitCode: 255, finishedAt: this.#options.clock.now(), outOfMemory: false, unseen: true } as const;
      return { state: 'exited', exit };
    }
    try {
      await this.start(record);
    } catch (error) {
      // A later version may know the program no more: that ends this container, not the agent.
      if (!(error instanceof StartError)) throw error;
      return { state: 'exited', exit: { exitCode: 128, finishedAt: this.#options.clock.now(), outOfMemory: false } };
    }
    return { state: 'running', process: undefined, startedAt: record.startedAt || this.#options.clock.now() };
  }

  missedExit(): Exit | undefined {
    return undefined;
  }

  reopenLog(id: string): void {
    this.#running.get(id)?.log.reopen();
  }

  /** Ends all programs without reporting exits: the agent ends, the containers don't. */
  async close(): Promise<void> {
    this.#closing = true;
    const all = [...this.#running.values()];
    for (const { abort } of all) abort.abort(new Error('the agent ends'));
    await Promise.all(all.map(({ log }) => log.close()));
  }

  async #run(id: string, running: Running, program: () => Promise<number>): Promise<void> {
    let code: number;
    try {
      code = await program();
    } catch (error) {
      if (!running.abort.signal.aborted) running.log.write(messageOf(error));
      code = running.abort.signal.aborted ? 0 : 1;
    }
    this.#ended(id, running, running.killed === 9 ? 137 : code);
  }

  #ended(id: string, running: Running, exitCode: number): void {
    if (this.#closing || this.#running.get(id) !== running) return;
    this.#running.delete(id);
    const exit = { exitCode, finishedAt: this.#options.clock.now(), outOfMemory: false };
    void running.log.close().then(() => this.#options.onExit(shortId(id), exit));
  }
}

/** A log as conmon writes it: `<time> stdout F <line>`. */
class CriLog {
  readonly #clock: Clock;
  readonly #path: string | undefined;
  #stream: WriteStream | undefined;

  constructor(clock: Clock, path: string | undefined) {
    this.#clock = clock;
    this.#path = path;
    this.reopen();
  }

  write(text: string): void {
    const stamp = preciseTimestamp(this.#clock.now()).replace('Z', '000000+00:00');
    for (const line of text.replace(/\n$/, '').split('\n')) this.#stream?.write(`${stamp} stdout F ${line}\n`);
  }

  reopen(): void {
    if (this.#path === undefined) return;
    this.#stream?.end();
    mkdirSync(dirname(this.#path), { recursive: true });
    this.#stream = createWriteStream(this.#path, { flags: 'a', mode: 0o640 });
    // A full disk must not end the program whose log this is.
    this.#stream.on('error', () => {});
  }

  close(): Promise<void> {
    const stream = this.#stream;
    this.#stream = undefined;
    if (stream === undefined) return Promise.resolve();
    return new Promise((resolve) => {
      stream.once('close', resolve);
      stream.end();
    });
  }
}

function programOf({ config }: ContainerRecord): string {
  return [...config.command, ...config.args][0] ?? '';
}

function splitPair(pair: string): [string, string] {
  const at = pair.indexOf('=');
  return [pair.slice(0, at), pair.slice(at + 1)];
}
