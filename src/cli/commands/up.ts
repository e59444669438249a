import { clusterFlags, jsonFlag, type Arguments, type Command, type CommandContext, type Flags } from '../command.ts';
import { UserError } from '../user-error.ts';
import type { GuardFlags, Progress, UpOptions, UpResult } from '../manager.ts';

/** Kept from start to start; given empty they go back to the default. */
const guardFlags: Flags = {
  'enable-admission-plugins': { type: 'string', value: 'NAMES', doc: 'admission plugins beside the default ones' },
  'disable-admission-plugins': { type: 'string', value: 'NAMES', doc: 'admission plugins that are not to run' },
  'audit-policy': { type: 'string', value: 'FILE', doc: 'log requests by this audit policy (default: none)' },
  'audit-log': { type: 'string', value: 'FILE', doc: 'where to log them (default DATA-DIR/logs/audit.log)' },
};

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
    backend: { type: 'string', value: 'vxlan|routes', doc: 'how pods reach those of other nodes (default vxlan)' },
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
    const runtimeEndpoint = endpointOf(args.text('container-runtime-endpoint'));
    const kubeletConfig = args.text('kubelet-config');
    const backend = backendOf(args.text('backend'));
    const options: UpOptions = {
      foreground: args.is('foreground'),
      ...(port === undefined ? {} : { port }),
      ...(kubeconfig === undefined ? {} : { kubeconfig }),
      ...(nodes === undefined ? {} : { nodes }),
      ...(backend === undefined ? {} : { backend }),
      ...(runtimeEndpoint === undefined ? {} : { runtimeEndpoint }),
      ...(kubeletConfig === undefined ? {} : { kubeletConfig }),
      guards: guardsOf(args),
    };
    const result = await manager.up(options, progressOn(context), signal);
    if (args.is('json')) terminal.print(JSON.stringify(result, null, 2));
    else report(context, result);
    return 0;
  },
};

function guardsOf(args: Arguments): GuardFlags {
  const [enable, disable] = [args.text('enable-admission-plugins'), args.text('disable-admission-plugins')];
  const [auditPolicy, auditLog] = [args.text('audit-policy'), args.text('audit-log')];
  const names = (text: string): readonly string[] =>
    text
      .split(',')
      .map((name) => name.trim())
      .filter((name) => name !== '');
  return {
    ...(enable === undefined ? {} : { enableAdmission: names(enable) }),
    ...(disable === undefined ? {} : { disableAdmission: names(disable) }),
    ...(auditPolicy === undefined ? {} : { auditPolicy }),
    ...(auditLog === undefined ? {} : { auditLog }),
  };
}

function backendOf(text: string | undefined): UpOptions['backend'] {
  if (text === undefined || text === 'vxlan' || text === 'routes') return text;
  throw new UserError(`--backend takes vxlan or routes, not ${JSON.stringify(text)}`, '', 2);
}

/** As kubelets take it: with the scheme or without. */
function endpointOf(text: string | undefined): string | undefined {
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
  terminal.print(`Context ${bold(result.context)} is current in ${result.kubeconfig}.`);
  terminal.print('');
  terminal.print('Next:');
  terminal.print('  kubectl get nodes');
  terminal.print('  kubectl run kuard --image=kuar-demo/kuard-amd64:blue --port=8080');
  terminal.print('  kubectl port-forward kuard 8080:8080      # then open http://localhost:8080');
}

export function timeText(milliseconds: number): string {
  return milliseconds < 1000 ? `${Math.round(milliseconds)} ms` : `${(milliseconds / 1000).toFixed(2)} s`;
}
