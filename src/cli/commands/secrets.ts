import { clusterFlags, jsonFlag, type Command } from '../command.ts';
import { UserError } from '../user-error.ts';

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
  async run({ args, manager, terminal }) {
    const [action, ...rest] = args.positionals;
    if (action !== 'rotate' || rest.length > 0) {
      throw new UserError('secrets needs `rotate`', 'see: coracle secrets --help', 2);
    }
    const result = await manager.rotateSecrets();
    if (args.is('json')) terminal.print(JSON.stringify(result, null, 2));
    else {
      const what = result.rewritten === 1 ? '1 Secret is' : `${result.rewritten} Secrets are`;
      terminal.print(`${what} encrypted under the new key ${result.key}.`);
    }
    return 0;
  },
};
