/**
 * What a command is, and how its flags are read. A command declares its flags once; parsing, `--help` and
 * the errors about unknown or wrong flags come from that declaration.
 */
import { parseArgs } from 'node:util';
import type { Clock } from '../base/clock.ts';
import { messageOf } from '../base/errors.ts';
import type { ClusterManager } from './manager.ts';
import type { Terminal } from './terminal.ts';
import { UserError } from './user-error.ts';

export interface Flag {
  readonly type: 'string' | 'boolean' | 'number';
  /** Placeholder in the help, such as FILE. */
  readonly value?: string;
  readonly short?: string;
  readonly doc: string;
}

export type Flags = Readonly<Record<string, Flag>>;

/** Parsed flags: text, numbers and booleans by name; absent ones are undefined. */
export interface Arguments {
  readonly positionals: readonly string[];
  text(flag: string): string | undefined;
  number(flag: string): number | undefined;
  is(flag: string): boolean;
}

export interface CommandContext {
  readonly args: Arguments;
  readonly terminal: Terminal;
  readonly clock: Clock;
  /** The cluster that --name and --data-dir say. */
  readonly manager: ClusterManager;
  readonly signal: AbortSignal;
}

export interface Command {
  readonly name: string;
  /** What stands after the name in the usage line, such as `FILE...`. */
  readonly positionals?: string;
  readonly summary: string;
  readonly description?: string;
  readonly flags: Flags;
  readonly examples: readonly string[];
  /** Resolves to the exit code. */
  readonly run: (context: CommandContext) => Promise<number>;
}

/** Flags that tell which cluster is meant. */
export const clusterFlags: Flags = {
  name: { type: 'string', value: 'NAME', doc: 'which cluster on this machine (default coracle)' },
  'data-dir': { type: 'string', value: 'DIR', doc: 'where it keeps its data (default /var/lib/coracle/NAME)' },
};

export const jsonFlag: Flags = { json: { type: 'boolean', doc: 'print JSON for scripts' } };

const helpFlag: Flags = { help: { type: 'boolean', short: 'h', doc: 'show this help' } };

export function parseFlags(command: Command, argv: readonly string[]): Arguments {
  const flags: Flags = { ...command.flags, ...helpFlag };
  const options = Object.fromEntries(
    Object.entries(flags).map(([name, flag]) => [
      name,
      {
        type: flag.type === 'boolean' ? ('boolean' as const) : ('string' as const),
        ...(flag.short === undefined ? {} : { short: flag.short }),
      },
    ]),
  );
  const parsed = parse(command, argv, options);
  return {
    positionals: parsed.positionals,
    text: (flag) => asText(parsed.values[flag]),
    number: (flag) => numberOf(command, flag, asText(parsed.values[flag])),
    is: (flag) => parsed.values[flag] === true,
  };
}

type ParsedValues = Readonly<Record<string, unknown>>;

function parse(
  command: Command,
  argv: readonly string[],
  options: Record<string, { type: 'string' | 'boolean'; short?: string }>,
): { readonly values: ParsedValues; readonly positionals: readonly string[] } {
  try {
    return parseArgs({ args: [...argv], options, allowPositionals: command.positionals !== undefined, strict: true });
  } catch (error) {
    const [sentence = ''] = messageOf(error).split('. ');
    throw new UserError(sentence.replace(/\.$/, ''), `see: coracle ${command.name} --help`, 2);
  }
}

function asText(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

function numberOf(command: Command, flag: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (/^\d+$/.test(text)) return Number(text);
  throw new UserError(
    `--${flag} takes a whole number, not ${JSON.stringify(text)}`,
    `see: coracle ${command.name} --help`,
    2,
  );
}

/** The whole help page of a command. */
export function helpOf(command: Command): string {
  const flags: Flags = { ...command.flags, ...helpFlag };
  const usage = ['coracle', command.name, command.positionals ?? '', '[flags]'].filter((part) => part !== '').join(' ');
  const rows = Object.entries(flags).map(([name, flag]) => {
    const short = flag.short === undefined ? '' : `-${flag.short}, `;
    const value = flag.type === 'boolean' ? '' : ` ${flag.value ?? (flag.type === 'number' ? 'N' : 'TEXT')}`;
    return [`${short}--${name}${value}`, flag.doc] as const;
  });
  const width = Math.max(...rows.map(([left]) => left.length));
  return [
    command.description ?? `${command.summary}.`,
    '',
    'Usage:',
    `  ${usage}`,
    '',
    'Flags:',
    ...rows.map(([left, right]) => `  ${left.padEnd(width)}  ${right}`),
    ...(command.examples.length === 0 ? [] : ['', 'Examples:', ...command.examples.map((line) => `  ${line}`)]),
    '',
  ].join('\n');
}
