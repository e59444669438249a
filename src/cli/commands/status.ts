import { parseTimestamp } from '../../base/clock.ts';
import { clusterFlags, jsonFlag, printResult, type Command, type CommandContext } from '../command.ts';
import type { ClusterStatus } from '../manager.ts';
import { ageText, byteText, columns } from '../terminal.ts';

/** Exit codes: 0 running, 1 something is wrong, 3 not running (as system services have it). */
const exitCodes = { running: 0, starting: 1, degraded: 1, stopped: 3, absent: 3 } as const;

export const status: Command = {
  name: 'status',
  summary: 'Tell what runs, since when, where, and what is wrong',
  description:
    'Tells what runs, since when, on which ports, with how much memory, and what is wrong if something is.\n' +
    'Exits with 0 when the cluster runs well, 1 when something is wrong, 3 when it is stopped.',
  flags: { ...clusterFlags, ...jsonFlag },
  examples: ['coracle status', 'coracle status --json | jq .processes'],
  async run(context) {
    const result = await context.manager.status();
    printResult(context, result, report(context, result));
    return exitCodes[result.state];
  },
};

function report({ terminal, clock, manager }: CommandContext, result: ClusterStatus): readonly string[] {
  const { bold, red, green } = terminal.color;
  if (result.state === 'absent') {
    return [`There is no cluster ${bold(result.name)} yet. Start one with: ${manager.command('up')}`];
  }
  const paint = result.state === 'running' ? green : red;
  const pods = result.pods === undefined ? '' : `, ${result.pods} pods`;
  return [
    `Cluster ${bold(result.name)}: ${paint(result.state)}${pods} (Kubernetes ${result.version})`,
    ...placeOf(result),
    ...section(processRows(result, clock.now())),
    ...section(endpointRows(result)),
    ...section(result.problems.map((problem) => red(`Problem: ${problem}`))),
    // A problem comes with its own remedy.
    ...(result.state === 'stopped' && result.problems.length === 0
      ? section([`Start it with: ${manager.command('up')}`])
      : []),
  ];
}

/** Set off by an empty line, when there is anything. */
const section = (lines: readonly string[]): readonly string[] => (lines.length === 0 ? [] : ['', ...lines]);

function placeOf({ joined, dataDir }: ClusterStatus): readonly string[] {
  const node = joined === undefined ? [] : [`Node ${joined.node} of the cluster at ${joined.server}`];
  return [...node, `Data in ${dataDir}`];
}

function processRows({ processes }: ClusterStatus, now: number): readonly string[] {
  if (processes.length === 0) return [];
  const rows = processes.map((each) => [
    each.name,
    String(each.pid),
    each.running ? (each.ready ? 'ready' : 'starting') : 'dead',
    each.running ? ageText(now - parseTimestamp(each.startedAt)) : '-',
    each.running ? byteText(each.rssBytes) : '-',
    each.running ? byteText(each.pssBytes) : '-',
  ]);
  return columns(['PROCESS', 'PID', 'STATE', 'UP', 'RSS', 'PSS'], rows);
}

function endpointRows({ endpoints }: ClusterStatus): readonly string[] {
  const rows = Object.entries(endpoints);
  return rows.length === 0 ? [] : columns(['ENDPOINT', 'ADDRESS'], rows);
}
