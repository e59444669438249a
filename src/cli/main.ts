/** Dispatch: `coracle COMMAND [flags]`. */
import type { Clock } from '../base/clock.ts';
import { isAbort, messageOf, systemErrorOf } from '../base/errors.ts';
import { ApiError } from '../client/client.ts';
import { ConnectionError } from '../client/transport.ts';
import { helpOf, parseFlags, type Arguments, type Command } from './command.ts';
import { audit } from './commands/audit.ts';
import { bench } from './commands/bench.ts';
import { join } from './commands/join.ts';
import { token } from './commands/token.ts';
import { down } from './commands/down.ts';
import { image } from './commands/image.ts';
import { node } from './commands/node.ts';
import { logs } from './commands/logs.ts';
import { reset } from './commands/reset.ts';
import { secrets } from './commands/secrets.ts';
import { signingKey } from './commands/signing-key.ts';
import { status } from './commands/status.ts';
import { up } from './commands/up.ts';
import { user } from './commands/user.ts';
import { why } from './commands/why.ts';
import type { ClusterManager } from './manager.ts';
import type { Terminal } from './terminal.ts';
import { UserError } from './user-error.ts';

export const commands: readonly Command[] = [
  up,
  down,
  status,
  logs,
  why,
  node,
  token,
  join,
  image,
  user,
  secrets,
  signingKey,
  audit,
  bench,
  reset,
];

export interface CliEnvironment {
  readonly terminal: Terminal;
  readonly clock: Clock;
  readonly version: string;
  /** Whether it runs as root. */
  readonly isRoot: boolean;
  readonly signal: AbortSignal;
  readonly managerFor: (args: Arguments) => ClusterManager;
}

/** Runs one command line; resolves to the exit code. */
export async function main(argv: readonly string[], environment: CliEnvironment): Promise<number> {
  try {
    return await dispatch(argv, environment);
  } catch (error) {
    return explain(error, environment);
  }
}

async function dispatch([name, ...rest]: readonly string[], environment: CliEnvironment): Promise<number> {
  const { terminal, clock, version, signal, managerFor } = environment;
  if (name === undefined || asksForAll(name, rest)) {
    terminal.write(overview());
    return 0;
  }
  if (name === 'version' || name === '--version') {
    terminal.print(version);
    return 0;
  }
  const isQuestion = name === 'help' || rest.includes('--help') || rest.includes('-h');
  const command = commandOf(name === 'help' ? (rest[0] ?? '') : name);
  if (isQuestion) {
    terminal.write(helpOf(command));
    return 0;
  }
  const args = parseFlags(command, rest);
  return await command.run({ args, terminal, clock, signal, manager: managerFor(args) });
}

const asksForAll = (name: string, rest: readonly string[]): boolean =>
  name === '--help' || name === '-h' || (name === 'help' && rest.length === 0);

function commandOf(name: string): Command {
  const command = commands.find((each) => each.name === name);
  if (command !== undefined) return command;
  throw new UserError(`there is no command ${name}`, 'see: coracle --help', 2);
}

/** What went wrong, for people; the exit code. */
function explain(error: unknown, { terminal, isRoot }: CliEnvironment): number {
  if (isAbort(error)) return 130;
  terminal.say(`${terminal.color.red('error:')} ${messageOf(error)}`);
  if (error instanceof UserError) {
    if (error.remedy !== '') terminal.say(error.remedy);
    return error.exitCode;
  }
  const remedy = remedyOf(error, isRoot);
  if (remedy !== undefined) {
    terminal.say(remedy);
    return 1;
  }
  if (error instanceof Error && error.stack !== undefined) terminal.say(error.stack);
  terminal.say('This is a fault of Coracle itself; `coracle logs` may tell more.');
  return 70;
}

/** For what the machine or the cluster has refused; undefined for faults of ours. */
function remedyOf(error: unknown, isRoot: boolean): string | undefined {
  if (error instanceof ConnectionError || error instanceof ApiError) return 'how the cluster is: coracle status';
  const code = systemErrorOf(error);
  if (code === undefined) return undefined;
  if ((code === 'EACCES' || code === 'EPERM') && !isRoot) {
    return 'the cluster belongs to root: run it with sudo, or as root';
  }
  return 'this machine refused that: is the path right, and the disk neither full nor read-only?';
}

function overview(): string {
  const width = Math.max(...commands.map((command) => command.name.length), 'version'.length);
  return [
    'Coracle: a whole Kubernetes, light enough to carry under your arm.',
    '',
    'Usage:',
    '  coracle COMMAND [flags]',
    '',
    'Commands:',
    ...commands.map((command) => `  ${command.name.padEnd(width)}  ${command.summary}`),
    `  ${'test'.padEnd(width)}  Run all tests, or the steps named`,
    `  ${'version'.padEnd(width)}  Print the version`,
    '',
    'Examples:',
    '  coracle up                # start a cluster and point kubectl at it',
    '  kubectl get nodes',
    '  coracle COMMAND --help    # flags and examples of a command',
    '',
  ].join('\n');
}
