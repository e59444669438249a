import { clusterFlags, jsonFlag, type Command } from '../command.ts';
import type { SigningKeyAction, SigningKeyList } from '../manager.ts';
import { columns } from '../terminal.ts';
import { UserError } from '../user-error.ts';

const actions: readonly string[] = ['ls', 'rotate', 'retire'] satisfies readonly SigningKeyAction[];

export const signingKey: Command = {
  name: 'signing-key',
  positionals: 'ls|rotate|retire',
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
  async run({ args, manager, terminal }) {
    const [action = '', ...rest] = args.positionals;
    if (!actions.includes(action) || rest.length > 0) {
      throw new UserError('signing-key needs `ls`, `rotate` or `retire`', 'see: coracle signing-key --help', 2);
    }
    const result = await manager.signingKeys(action as SigningKeyAction, args.is('force'));
    if (args.is('json')) terminal.print(JSON.stringify(result, null, 2));
    else {
      const rows = result.keys.map(({ id, signs }) => [id, signs ? 'signs and verifies' : 'verifies']);
      for (const line of columns(['KEY', 'USE'], rows)) terminal.print(line);
      for (const line of remarks(action, result)) terminal.say(line);
    }
    return 0;
  },
};

function remarks(action: string, { settledAt, rewritten = 0 }: SigningKeyList): readonly string[] {
  const renewed =
    rewritten === 1 ? '1 token in a Secret was made anew.' : `${rewritten} tokens in Secrets were made anew.`;
  return [
    ...(settledAt === undefined ? [] : [`Pods may use tokens of older keys until ${settledAt}.`]),
    ...(action === 'retire' && rewritten > 0 ? [renewed] : []),
  ];
}
