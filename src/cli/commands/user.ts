import { timestamp } from '../../base/clock.ts';
import { clusterFlags, type Command } from '../command.ts';
import { UserError } from '../user-error.ts';

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
    days: { type: 'number', doc: `how long the certificate is good (default ${defaultDays})` },
  },
  examples: [
    'coracle user add ann --group dev --namespace team --role edit > ann.kubeconfig',
    'coracle user add auditor --role view --days 7 > auditor.kubeconfig',
  ],
  async run({ args, manager, terminal }) {
    const [action, name = '', ...rest] = args.positionals;
    if (action !== 'add' || name === '' || rest.length > 0) {
      throw new UserError('user needs `add NAME`', 'see: coracle user --help', 2);
    }
    const days = args.number('days') ?? defaultDays;
    if (days < 1) throw new UserError('--days must be at least 1', 'see: coracle user --help', 2);
    const [namespace, role] = [args.text('namespace'), args.text('role')];
    const groups = (args.text('group') ?? '').split(',').filter((group) => group !== '');
    const { kubeconfig, expires, bound } = await manager.addUser({
      name,
      groups,
      days,
      ...(namespace === undefined ? {} : { namespace }),
      ...(role === undefined ? {} : { role }),
    });
    // JSON is YAML, too; what people should read goes to the other stream.
    terminal.print(JSON.stringify(kubeconfig, null, 2));
    terminal.say(
      `User ${name}, good until ${timestamp(expires)}${bound === undefined ? ', without a role' : `, has ${bound}`}.`,
    );
    return 0;
  },
};
