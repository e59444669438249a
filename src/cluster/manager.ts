/** The cluster on this machine that the commands act on: each of its methods is a file or two under commands/. */
import type { ClusterManager } from '../cli/manager.ts';
import { askCluster } from './commands/administrator.ts';
import { down } from './commands/down.ts';
import { imageCommands } from './commands/images.ts';
import { keyCommands } from './commands/keys.ts';
import { nodeCommands } from './commands/nodes.ts';
import { reset } from './commands/reset.ts';
import { statusOf } from './commands/status.ts';
import { tokenCommands } from './commands/tokens.ts';
import { joinMachine, up } from './commands/up.ts';
import { userCommands } from './commands/users.ts';
import type { CommandEnvironment } from './environment.ts';
import type { Layout } from './layout.ts';
import { processNames } from './processes/processes.ts';
import { requireSettings } from './settings/settings.ts';

export function createManager(environment: CommandEnvironment): ClusterManager {
  const { layout } = environment;
  return {
    name: layout.name,
    dataDir: layout.dataDir,
    command: (words) => layout.command(words),
    up: (options, progress, signal) => up({ ...environment, progress }, options, signal),
    join: (options, progress, signal) => joinMachine({ ...environment, progress }, options, signal),
    down: (options, progress) => down({ ...environment, progress }, options),
    status: () => statusOf(layout),
    reset: () => reset(layout),
    logFiles: () => logFiles(layout),
    ask: (path) => askCluster(environment, path),
    // What the rarer commands need is loaded by them only.
    benchPods: async (options, progress, signal) =>
      (await import('./commands/bench-pods.ts')).benchPods({ ...environment, progress }, options, signal),
    audit: async () => (await import('./benchmark/gather.ts')).auditCluster(environment),
    ...keyCommands(environment),
    ...nodeCommands(environment),
    ...imageCommands(environment),
    ...userCommands(environment),
    ...tokenCommands(environment),
  };
}

function logFiles(layout: Layout): ReturnType<ClusterManager['logFiles']> {
  const processes = processNames(requireSettings(layout)).map((name) => ({ name, path: layout.log(name) }));
  return [...processes, { name: 'access', path: layout.accessLog }];
}
