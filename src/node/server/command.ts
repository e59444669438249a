/** Runs an exec or attach session against a client's streams. */
import type { Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { messageOf } from '../../base/errors.ts';
import type { RuntimeService, StreamSession } from '../../runtime/runtime.ts';
import { exited, failure, success, type CommandStatus, type CommandStreams, type StreamRequest } from './streams.ts';

export type Command =
  | { readonly type: 'exec'; readonly id: string; readonly command: readonly string[] }
  | { readonly type: 'attach'; readonly id: string };

/** Resolves when both sides are done. */
export async function runCommand(
  runtime: RuntimeService,
  command: Command,
  request: StreamRequest,
  streams: CommandStreams,
): Promise<void> {
  let status: CommandStatus;
  try {
    status = await converse(await start(runtime, command, request), command, streams);
  } catch (error) {
    status = failure(`error executing command in container: ${messageOf(error)}`);
  }
  await streams.finish(status).catch(() => {
    // The client left before it heard; there is nobody to tell.
  });
}

function start(runtime: RuntimeService, command: Command, request: StreamRequest): Promise<StreamSession> {
  const options = { ...request, stderr: request.stderr && !request.tty };
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
  streams.onResize((size) => session.resize(size));
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
