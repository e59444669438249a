import { clusterFlags, jsonFlag, type Command, type CommandContext } from '../command.ts';
import { columns } from '../terminal.ts';
import { UserError } from '../user-error.ts';
import { progressOn } from './up.ts';

const defaultTimeout = 120;

export const node: Command = {
  name: 'node',
  positionals: 'add [NAME] | rm NAME | ls | disconnect NAME | connect NAME',
  summary: 'Add, remove, list and cut off nodes',
  description:
    'Nodes of the cluster on this machine: the first is the machine itself, each further one has a network of its\n' +
    'own. Machines that have joined are listed, too. `rm` drains the node first: its pods are evicted as their\n' +
    'budgets allow. `disconnect` pulls the network cable of a node on this machine, `connect` plugs it in again.',
  flags: {
    ...clusterFlags,
    timeout: {
      type: 'number',
      value: 'SECONDS',
      doc: `how long rm waits for pods to leave (default ${defaultTimeout})`,
    },
    force: { type: 'boolean', doc: 'rm without draining: pods are killed' },
    ...jsonFlag,
  },
  examples: ['coracle node add', 'coracle node ls', 'coracle node disconnect coracle-2', 'coracle node rm coracle-2'],
  async run(context) {
    const [action = '', ...operands] = context.args.positionals;
    const known = actions[action];
    if (known === undefined) {
      throw new UserError(
        `node needs one of ${Object.keys(actions).join(', ')}${action === '' ? '' : `, not ${action}`}`,
        'see: coracle node --help',
        2,
      );
    }
    await known(context, operands);
    return 0;
  },
};

type Action = (context: CommandContext, operands: readonly string[]) => Promise<void>;

const actions: Readonly<Record<string, Action>> = { add, rm, ls, disconnect, connect };

async function add(context: CommandContext, names: readonly string[]): Promise<void> {
  for (const name of names.length === 0 ? [undefined] : names) {
    const added = await context.manager.addNode(name, progressOn(context), context.signal);
    context.terminal.print(`Added node ${added}.`);
  }
}

async function rm(context: CommandContext, names: readonly string[]): Promise<void> {
  const { args, manager, terminal, signal } = context;
  const options = { force: args.is('force'), timeoutSeconds: args.number('timeout') ?? defaultTimeout };
  for (const name of needed(names, 'rm')) {
    await manager.removeNode(name, options, progressOn(context), signal);
    terminal.print(`Removed node ${name}.`);
  }
}

async function ls({ manager, terminal, args }: CommandContext): Promise<void> {
  const rows = await manager.listNodes();
  if (args.is('json')) return terminal.print(JSON.stringify(rows, null, 2));
  const text = (value: boolean | undefined, yes: string, no: string): string =>
    value === undefined ? '-' : value ? yes : no;
  const cells = rows.map(({ name, address, place, connected, ready }) => [
    name,
    address,
    places[place],
    text(connected, 'connected', 'disconnected'),
    text(ready, 'Ready', 'NotReady'),
  ]);
  for (const line of columns(['NODE', 'ADDRESS', 'PLACE', 'LINK', 'STATUS'], cells)) terminal.print(line);
}

const places = { machine: 'this machine', namespace: 'own network', joined: 'another machine' } as const;

async function disconnect({ manager, terminal }: CommandContext, names: readonly string[]): Promise<void> {
  for (const name of needed(names, 'disconnect')) {
    await manager.setNodeConnected(name, false);
    terminal.print(`Node ${name} is cut off; the cluster notices within a minute.`);
  }
}

async function connect({ manager, terminal }: CommandContext, names: readonly string[]): Promise<void> {
  for (const name of needed(names, 'connect')) {
    await manager.setNodeConnected(name, true);
    terminal.print(`Node ${name} is connected again.`);
  }
}

function needed(names: readonly string[], action: string): readonly string[] {
  if (names.length > 0) return names;
  throw new UserError(`node ${action} needs the name of a node`, 'see: coracle node ls', 2);
}
