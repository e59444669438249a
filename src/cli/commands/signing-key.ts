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
import type { SigningKeyAction, SigningKeyList } from '../manager.ts';
import { columns } from '../terminal.ts';

export const signingKey: Command = {
  name: 'signing-key',
  positionals: 'ls | rotate | retire',
  summary: "Change the key that signs service accounts' tokens",
  description:
    "`rotate` makes a new key: it signs service accounts' tokens from then on, and tokens of the older ones still\n" +
    'count; /openid/v1/jwks lists all of them. Pods get tokens of the new key within an hour. `retire` then drops the\n' +
    'older keys: their tokens are refused, and tokens in Secrets are made anew. Programs that read their token once\n' +
    'and never again need a restart before that. A key that has leaked: rotate, retire --force, restart the pods.',
  flags: {
    ...clusterFlags,
    force: { type: 'boolean', doc: 'retire although pods may still use tokens of older keys' },
    ...jsonFlag,
  },
  examples: ['coracle signing-key ls', 'coracle signing-key rotate', 'coracle signing-key retire    # an hour later'],
  run: actionsOf('signing-key', { ls: does('ls'), rotate: does('rotate'), retire: does('retire') }),
};

function does(action: SigningKeyAction): (context: CommandContext, operands: readonly string[]) => Promise<void> {
  return async (context, operands) => {
    const { args, manager, terminal } = context;
    refuseMore(`signing-key ${action}`, operands, 0);
    if (args.is('force') && action !== 'retire') throw usageError('signing-key', '--force belongs to `retire`');
    const result = await manager.signingKeys(action, args.is('force'));
    const rows = result.keys.map(({ id, signs }) => [id, signs ? 'signs and verifies' : 'verifies']);
    printResult(context, result, columns(['KEY', 'USE'], rows));
    if (!args.is('json')) for (const line of remarks(action, result)) terminal.say(line);
  };
}

function remarks(action: SigningKeyAction, { settledAt, rewritten = 0 }: SigningKeyList): readonly string[] {
  const renewed =
    rewritten === 1 ? '1 token in a Secret was made anew.' : `${rewritten} tokens in Secrets were made anew.`;
  return [
    ...(settledAt === undefined ? [] : [`Pods may use tokens of older keys until ${settledAt}.`]),
    ...(action === 'retire' && rewritten > 0 ? [renewed] : []),
  ];
}
