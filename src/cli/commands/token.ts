import { timestamp } from '../../base/clock.ts';
import { clusterFlags, jsonFlag, type Command, type CommandContext } from '../command.ts';
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
  async run(context) {
    const [action = '', ...operands] = context.args.positionals;
    const known = actions[action];
    if (known === undefined) {
      throw new UserError(
        `token needs one of ${Object.keys(actions).join(', ')}${action === '' ? '' : `, not ${action}`}`,
        'see: coracle token --help',
        2,
      );
    }
    await known(context, operands);
    return 0;
  },
};

type Action = (context: CommandContext, operands: readonly string[]) => Promise<void>;

const actions: Readonly<Record<string, Action>> = { create, list, delete: remove };

async function create({ args, manager, terminal }: CommandContext, operands: readonly string[]): Promise<void> {
  const [given, ...rest] = operands;
  if (rest.length > 0) throw new UserError('token create takes at most one token', 'see: coracle token --help', 2);
  const description = args.text('description');
  const made = await manager.createToken({
    ttlSeconds: secondsOf(args.text('ttl') ?? defaultTtl),
    ...(given === undefined ? {} : { token: given }),
    ...(description === undefined ? {} : { description }),
  });
  if (args.is('json')) return terminal.print(JSON.stringify(shown(made), null, 2));
  // The command alone on stdout, so that scripts can take it; what people should read goes to the other stream.
  terminal.print(made.command);
  const end = made.expires === undefined ? 'for ever' : `until ${timestamp(made.expires)}`;
  terminal.say(`Run this on the other machine, as root. The token is good ${end}.`);
}

async function list({ args, manager, terminal, clock }: CommandContext): Promise<void> {
  const rows = await manager.listTokens();
  if (args.is('json')) return terminal.print(JSON.stringify(rows.map(shown), null, 2));
  const cells = rows.map(({ token, expires, usages, description }) => [
    token,
    expires === undefined ? 'never' : endOf(expires),
    expires !== undefined && !(expires > clock.now()) ? 'expired' : usages.join(','),
    description,
  ]);
  for (const line of columns(['TOKEN', 'EXPIRES', 'USAGES', 'DESCRIPTION'], cells)) terminal.print(line);
}

/** Scripts get times as the API writes them. */
function shown<T extends { readonly expires?: number }>(token: T): Omit<T, 'expires'> & { readonly expires?: string } {
  const { expires, ...rest } = token;
  return expires === undefined ? rest : { ...rest, expires: endOf(expires) };
}

const endOf = (expires: number): string => (Number.isNaN(expires) ? 'invalid' : timestamp(expires));

async function remove({ manager, terminal }: CommandContext, names: readonly string[]): Promise<void> {
  if (names.length === 0) throw new UserError('token delete needs a token', 'see: coracle token list', 2);
  for (const name of names) terminal.print(`Deleted token ${await manager.deleteToken(name)}.`);
}

const seconds: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3_600, d: 86_400 };

function secondsOf(text: string): number {
  if (text === '0') return 0;
  const [, amount, unit = ''] = /^([1-9]\d{0,6})([smhd])$/.exec(text) ?? [];
  if (amount !== undefined) return Number(amount) * (seconds[unit] ?? 1);
  throw new UserError(
    `--ttl takes a time such as 30m or 24h, not ${JSON.stringify(text)}`,
    'see: coracle token --help',
    2,
  );
}
