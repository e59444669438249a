import { clusterFlags, type Command } from '../command.ts';
import { progressOn } from '../progress.ts';
import { UserError } from '../user-error.ts';

export const reset: Command = {
  name: 'reset',
  summary: 'Delete the cluster and all its data',
  description: 'Stops the cluster if it runs, then deletes all its objects, volumes and images. Asks first.',
  flags: { ...clusterFlags, yes: { type: 'boolean', short: 'y', doc: 'do not ask' } },
  examples: ['coracle reset', 'coracle reset --name test --yes'],
  async run(context) {
    const { args, terminal, manager } = context;
    const { state, joined } = await manager.status();
    if (state === 'absent') {
      terminal.print(`There is no cluster ${manager.name} (no data in ${manager.dataDir}).`);
      return 0;
    }
    const question = `Delete cluster ${manager.name} and everything in ${manager.dataDir}?`;
    if (!args.is('yes') && !(await terminal.confirm(question))) {
      throw new UserError('nothing was deleted', 'answer yes, or pass --yes where there is no terminal');
    }
    await manager.down({ keepPods: false, graceSeconds: 0 }, progressOn(context));
    await manager.reset();
    if (joined === undefined) {
      terminal.print(`Cluster ${manager.name} and its data are gone.`);
      return 0;
    }
    terminal.print(`This machine's part of the cluster at ${joined.server} is gone.`);
    terminal.print(`If the cluster still lists its node, run there: coracle node rm ${joined.node} --force`);
    return 0;
  },
};
