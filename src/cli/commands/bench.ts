import {
  actionsOf,
  clusterFlags,
  jsonFlag,
  printResult,
  refuseMore,
  type Command,
  type CommandContext,
} from '../command.ts';
import { podTimesKeys, type PodTimes } from '../manager.ts';
import { progressOn } from '../progress.ts';
import { columns } from '../terminal.ts';

const explained: Readonly<Record<keyof PodTimes, string>> = {
  created: 'the API has taken it',
  scheduled: 'it has a node, whose agent has seen it',
  volumes: 'volumes and control groups are made',
  sandbox: 'it has namespaces and an address',
  image: 'its image is there',
  container: 'its container is made',
  process: 'its process runs',
  probe: 'its readiness probe has succeeded',
  running: 'from the request until its process runs',
  ready: 'from the request until it is ready',
};

const percentiles = [50, 90, 99, 100] as const;

export const bench: Command = {
  name: 'bench',
  positionals: 'pods',
  summary: 'Measure how long pods take to start, step by step',
  description:
    'Starts pods in a namespace of its own, takes them away again, and prints what each step of their start took,\n' +
    'as percentiles in milliseconds.',
  flags: {
    ...clusterFlags,
    count: { type: 'number', least: 1, most: 10_000, doc: 'how many pods (default 20)' },
    parallel: { type: 'number', least: 1, most: 1_000, doc: 'how many of them at the same time (default 1)' },
    image: { type: 'string', value: 'IMAGE', doc: 'an image with httpd, as busybox has it (default busybox)' },
    ...jsonFlag,
  },
  examples: ['coracle bench pods', 'coracle bench pods --count 40 --parallel 8'],
  run: actionsOf('bench', { pods }),
};

async function pods(context: CommandContext, operands: readonly string[]): Promise<void> {
  const { args, manager, signal } = context;
  refuseMore('bench pods', operands, 0);
  const options = {
    count: args.number('count') ?? 20,
    parallel: args.number('parallel') ?? 1,
    image: args.text('image') ?? 'busybox',
  };
  const times = await manager.benchPods(options, progressOn(context), signal);
  printResult(context, times, tableOf(times));
}

/** Exported for tests. Pure. */
export function tableOf(times: readonly PodTimes[]): readonly string[] {
  const rows = podTimesKeys.map((key) => {
    const sorted = times.map((each) => each[key]).toSorted((a, b) => a - b);
    return [key, ...percentiles.map((share) => `${percentile(sorted, share)}`), explained[key]];
  });
  return columns(['STEP', ...percentiles.map((share) => (share === 100 ? 'MAX' : `P${share}`)), ''], rows);
}

/** The smallest value that so many percent of them do not exceed. */
function percentile(sorted: readonly number[], percent: number): number {
  return Math.round(sorted[Math.max(0, Math.ceil((sorted.length * percent) / 100) - 1)] ?? 0);
}
