import { clusterFlags, jsonFlag, type Command } from '../command.ts';
import { defaultGraceSeconds } from '../manager.ts';
import { progressOn } from './up.ts';

export const down: Command = {
  name: 'down',
  summary: 'Stop the cluster and keep its data',
  description: 'Stops the cluster and its pods. All objects stay on disk; `coracle up` brings them back.',
  flags: {
    ...clusterFlags,
    'keep-pods': { type: 'boolean', doc: 'leave containers running; the next `up` takes them over' },
    'grace-period': {
      type: 'number',
      doc: 'seconds that containers get to end after their stop signal; 0 kills them at once (default 10)',
    },
    ...jsonFlag,
  },
  examples: ['coracle down', 'coracle down --keep-pods    # to replace Coracle itself under running pods'],
  async run(context) {
    const { args, terminal, manager } = context;
    const options = {
      keepPods: args.is('keep-pods'),
      graceSeconds: args.number('grace-period') ?? defaultGraceSeconds,
    };
    const result = await manager.down(options, progressOn(context));
    if (args.is('json')) terminal.print(JSON.stringify(result, null, 2));
    else if (!result.wasRunning) terminal.print(`Cluster ${manager.name} is not running.`);
    else if (args.is('keep-pods')) terminal.print(`Cluster ${manager.name} is stopped; its containers run on.`);
    else terminal.print(`Cluster ${manager.name} is stopped, with ${podText(result.stoppedPods)}.`);
    return 0;
  },
};

function podText(count: number): string {
  return count === 1 ? '1 pod' : `${count} pods`;
}
