import { clusterFlags, jsonFlag, type Command, type CommandContext } from '../command.ts';
import { byteText, columns } from '../terminal.ts';
import { UserError } from '../user-error.ts';
import { progressOn } from './up.ts';

export const image: Command = {
  name: 'image',
  positionals: 'load FILE | ls | rm IMAGE',
  summary: 'Load, list and remove images',
  description: 'Images of the node, without a registry: FILE is a tar, as an OCI layout or as `docker save` writes it.',
  flags: { ...clusterFlags, ...jsonFlag },
  examples: ['coracle image load app.tar', 'coracle image ls', 'coracle image rm example.com/app:1'],
  async run(context) {
    const [action, ...operands] = context.args.positionals;
    const known = { load, ls, rm }[action ?? ''];
    if (known === undefined) {
      throw new UserError(
        `image needs one of load, ls, rm${action === undefined ? '' : `, not ${action}`}`,
        'see: coracle image --help',
        2,
      );
    }
    await known(context, operands);
    return 0;
  },
};

async function load(context: CommandContext, files: readonly string[]): Promise<void> {
  if (files.length === 0) throw new UserError('image load needs a file', 'coracle image load FILE', 2);
  for (const file of files) {
    for (const reference of await context.manager.loadImages(file, progressOn(context))) {
      context.terminal.print(`Loaded ${reference}`);
    }
  }
}

async function ls({ manager, terminal, args }: CommandContext): Promise<void> {
  const rows = await manager.listImages();
  if (args.is('json')) return terminal.print(JSON.stringify(rows, null, 2));
  const cells = rows.flatMap(({ references, id, sizeBytes }) =>
    (references.length === 0 ? ['<none>'] : references).map((reference) => [
      reference,
      id.slice(7, 19),
      byteText(sizeBytes),
    ]),
  );
  for (const line of columns(['IMAGE', 'ID', 'SIZE'], cells)) terminal.print(line);
}

async function rm({ manager, terminal }: CommandContext, references: readonly string[]): Promise<void> {
  if (references.length === 0) throw new UserError('image rm needs an image', 'coracle image rm IMAGE', 2);
  for (const reference of references) {
    await manager.removeImage(reference);
    terminal.print(`Removed ${reference}`);
  }
}
