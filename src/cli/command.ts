/**
 * What a command is, and how its words are read. A command declares its flags once; parsing, `--help` and
 * the errors about unknown or wrong flags come from that declaration.
 */
import { parseArgs } from 'node:util';
import type { Clock } from '../base/clock.ts';
import { messageOf } from '../base/errors.ts';
import type { ClusterManager } from './manager.ts';
import type { Terminal } from './terminal.ts';
import { UserError } from './user-error.ts';

interface FlagBase {
  /** Placeholder in the help, such as FILE. */
  readonly value?: string;
  readonly short?: string;
  readonly doc: string;
}

interface TextFlag extends FlagBase {
  readonly type: 'string';
  /** All that it takes. */
  readonly choices?: readonly string[];
  /** Given empty it takes back what was set before. */
  readonly clearable?: true;
}

interface NumberFlag extends FlagBase {
  readonly type: 'number';
  /** 0 when not said. */
  readonly least?: number;
  readonly most: number;
}

export type Flag = (FlagBase & { readonly type: 'boolean' }) | TextFlag | NumberFlag;

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

/** What is wrong with the words of a command line. */
export function usageError(command: string, message: string): UserError {
  return new UserError(message, `see: coracle ${command.split(' ')[0] ?? ''} --help`, 2);
}

/** Throws a UserError when a word stands where none belongs. */
export function refuseMore(command: string, operands: readonly string[], most: number): void {
  const extra = operands[most];
  if (extra !== undefined) throw usageError(command, `${command} does not take ${JSON.stringify(extra)}`);
}

/** What a command does, by the first word after its name: `coracle node ls`. */
export type Actions = Readonly<Record<string, (context: CommandContext, operands: readonly string[]) => Promise<void>>>;

export function actionsOf(command: string, actions: Actions): Command['run'] {
  return async (context) => {
    const [name, ...operands] = context.args.positionals;
    const action = Object.hasOwn(actions, name ?? '') ? actions[name ?? ''] : undefined;
    if (action === undefined) {
      const instead = name === undefined ? '' : `, not ${JSON.stringify(name)}`;
      const names = Object.keys(actions);
      throw usageError(command, `${command} needs ${names.length === 1 ? '' : 'one of '}${names.join(', ')}${instead}`);
    }
    await action(context, operands);
    return 0;
  };
}

/** A result: lines for people, or with --json all of it for scripts. */
export function printResult(
  { args, terminal }: Pick<CommandContext, 'args' | 'terminal'>,
  result: unknown,
  lines: readonly string[],
): void {
  if (args.is('json')) terminal.print(JSON.stringify(result, null, 2));
  else for (const line of lines) terminal.print(line);
}

export function parseFlags(command: Command, argv: readonly string[]): Arguments {
  const flags: Flags = { ...command.flags, ...helpFlag };
  const { values, positionals } = parse(command, argv, flags);
  const textOf = (name: string): string | undefined => {
    const value = values[name];
    return typeof value === 'string' ? value : undefined;
  };
  for (const [name, flag] of Object.entries(flags)) checkFlag(command, name, flag, textOf(name));
  return {
    positionals,
    text: textOf,
    number(name) {
      const text = textOf(name);
      return text === undefined ? undefined : Number(text);
    },
    is: (name) => values[name] === true,
  };
}

interface ParsedWords {
  readonly values: Readonly<Record<string, unknown>>;
  readonly positionals: readonly string[];
}

function parse(command: Command, argv: readonly string[], flags: Flags): ParsedWords {
  const options = Object.fromEntries(
    Object.entries(flags).map(([name, { type, short }]) => [
      name,
      { type: type === 'boolean' ? type : ('string' as const), ...(short === undefined ? {} : { short }) },
    ]),
  );
  try {
    return parseArgs({ args: [...argv], options, allowPositionals: command.positionals !== undefined, strict: true });
  } catch (error) {
    const [sentence = ''] = messageOf(error).split(/\. |\n/);
    throw usageError(command.name, sentence.replace(/\.$/, ''));
  }
}

function checkFlag({ name: command }: Command, name: string, flag: Flag, text: string | undefined): void {
  if (text === undefined) return;
  const wanted = wantedBy(flag, text);
  if (wanted === undefined) return;
  throw usageError(command, `--${name} takes ${wanted}, not ${JSON.stringify(text)}`);
}

/** What the flag takes; undefined when this is it. */
function wantedBy(flag: Flag, text: string): string | undefined {
  if (flag.type === 'boolean') return undefined;
  if (flag.type === 'number') return wantedNumber(flag.least ?? 0, flag.most, text);
  if (flag.choices !== undefined) return flag.choices.includes(text) ? undefined : flag.choices.join(' or ');
  return text === '' && flag.clearable !== true ? (flag.value ?? 'a text') : undefined;
}

function wantedNumber(least: number, most: number, text: string): string | undefined {
  if (!/^\d+$/.test(text)) return 'a whole number';
  return Number(text) < least || Number(text) > most ? `a number from ${least} to ${most}` : undefined;
}

/** Flags that are longer have their explanation on a line of its own. */
const widest = 34;

/** The whole help page of a command. */
export function helpOf(command: Command): string {
  const usage = ['coracle', command.name, command.positionals ?? '', '[flags]'].filter((part) => part !== '').join(' ');
  const rows = Object.entries({ ...command.flags, ...helpFlag }).map(([name, flag]) => [headOf(name, flag), flag.doc]);
  const width = Math.max(...rows.map(([head = '']) => (head.length > widest ? 0 : head.length)));
  const lines = rows.flatMap(([head = '', doc = '']) =>
    head.length > width ? [head, `${' '.repeat(width)}  ${doc}`] : [`${head.padEnd(width)}  ${doc}`],
  );
  return [
    command.description ?? `${command.summary}.`,
    '',
    'Usage:',
    `  ${usage}`,
    '',
    'Flags:',
    ...lines.map((line) => `  ${line}`),
    ...(command.examples.length === 0 ? [] : ['', 'Examples:', ...command.examples.map((line) => `  ${line}`)]),
    '',
  ].join('\n');
}

/** `-f, --follow`, `--port N`. */
function headOf(name: string, flag: Flag): string {
  const short = flag.short === undefined ? '' : `-${flag.short}, `;
  const choices = flag.type === 'string' ? flag.choices?.join('|') : undefined;
  const placeholder = flag.value ?? choices ?? (flag.type === 'number' ? 'N' : 'TEXT');
  return `${short}--${name}${flag.type === 'boolean' ? '' : ` ${placeholder}`}`;
}
