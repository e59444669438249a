import { clusterFlags, jsonFlag, type Arguments, type Command, type CommandContext } from '../command.ts';
import { durationMilliseconds } from '../../schema/duration.ts';
import { UserError } from '../user-error.ts';
import { guardFlags, guardsOf } from './guard-flags.ts';
import type { JoinResult, Progress, UpOptions, UpResult } from '../manager.ts';

export const up: Command = {
  name: 'up',
  summary: 'Start the cluster',
  description:
    'Starts the cluster, waits until its node is ready, and makes it the current context of your kubeconfig.\n' +
    'At the first start it installs what this machine lacks, after saying what and why.',
  flags: {
    ...clusterFlags,
    port: { type: 'number', doc: 'port of the API server; 0 picks a free one and keeps it (default 6443)' },
    kubeconfig: { type: 'string', value: 'FILE', doc: 'kubeconfig to write (default $KUBECONFIG or ~/.kube/config)' },
    foreground: { type: 'boolean', doc: 'stay until interrupted, printing logs; then stop the cluster' },
    nodes: { type: 'number', doc: 'how many nodes to run on this machine (default 1, or as many as there are)' },
    'sim-nodes': {
      type: 'number',
      doc: 'how many simulated nodes to add, whose pods only seem to run (default 0, or as before)',
    },
    backend: { type: 'string', value: 'vxlan|routes', doc: 'how pods reach those of other nodes (default vxlan)' },
    'advertise-address': {
      type: 'string',
      value: 'IP',
      doc: "this machine's address for others (default: that of the default route)",
    },
    'load-balancer-pool': {
      type: 'string',
      value: 'RANGE',
      doc: 'addresses for LoadBalancers, such as 192.0.2.96/28; from a range of a link, other machines reach them',
    },
    'container-runtime-endpoint': {
      type: 'string',
      value: 'SOCKET',
      doc: 'run containers with containerd or CRI-O, such as unix:///run/containerd/containerd.sock',
    },
    'kubelet-config': {
      type: 'string',
      value: 'FILE',
      doc: "settings of the nodes' agents, of kind KubeletConfiguration (default: none)",
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
    'coracle up --nodes 3                # three nodes, each with pods and a network of its own',
    'coracle up                          # start, then: kubectl get nodes',
    'coracle up --name test --port 0     # a second cluster beside it',
    'coracle up --foreground             # until Ctrl-C',
  ],
  async run(context) {
    const { args, terminal, manager, signal } = context;
    const port = args.number('port');
    const kubeconfig = args.text('kubeconfig');
    const nodes = args.number('nodes');
    const runtimeEndpoint = runtimeEndpointOf(args.text('container-runtime-endpoint'));
    const advertiseAddress = args.text('advertise-address');
    const loadBalancerPool = args.text('load-balancer-pool');
    const simulatedNodes = simulatedOf(args.number('sim-nodes'));
    const kubeletConfig = args.text('kubelet-config');
    const backend = backendOf(args.text('backend'));
    const options: UpOptions = {
      foreground: args.is('foreground'),
      ...(port === undefined ? {} : { port }),
      ...(kubeconfig === undefined ? {} : { kubeconfig }),
      ...(nodes === undefined ? {} : { nodes }),
      ...(backend === undefined ? {} : { backend }),
      ...(runtimeEndpoint === undefined ? {} : { runtimeEndpoint }),
      ...(advertiseAddress === undefined ? {} : { advertiseAddress }),
      ...(loadBalancerPool === undefined ? {} : { loadBalancerPool }),
      ...(simulatedNodes === undefined ? {} : { simulatedNodes }),
      ...(kubeletConfig === undefined ? {} : { kubeletConfig }),
      ...certificatesOf(args),
      guards: guardsOf(args),
    };
    const result = await manager.up(options, progressOn(context), signal);
    if (result.joined === true) reportJoin(context, result);
    else if (args.is('json')) terminal.print(JSON.stringify(result, null, 2));
    else report(context, result);
    return 0;
  },
};

const mostSimulated = 20_000;

function simulatedOf(count: number | undefined): number | undefined {
  if (count === undefined || (Number.isInteger(count) && count >= 0 && count <= mostSimulated)) return count;
  throw new UserError(`--sim-nodes takes a number from 0 to ${mostSimulated}, not ${count}`, '', 2);
}

/** Shorter ones would end while they are being renewed. */
const leastSeconds = 60;

function certificatesOf(args: Arguments): Pick<UpOptions, 'authority' | 'certificateValidityPeriod'> {
  const [certificate, key] = [args.text('ca-cert'), args.text('ca-key')];
  if ((certificate === undefined) !== (key === undefined)) {
    throw new UserError(
      '--ca-cert and --ca-key go together: the cluster signs certificates with that authority',
      'see: coracle up --help',
      2,
    );
  }
  const period = args.text('certificate-validity-period');
  if (period !== undefined && secondsOf(period) < leastSeconds) {
    throw new UserError(
      `--certificate-validity-period takes a time of a minute or more, such as 8760h, not ${JSON.stringify(period)}`,
      '',
      2,
    );
  }
  return {
    ...(certificate === undefined || key === undefined ? {} : { authority: { certificate, key } }),
    ...(period === undefined ? {} : { certificateValidityPeriod: period }),
  };
}

/** 0 for what is no time. */
function secondsOf(period: string): number {
  try {
    return durationMilliseconds(period) / 1000;
  } catch {
    return 0;
  }
}

function backendOf(text: string | undefined): UpOptions['backend'] {
  if (text === undefined || text === 'vxlan' || text === 'routes') return text;
  throw new UserError(`--backend takes vxlan or routes, not ${JSON.stringify(text)}`, '', 2);
}

/** As kubelets take it: with the scheme or without. */
export function runtimeEndpointOf(text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  if (/^(unix:\/\/)?\/./.test(text)) return text.replace(/^(unix:\/\/)?/, 'unix://');
  throw new UserError(
    `--container-runtime-endpoint takes a socket such as unix:///run/containerd/containerd.sock, not ${JSON.stringify(text)}`,
    '',
    2,
  );
}

/** Phases with their times, on stderr; nothing with --json. */
export function progressOn({ args, terminal }: Pick<CommandContext, 'args' | 'terminal'>): Progress {
  if (args.is('json')) return { begin: () => {}, phase: () => {}, note: () => {} };
  const { dim } = terminal.color;
  return {
    begin: (what) => terminal.say(dim(`  ${what} ...`)),
    phase: (name, milliseconds) => terminal.say(`  ${name.padEnd(38)} ${dim(timeText(milliseconds))}`),
    note: (line) => terminal.say(line),
  };
}

function report({ terminal, manager }: CommandContext, result: UpResult): void {
  const { bold } = terminal.color;
  const nodes = result.nodes.join(', ');
  if (result.alreadyRunning) {
    terminal.print(`Cluster ${bold(manager.name)} is already running at ${result.server} (nodes: ${nodes}).`);
  } else {
    terminal.print(`Cluster ${bold(manager.name)} is up at ${result.server} after ${timeText(result.milliseconds)}.`);
  }
  if (result.simulatedNodes > 0) {
    terminal.print(
      `${result.simulatedNodes} nodes are simulated; pods reach them that tolerate coracle.dev/simulated.`,
    );
  }
  terminal.print(`Context ${bold(result.context)} is current in ${result.kubeconfig}.`);
  terminal.print('');
  terminal.print('Next:');
  terminal.print('  kubectl get nodes');
  terminal.print('  kubectl run kuard --image=kuar-demo/kuard-amd64:blue --port=8080');
  terminal.print('  kubectl port-forward kuard 8080:8080      # then open http://localhost:8080');
}

export function reportJoin({ args, terminal }: CommandContext, result: JoinResult): void {
  if (args.is('json')) return terminal.print(JSON.stringify(result, null, 2));
  const { bold } = terminal.color;
  const { node, server } = result;
  if (result.alreadyRunning) terminal.print(`Node ${bold(node)} of the cluster at ${server} is already running.`);
  else {
    const what = result.isNew ? 'has joined the cluster' : 'is back in the cluster';
    terminal.print(`Node ${bold(node)} ${what} at ${server} after ${timeText(result.milliseconds)}.`);
  }
}

export function timeText(milliseconds: number): string {
  return milliseconds < 1000 ? `${Math.round(milliseconds)} ms` : `${(milliseconds / 1000).toFixed(2)} s`;
}
