import { given } from '../../base/given.ts';
import {
  clusterFlags,
  jsonFlag,
  printResult,
  refuseMore,
  type Arguments,
  type Command,
  type CommandContext,
} from '../command.ts';
import type { JoinOptions, JoinResult } from '../manager.ts';
import { progressOn, timeText } from '../progress.ts';
import { runtimeEndpointOf, runtimeFlag } from '../runtime-endpoint.ts';

export const join: Command = {
  name: 'join',
  positionals: '[ADDRESS]',
  summary: "Make this machine a node of another machine's cluster",
  description:
    'Makes this machine a node of a cluster that runs on another. `coracle token create` there prints the whole\n' +
    'command. The token proves to the cluster that this machine may join; the hash of its certificate authority\n' +
    'proves to this machine that it is that cluster.\n' +
    'On a machine that has joined, `coracle join` without more (or `coracle up`) starts its node again, and\n' +
    '`coracle join ADDRESS` tells it that the API server has moved.',
  flags: {
    ...clusterFlags,
    token: { type: 'string', value: 'TOKEN', doc: 'what `coracle token create` printed there' },
    'ca-hash': { type: 'string', value: 'sha256:HEX', doc: "hash of the public key of the cluster's authority" },
    'node-name': { type: 'string', value: 'NODE', doc: "name of the node (default: the machine's)" },
    'node-address': {
      type: 'string',
      value: 'IP',
      doc: 'address under which other nodes reach this one (default: that of the way to the server)',
    },
    ...runtimeFlag,
    ...jsonFlag,
  },
  examples: [
    'coracle join 192.0.2.1:6443 --token abcdef.0123456789abcdef --ca-hash sha256:1f2e...',
    'coracle join                        # after a reboot',
  ],
  async run(context) {
    const { args, manager, signal } = context;
    const result = await manager.join(optionsOf(args), progressOn(context), signal);
    reportJoin(context, result);
    return 0;
  },
};

function optionsOf(args: Arguments): JoinOptions {
  refuseMore('join', args.positionals, 1);
  return given({
    address: args.positionals[0],
    token: args.text('token'),
    hash: args.text('ca-hash'),
    nodeName: args.text('node-name'),
    nodeAddress: args.text('node-address'),
    runtimeEndpoint: runtimeEndpointOf('join', args),
  });
}

export function reportJoin(context: CommandContext, result: JoinResult): void {
  const { bold } = context.terminal.color;
  const { node, server } = result;
  const what = result.isNew ? 'has joined the cluster' : 'is back in the cluster';
  printResult(context, result, [
    result.alreadyRunning
      ? `Node ${bold(node)} of the cluster at ${server} is already running.`
      : `Node ${bold(node)} ${what} at ${server} after ${timeText(result.milliseconds)}.`,
  ]);
}
