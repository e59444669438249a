import { timestamp } from '../../base/clock.ts';
import { given } from '../../base/given.ts';
import { actionsOf, clusterFlags, refuseMore, usageError, type Command, type CommandContext } from '../command.ts';

const defaultDays = 365;

export const user: Command = {
  name: 'user',
  positionals: 'add NAME',
  summary: 'Make a kubeconfig for a colleague',
  description:
    'Prints a kubeconfig with a client certificate of the given name and groups. With --role the user gets that\n' +
    'cluster role (view, edit, admin ...), in one namespace or, without --namespace, in the whole cluster.\n' +
    'A certificate can not be taken back: give it a short life, and take away rights by deleting the bindings.',
  flags: {
    ...clusterFlags,
    group: { type: 'string', value: 'G,...', doc: 'groups that the user is in' },
    namespace: { type: 'string', value: 'N', doc: 'namespace of the role, and of the context' },
    role: { type: 'string', value: 'ROLE', doc: 'cluster role to give, such as edit' },
    days: { type: 'number', least: 1, most: 36_500, doc: `how long the certificate is good (default ${defaultDays})` },
  },
  examples: [
    'coracle user add ann --group dev --namespace team --role edit > ann.kubeconfig',
    'coracle user add auditor --role view --days 7 > auditor.kubeconfig',
  ],
  run: actionsOf('user', { add }),
};

async function add({ args, manager, terminal }: CommandContext, operands: readonly string[]): Promise<void> {
  const [name = ''] = operands;
  if (name === '') throw usageError('user', 'user add needs the name of a user');
  refuseMore('user add', operands, 1);
  const { kubeconfig, expires, bound } = await manager.addUser({
    name,
    groups: (args.text('group') ?? '').split(',').filter((group) => group !== ''),
    days: args.number('days') ?? defaultDays,
    ...given({ namespace: args.text('namespace'), role: args.text('role') }),
  });
  // JSON is YAML, too; what people should read goes to the other stream.
  terminal.print(JSON.stringify(kubeconfig, null, 2));
  const rights = bound === undefined ? ', without a role' : `, has ${bound}`;
  terminal.say(`User ${name}, good until ${timestamp(expires)}${rights}.`);
}
