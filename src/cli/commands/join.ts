import { clusterFlags, jsonFlag, type Arguments, type Command } from '../command.ts';
import type { JoinOptions } from '../manager.ts';
import { progressOn, reportJoin, runtimeEndpointOf } from './up.ts';
import { UserError } from '../user-error.ts';

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
    'container-runtime-endpoint': {
      type: 'string',
      value: 'SOCKET',
      doc: 'run containers with containerd or CRI-O, such as unix:///run/containerd/containerd.sock',
    },
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
  const [address, ...rest] = args.positionals;
  if (rest.length > 0) throw new UserError('join takes one address', 'see: coracle join --help', 2);
  const [token, hash] = [args.text('token'), args.text('ca-hash')];
  const [nodeName, nodeAddress] = [args.text('node-name'), args.text('node-address')];
  const runtimeEndpoint = runtimeEndpointOf(args.text('container-runtime-endpoint'));
  return {
    ...(address === undefined ? {} : { address }),
    ...(token === undefined ? {} : { token }),
    ...(hash === undefined ? {} : { hash }),
    ...(nodeName === undefined ? {} : { nodeName }),
    ...(nodeAddress === undefined ? {} : { nodeAddress }),
    ...(runtimeEndpoint === undefined ? {} : { runtimeEndpoint }),
  };
}
