import { parseTimestamp } from '../../base/clock.ts';
import { clusterFlags, jsonFlag, type Command, type CommandContext } from '../command.ts';
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
    if (context.args.is('json')) context.terminal.print(JSON.stringify(result, null, 2));
    else report(context, result);
    return exitCodes[result.state];
  },
};

function placeOf({ joined, dataDir }: ClusterStatus): readonly string[] {
  const node = joined === undefined ? [] : [`Node ${joined.node} of the cluster at ${joined.server}`];
  return [...node, `Data in ${dataDir}`];
}

function report({ terminal, clock }: CommandContext, result: ClusterStatus): void {
  const { bold, red, green } = terminal.color;
  if (result.state === 'absent') {
    terminal.print(`There is no cluster ${bold(result.name)} yet. Start one with: coracle up`);
    return;
  }
  const paint = result.state === 'running' ? green : red;
  const pods = result.pods === undefined ? '' : `, ${result.pods} pods`;
  terminal.print(`Cluster ${bold(result.name)}: ${paint(result.state)}${pods} (Kubernetes ${result.version})`);
  for (const line of placeOf(result)) terminal.print(line);
  if (result.processes.length > 0) {
    terminal.print('');
    const rows = result.processes.map((each) => [
      each.name,
      String(each.pid),
      each.running ? (each.ready ? 'ready' : 'starting') : 'dead',
      each.running ? ageText(clock.now() - parseTimestamp(each.startedAt)) : '-',
      each.running ? byteText(each.rssBytes) : '-',
      each.running ? byteText(each.pssBytes) : '-',
    ]);
    for (const line of columns(['PROCESS', 'PID', 'STATE', 'UP', 'RSS', 'PSS'], rows)) terminal.print(line);
  }
  const endpoints = Object.entries(result.endpoints);
  if (endpoints.length > 0) {
    terminal.print('');
    for (const line of columns(['ENDPOINT', 'ADDRESS'], endpoints)) terminal.print(line);
  }
  if (result.problems.length > 0) {
    terminal.print('');
    for (const problem of result.problems) terminal.print(red(`Problem: ${problem}`));
  }
  // A problem comes with its own remedy.
  else if (result.state === 'stopped') terminal.print('\nStart it with: coracle up');
}
