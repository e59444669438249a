import { timestamp } from '../../base/clock.ts';
import { given } from '../../base/given.ts';
import {
  actionsOf,
  clusterFlags,
  jsonFlag,
  printResult,
  refuseMore,
  usageError,
  type Command,
  type CommandContext,
} from '../command.ts';
import { columns } from '../terminal.ts';
import { UserError } from '../user-error.ts';

const defaultTtl = '24h';

export const token: Command = {
  name: 'token',
  positionals: 'create [TOKEN] | list | delete TOKEN...',
  summary: 'Make, list and delete tokens with which other machines join',
  description:
    'A token lets other machines join the cluster as nodes. `create` prints the command to run there. Whoever has\n' +
    'it can add nodes until it ends; machines that have joined do not need it any more.',
  flags: {
    ...clusterFlags,
    ttl: {
      type: 'string',
      value: 'TIME',
      doc: `how long it is good, such as 30m or 2h; 0: for ever (default ${defaultTtl})`,
    },
    description: { type: 'string', value: 'TEXT', doc: 'what it is for' },
    ...jsonFlag,
  },
  examples: [
    'coracle token create',
    'coracle token create --ttl 1h --description "rack 2"',
    'coracle token delete abcdef',
  ],
  run: actionsOf('token', { create, list, delete: remove }),
};

async function create(context: CommandContext, operands: readonly string[]): Promise<void> {
  const { args, manager, terminal } = context;
  refuseMore('token create', operands, 1);
  const made = await manager.createToken({
    ttlSeconds: secondsOf(args.text('ttl') ?? defaultTtl),
    ...given({ token: operands[0], description: args.text('description') }),
  });
  // The command alone on stdout, so that scripts can take it; what people should read goes to the other stream.
  printResult(context, shown(made), [made.command]);
  if (args.is('json')) return;
  const end = made.expires === undefined ? 'for ever' : `until ${timestamp(made.expires)}`;
  terminal.say(`Run this on the other machine, as root. The token is good ${end}.`);
}

async function list(context: CommandContext, operands: readonly string[]): Promise<void> {
  refuseMore('token list', operands, 0);
  const rows = await context.manager.listTokens();
  const cells = rows.map(({ token, expires, usages, description }) => [
    token,
    expires === undefined ? 'never' : endOf(expires),
    expires !== undefined && !(expires > context.clock.now()) ? 'expired' : usages.join(','),
    description,
  ]);
  printResult(context, rows.map(shown), columns(['TOKEN', 'EXPIRES', 'USAGES', 'DESCRIPTION'], cells));
}

/** Scripts get times as the API writes them. */
function shown<T extends { readonly expires?: number }>(token: T): Omit<T, 'expires'> & { readonly expires?: string } {
  const { expires, ...rest } = token;
  return expires === undefined ? rest : { ...rest, expires: endOf(expires) };
}

const endOf = (expires: number): string => (Number.isNaN(expires) ? 'invalid' : timestamp(expires));

async function remove(context: CommandContext, names: readonly string[]): Promise<void> {
  if (names.length === 0) throw new UserError('token delete needs a token', 'see: coracle token list', 2);
  for (const name of names) {
    const deleted = await context.manager.deleteToken(name);
    printResult(context, { deleted }, [`Deleted token ${deleted}.`]);
  }
}

const seconds: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3_600, d: 86_400 };

function secondsOf(text: string): number {
  if (text === '0') return 0;
  const [, amount, unit = ''] = /^([1-9]\d{0,6})([smhd])$/.exec(text) ?? [];
  if (amount !== undefined) return Number(amount) * (seconds[unit] ?? 1);
  throw usageError('token', `--ttl takes a time such as 30m, 24h or 7d, not ${JSON.stringify(text)}`);
}
