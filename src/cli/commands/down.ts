import { clusterFlags, jsonFlag, printResult, type Command } from '../command.ts';
import { defaultGraceSeconds, type DownResult } from '../manager.ts';
import { progressOn } from '../progress.ts';

export const down: Command = {
  name: 'down',
  summary: 'Stop the cluster and keep its data',
  description: 'Stops the cluster and its pods. All objects stay on disk; `coracle up` brings them back.',
  flags: {
    ...clusterFlags,
    'keep-pods': { type: 'boolean', doc: 'leave containers running; the next `up` takes them over' },
    'grace-period': {
      type: 'number',
      value: 'SECONDS',
      most: 86_400,
      doc: `that containers get to end after their stop signal; 0 kills them at once (default ${defaultGraceSeconds})`,
    },
    ...jsonFlag,
  },
  examples: ['coracle down', 'coracle down --keep-pods    # to replace Coracle itself under running pods'],
  async run(context) {
    const { args, manager } = context;
    const options = {
      keepPods: args.is('keep-pods'),
      graceSeconds: args.number('grace-period') ?? defaultGraceSeconds,
    };
    const result = await manager.down(options, progressOn(context));
    printResult(context, result, [`Cluster ${manager.name} ${outcome(result, options.keepPods)}.`]);
    return 0;
  },
};

function outcome({ wasRunning, stoppedPods }: DownResult, keptPods: boolean): string {
  if (!wasRunning) return 'is not running';
  if (keptPods) return 'is stopped; its containers run on';
  return `is stopped, with ${stoppedPods === 1 ? '1 pod' : `${stoppedPods} pods`}`;
}
