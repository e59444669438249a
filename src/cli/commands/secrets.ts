import {
  actionsOf,
  clusterFlags,
  jsonFlag,
  printResult,
  refuseMore,
  type Command,
  type CommandContext,
} from '../command.ts';

export const secrets: Command = {
  name: 'secrets',
  positionals: 'rotate',
  summary: 'Encrypt Secrets under a new key',
  description:
    'Secrets lie encrypted in the data directory, under a key in its folder pki. `rotate` makes a new key, writes\n' +
    'every Secret again under it, and then forgets the old one: backups of the database from before need the old\n' +
    'file pki/secrets-keys.json. Works while the cluster runs and while it does not; cut short, it is finished later.',
  flags: { ...clusterFlags, ...jsonFlag },
  examples: ['coracle secrets rotate', 'coracle secrets rotate --name test'],
  run: actionsOf('secrets', { rotate }),
};

async function rotate(context: CommandContext, operands: readonly string[]): Promise<void> {
  refuseMore('secrets rotate', operands, 0);
  const result = await context.manager.rotateSecrets();
  const what = result.rewritten === 1 ? '1 Secret is' : `${result.rewritten} Secrets are`;
  printResult(context, result, [`${what} encrypted under the new key ${result.key}.`]);
}
