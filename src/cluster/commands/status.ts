/** What `coracle status` tells: what the processes say about themselves, checked against what is alive. */
import { existsSync } from 'node:fs';
import type { ClusterStatus, ProcessStatus } from '../../cli/manager.ts';
import type { Layout } from '../layout.ts';
import { isAlive, memoryOf, readState, type ProcessState } from '../processes/process-state.ts';
import { processNames } from '../processes/processes.ts';
import { supervisorPid } from '../processes/supervisor.ts';
import { knownSettings } from '../settings/settings.ts';
import { kubernetesVersion } from '../version.ts';

export function statusOf(layout: Layout): Promise<ClusterStatus> {
  const settings = knownSettings(layout);
  const joined =
    settings?.joined === undefined ? {} : { joined: { node: settings.nodeName, server: settings.joined.server } };
  const base = { name: layout.name, dataDir: layout.dataDir, version: kubernetesVersion, ...joined };
  if (settings === undefined) {
    return Promise.resolve({ ...base, state: 'absent', processes: [], endpoints: {}, problems: [] });
  }
  const names = processNames(settings);
  const states = names.map((name) => readState(layout.state(name)));
  const supervised = names.filter((name) => supervisorPid(layout.runDir, name) !== undefined);
  const processes = states.flatMap((state) => (state === undefined ? [] : [processStatus(state, layout)]));
  const stopped = supervised.length === 0 && processes.every(({ running }) => !running);
  const problems = stopped ? failuresOf(states) : problemsOf(layout, names, states);
  return Promise.resolve({
    ...base,
    state: stopped ? 'stopped' : stateOf(processes, problems),
    processes: stopped ? [] : processes,
    endpoints: Object.assign({}, ...states.map((state) => (stopped ? {} : (state?.endpoints ?? {})))) as Record<
      string,
      string
    >,
    problems,
  });
}

function stateOf(processes: readonly ProcessStatus[], problems: readonly string[]): ClusterStatus['state'] {
  if (problems.length > 0) return 'degraded';
  return processes.every(({ ready }) => ready) ? 'running' : 'starting';
}

function processStatus(state: ProcessState, layout: Layout): ProcessStatus {
  const running = isAlive(state);
  const memory = running ? memoryOf(state.pid) : undefined;
  return {
    name: state.name,
    pid: state.pid,
    running,
    ready: running && state.ready,
    startedAt: state.startedAt,
    rssBytes: memory?.rssBytes ?? 0,
    pssBytes: memory?.pssBytes ?? 0,
    log: layout.log(state.name),
  };
}

function failuresOf(states: readonly (ProcessState | undefined)[]): readonly string[] {
  return states.flatMap((state) =>
    state?.failure === undefined ? [] : [`${state.failure.message}; ${state.failure.remedy}`],
  );
}

function problemsOf(
  layout: Layout,
  names: readonly string[],
  states: readonly (ProcessState | undefined)[],
): readonly string[] {
  const dead = names.filter((_, at) => {
    const state = states[at];
    return state === undefined || !isAlive(state);
  });
  return [
    ...failuresOf(states),
    ...dead.map((name) =>
      supervisorPid(layout.runDir, name) === undefined
        ? `${name} is not running; start it with: ${layout.command('up')}`
        : `${name} has died and is being started again; see: ${layout.command(`logs ${name}`)}`,
    ),
    ...(existsSync(layout.settings)
      ? []
      : [`${layout.dataDir} was deleted; clean up with: ${layout.command('reset')}`]),
    ...(existsSync(layout.pki) ? [] : [`${layout.pki} is missing: clients cannot be authenticated`]),
  ];
}
