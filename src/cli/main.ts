/** Dispatch: `coracle COMMAND [flags]`. */
import type { Clock } from '../base/clock.ts';
import { codeOf, isAbort, messageOf } from '../base/errors.ts';
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
  readonly signal: AbortSignal;
  readonly managerFor: (args: Arguments) => ClusterManager;
  /** Commands that other parts of the system bring along. */
  readonly further: readonly Command[];
}

/** Runs one command line; resolves to the exit code. */
export async function main(argv: readonly string[], environment: CliEnvironment): Promise<number> {
  const { terminal } = environment;
  const [name, ...rest] = argv;
  const all = [...commands, ...environment.further];
  if (name === undefined || name === 'help' || name === '--help' || name === '-h') {
    const command = all.find((each) => each.name === rest[0]);
    terminal.write(command === undefined ? overview(all) : helpOf(command));
    return 0;
  }
  if (name === 'version' || name === '--version') {
    terminal.print(environment.version);
    return 0;
  }
  try {
    return await dispatch(all, name, rest, environment);
  } catch (error) {
    return explain(error, terminal);
  }
}

async function dispatch(
  all: readonly Command[],
  name: string,
  rest: readonly string[],
  environment: CliEnvironment,
): Promise<number> {
  const command = all.find((each) => each.name === name);
  if (command === undefined) throw new UserError(`there is no command ${name}`, 'see: coracle --help', 2);
  if (rest.includes('--help') || rest.includes('-h')) {
    environment.terminal.write(helpOf(command));
    return 0;
  }
  const args = parseFlags(command, rest);
  const { terminal, clock, signal } = environment;
  return await command.run({ args, terminal, clock, signal, manager: environment.managerFor(args) });
}

function explain(error: unknown, terminal: Terminal): number {
  const { red } = terminal.color;
  if (error instanceof UserError) {
    terminal.say(`${red('error:')} ${error.message}`);
    if (error.remedy !== '') terminal.say(error.remedy);
    return error.exitCode;
  }
  if (isAbort(error)) return 130;
  if (codeOf(error) === 'EACCES' || codeOf(error) === 'EPERM') {
    terminal.say(`${red('error:')} ${messageOf(error)}`);
    terminal.say('the cluster belongs to root: run it with sudo, or as root');
    return 1;
  }
  terminal.say(`${red('error:')} ${messageOf(error)}`);
  if (error instanceof Error && error.stack !== undefined) terminal.say(error.stack);
  terminal.say('This is a fault of Coracle itself; `coracle logs` may tell more.');
  return 70;
}

function overview(all: readonly Command[]): string {
  const width = Math.max(...all.map((command) => command.name.length), 'version'.length);
  return [
    'Coracle: a whole Kubernetes, light enough to carry under your arm.',
    '',
    'Usage:',
    '  coracle COMMAND [flags]',
    '',
    'Commands:',
    ...all.map((command) => `  ${command.name.padEnd(width)}  ${command.summary}`),
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
