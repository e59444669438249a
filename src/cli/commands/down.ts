import { clusterFlags, jsonFlag, type Command } from '../command.ts';
import { progressOn } from './up.ts';

export const down: Command = {
  name: 'down',
  summary: 'Stop the cluster and keep its data',
  description: 'Stops the cluster and its pods. All objects stay on disk; `coracle up` brings them back.',
  flags: {
    ...clusterFlags,
    'keep-pods': { type: 'boolean', doc: 'leave containers running; the next `up` takes them over' },
    ...jsonFlag,
  },
  examples: ['coracle down', 'coracle down --keep-pods    # to replace Coracle itself under running pods'],
  async run(context) {
    const { args, terminal, manager } = context;
    const result = await manager.down({ keepPods: args.is('keep-pods') }, progressOn(context));
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
