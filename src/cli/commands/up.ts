import { given } from '../../base/given.ts';
import { durationMilliseconds } from '../../schema/duration.ts';
import {
  clusterFlags,
  jsonFlag,
  printResult,
  usageError,
  type Arguments,
  type Command,
  type CommandContext,
} from '../command.ts';
import type { UpOptions, UpResult } from '../manager.ts';
import { progressOn, timeText } from '../progress.ts';
import { runtimeEndpointOf, runtimeFlag } from '../runtime-endpoint.ts';
import { guardFlags, guardsOf } from './guard-flags.ts';
import { reportJoin } from './join.ts';

export const up: Command = {
  name: 'up',
  summary: 'Start the cluster',
  description:
    'Starts the cluster, waits until its node is ready, and makes it the current context of your kubeconfig.\n' +
    'At the first start it installs what this machine lacks, after saying what and why. What flags set is kept for\n' +
    "later starts; an empty value ('') takes a file, a list, a time or an address back to its default.",
  flags: {
    ...clusterFlags,
    port: {
      type: 'number',
      most: 65_535,
      doc: 'port of the API server; 0 picks a free one and keeps it (default 6443)',
    },
    kubeconfig: { type: 'string', value: 'FILE', doc: 'kubeconfig to write (default $KUBECONFIG or ~/.kube/config)' },
    foreground: { type: 'boolean', doc: 'stay until interrupted, then stop the cluster' },
    nodes: {
      type: 'number',
      least: 1,
      most: 250,
      doc: 'how many nodes to run on this machine (default 1, or as many as there are)',
    },
    'sim-nodes': {
      type: 'number',
      most: 20_000,
      doc: 'how many simulated nodes to add, whose pods only seem to run (default 0, or as before)',
    },
    backend: {
      type: 'string',
      choices: ['vxlan', 'routes'],
      doc: 'how pods reach those of other nodes (default vxlan)',
    },
    'advertise-address': {
      type: 'string',
      value: 'IP',
      clearable: true,
      doc: "this machine's address for others (default: that of the default route)",
    },
    'load-balancer-pool': {
      type: 'string',
      value: 'RANGE',
      clearable: true,
      doc: 'addresses for LoadBalancers, such as 192.0.2.96/28; from a range of a link, other machines reach them',
    },
    ...runtimeFlag,
    'kubelet-config': {
      type: 'string',
      value: 'FILE',
      clearable: true,
      doc: "settings of the nodes' agents, of kind KubeletConfiguration (default: none)",
    },
    'scheduler-config': {
      type: 'string',
      value: 'FILE',
      clearable: true,
      doc: "the scheduler's profiles, of kind KubeSchedulerConfiguration (default: none)",
    },
    'ca-cert': {
      type: 'string',
      value: 'FILE',
      doc: 'your own certificate authority instead of one made here, up to its root; needs --ca-key',
    },
    'ca-key': { type: 'string', value: 'FILE', doc: 'its private key (RSA, or P-256 to P-521), not encrypted' },
    'certificate-validity-period': {
      type: 'string',
      value: 'TIME',
      doc: 'for how long certificates are good; they are renewed in time by themselves (default 8760h)',
    },
    ...guardFlags,
    ...jsonFlag,
  },
  examples: [
    'coracle up                          # start, then: kubectl get nodes',
    'coracle up --nodes 3                # three nodes, each with pods and a network of its own',
    'coracle up --name test --port 0     # a second cluster beside it',
    'coracle up --foreground             # until Ctrl-C',
    "coracle up --audit-policy ''        # without the audit policy of before",
  ],
  async run(context) {
    const result = await context.manager.up(optionsOf(context.args), progressOn(context), context.signal);
    if (result.joined === true) reportJoin(context, result);
    else printResult(context, result, report(context, result));
    return 0;
  },
};

function optionsOf(args: Arguments): UpOptions {
  return {
    foreground: args.is('foreground'),
    guards: guardsOf(args),
    ...given({
      port: args.number('port'),
      kubeconfig: args.text('kubeconfig'),
      nodes: args.number('nodes'),
      backend: args.text('backend') as UpOptions['backend'],
      runtimeEndpoint: runtimeEndpointOf('up', args),
      advertiseAddress: args.text('advertise-address'),
      loadBalancerPool: args.text('load-balancer-pool'),
      simulatedNodes: args.number('sim-nodes'),
      kubeletConfig: args.text('kubelet-config'),
      schedulerConfig: args.text('scheduler-config'),
      authority: authorityOf(args),
      certificateValidityPeriod: validityOf(args),
    }),
  };
}

/** Shorter ones would end while they are being renewed. */
const leastSeconds = 60;

function authorityOf(args: Arguments): UpOptions['authority'] {
  const [certificate, key] = [args.text('ca-cert'), args.text('ca-key')];
  if (certificate !== undefined && key !== undefined) return { certificate, key };
  if (certificate === undefined && key === undefined) return undefined;
  throw usageError('up', '--ca-cert and --ca-key go together: the cluster signs certificates with that authority');
}

function validityOf(args: Arguments): string | undefined {
  const period = args.text('certificate-validity-period');
  if (period === undefined || secondsOf(period) >= leastSeconds) return period;
  throw usageError(
    'up',
    `--certificate-validity-period takes a time of a minute or more, such as 8760h, not ${JSON.stringify(period)}`,
  );
}

/** 0 for what is no time. */
function secondsOf(period: string): number {
  try {
    return durationMilliseconds(period) / 1000;
  } catch {
    return 0;
  }
}

function report({ terminal, manager }: CommandContext, result: UpResult): readonly string[] {
  const { bold } = terminal.color;
  const { server, nodes, simulatedNodes, context, kubeconfig } = result;
  const simulated = `${simulatedNodes} nodes are simulated; pods reach them that tolerate coracle.dev/simulated.`;
  return [
    result.alreadyRunning
      ? `Cluster ${bold(manager.name)} is already running at ${server} (nodes: ${nodes.join(', ')}).`
      : `Cluster ${bold(manager.name)} is up at ${server} after ${timeText(result.milliseconds)}.`,
    ...(simulatedNodes > 0 ? [simulated] : []),
    `Context ${bold(context)} is current in ${kubeconfig}.`,
    '',
    'Next:',
    '  kubectl get nodes',
    '  kubectl run kuard --image=kuar-demo/kuard-amd64:blue --port=8080',
    '  kubectl port-forward kuard 8080:8080      # then open http://localhost:8080',
  ];
}
