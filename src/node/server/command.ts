/** Runs an exec or attach session against a client's streams. */
import type { Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Clock } from '../../base/clock.ts';
import { messageOf } from '../../base/errors.ts';
import type { RuntimeService, StreamSession, TerminalSize } from '../../runtime/runtime.ts';
import { within } from '../timeout.ts';
import { exited, failure, success, type CommandStatus, type CommandStreams, type StreamRequest } from './streams.ts';

export type Command =
  | { readonly type: 'exec'; readonly id: string; readonly command: readonly string[] }
  | { readonly type: 'attach'; readonly id: string };

/** Milliseconds that a client gets to tell its window's size before the command starts. */
const sizePatience = 50;

/** Resolves when both sides are done. */
export async function runCommand(
  clock: Clock,
  runtime: RuntimeService,
  command: Command,
  request: StreamRequest,
  streams: CommandStreams,
): Promise<void> {
  let status: CommandStatus;
  try {
    const window = followWindow(streams);
    // Clients tell it right after connecting: a program that asks at its start is to get the right answer.
    if (request.tty && command.type === 'exec') await within(clock, sizePatience, window.known);
    const session = await start(runtime, command, request, window.size());
    window.show(session);
    status = await converse(session, command, streams);
  } catch (error) {
    status = failure(`error executing command in container: ${messageOf(error)}`);
  }
  await streams.finish(status).catch(() => {
    // The client left before it heard; there is nobody to tell.
  });
}

interface Window {
  /** Resolves when the client has told the first size. */
  readonly known: Promise<void>;
  /** The newest. */
  size(): TerminalSize | undefined;
  /** From now on this session is told of changes. */
  show(session: StreamSession): void;
}

function followWindow(streams: CommandStreams): Window {
  const known = Promise.withResolvers<void>();
  let newest: TerminalSize | undefined;
  let shown: StreamSession | undefined;
  streams.onResize((size) => {
    newest = size;
    shown?.resize(size);
    known.resolve();
  });
  return {
    known: known.promise,
    size: () => newest,
    show(session) {
      shown = session;
      if (newest !== undefined) session.resize(newest);
    },
  };
}

function start(
  runtime: RuntimeService,
  command: Command,
  request: StreamRequest,
  size: TerminalSize | undefined,
): Promise<StreamSession> {
  const options = {
    ...request,
    stderr: request.stderr && !request.tty,
    ...(size === undefined ? {} : { size }),
  };
  if (command.type === 'attach') return runtime.attach(command.id, options);
  return runtime.exec(command.id, command.command, options);
}

/** Resolves at the end of the output, or when the client takes no more. */
async function copy(from: NodeJS.ReadableStream | undefined, to: Writable | undefined): Promise<void> {
  if (from === undefined) return;
  // An output that nobody wants must not block the command.
  if (to === undefined) return void from.resume();
  await pipeline(from, to, { end: false }).catch(() => {
    // How it ended is told by the command itself, or there is nobody to tell.
  });
}

async function converse(session: StreamSession, command: Command, streams: CommandStreams): Promise<CommandStatus> {
  const left = streams.closed.then(() => {
    session.close();
    return 'left' as const;
  });
  if (streams.stdin !== undefined && session.stdin !== undefined) {
    // Either side may end first: a command need not read its input to the end.
    pipeline(streams.stdin, session.stdin).catch(() => {});
  }
  const outputs = [copy(session.stdout, streams.stdout), copy(session.stderr, streams.stderr)];
  const done = Promise.all([session.finished, ...outputs]);
  const first = await Promise.race([done, left]);
  if (first === 'left') return success;
  return command.type === 'exec' ? exited(first[0].exitCode) : success;
}
