import {
  actionsOf,
  clusterFlags,
  jsonFlag,
  printResult,
  refuseMore,
  type Command,
  type CommandContext,
} from '../command.ts';
import { progressOn } from '../progress.ts';
import { columns } from '../terminal.ts';
import { UserError } from '../user-error.ts';

const defaultTimeout = 120;

export const node: Command = {
  name: 'node',
  positionals: 'add [NAME...] | rm NAME... | ls | disconnect NAME... | connect NAME...',
  summary: 'Add, remove, list and cut off nodes',
  description:
    'Nodes of the cluster on this machine: the first is the machine itself, each further one has a network of its\n' +
    'own. Machines that have joined are listed, too. `rm` drains the node first: its pods are evicted as their\n' +
    'budgets allow. A machine that had joined and is removed keeps its certificate, which Kubernetes cannot revoke: it\n' +
    'ends by itself. `disconnect` pulls the network cable of a node on this machine, `connect` plugs it in again.',
  flags: {
    ...clusterFlags,
    timeout: {
      type: 'number',
      value: 'SECONDS',
      most: 86_400,
      doc: `how long rm waits for pods to leave (default ${defaultTimeout})`,
    },
    force: { type: 'boolean', doc: 'rm without draining: pods are killed' },
    ...jsonFlag,
  },
  examples: ['coracle node add', 'coracle node ls', 'coracle node disconnect coracle-2', 'coracle node rm coracle-2'],
  run: actionsOf('node', { add, rm, ls, disconnect, connect }),
};

async function add(context: CommandContext, names: readonly string[]): Promise<void> {
  for (const name of names.length === 0 ? [undefined] : names) {
    const added = await context.manager.addNode(name, progressOn(context), context.signal);
    printResult(context, { added }, [`Added node ${added}.`]);
  }
}

async function rm(context: CommandContext, names: readonly string[]): Promise<void> {
  const { args, manager, signal } = context;
  const options = { force: args.is('force'), timeoutSeconds: args.number('timeout') ?? defaultTimeout };
  for (const name of needed(names, 'rm')) {
    await manager.removeNode(name, options, progressOn(context), signal);
    printResult(context, { removed: name }, [`Removed node ${name}.`]);
  }
}

async function ls(context: CommandContext, operands: readonly string[]): Promise<void> {
  refuseMore('node ls', operands, 0);
  const rows = await context.manager.listNodes();
  const text = (value: boolean | undefined, yes: string, no: string): string =>
    value === undefined ? '-' : value ? yes : no;
  const cells = rows.map(({ name, address, place, connected, ready }) => [
    name,
    address,
    places[place],
    text(connected, 'connected', 'disconnected'),
    text(ready, 'Ready', 'NotReady'),
  ]);
  printResult(context, rows, columns(['NODE', 'ADDRESS', 'PLACE', 'LINK', 'STATUS'], cells));
}

const places = { machine: 'this machine', namespace: 'own network', joined: 'another machine' } as const;

async function disconnect(context: CommandContext, names: readonly string[]): Promise<void> {
  for (const name of needed(names, 'disconnect')) {
    await context.manager.setNodeConnected(name, false);
    printResult(context, { disconnected: name }, [`Node ${name} is cut off; the cluster notices within a minute.`]);
  }
}

async function connect(context: CommandContext, names: readonly string[]): Promise<void> {
  for (const name of needed(names, 'connect')) {
    await context.manager.setNodeConnected(name, true);
    printResult(context, { connected: name }, [`Node ${name} is connected again.`]);
  }
}

function needed(names: readonly string[], action: string): readonly string[] {
  if (names.length > 0) return names;
  throw new UserError(`node ${action} needs the name of a node`, 'see: coracle node ls', 2);
}
