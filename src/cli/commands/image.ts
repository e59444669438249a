import {
  actionsOf,
  clusterFlags,
  jsonFlag,
  printResult,
  refuseMore,
  type Command,
  type CommandContext,
} from '../command.ts';
import { progressOn } from '../progress.ts';
import { byteText, columns } from '../terminal.ts';
import { UserError } from '../user-error.ts';

export const image: Command = {
  name: 'image',
  positionals: 'load FILE... | ls | rm IMAGE...',
  summary: 'Load, list and remove images',
  description: 'Images of the node, without a registry: FILE is a tar, as an OCI layout or as `docker save` writes it.',
  flags: { ...clusterFlags, ...jsonFlag },
  examples: ['coracle image load app.tar', 'coracle image ls', 'coracle image rm example.com/app:1'],
  run: actionsOf('image', { load, ls, rm }),
};

async function load(context: CommandContext, files: readonly string[]): Promise<void> {
  if (files.length === 0) throw new UserError('image load needs a file', 'such as: coracle image load app.tar', 2);
  for (const file of files) {
    const loaded = await context.manager.loadImages(file, progressOn(context));
    printResult(
      context,
      { loaded },
      loaded.map((reference) => `Loaded ${reference}`),
    );
  }
}

async function ls(context: CommandContext, operands: readonly string[]): Promise<void> {
  refuseMore('image ls', operands, 0);
  const rows = await context.manager.listImages();
  const cells = rows.flatMap(({ references, id, sizeBytes }) =>
    (references.length === 0 ? ['<none>'] : references).map((reference) => [
      reference,
      id.slice(7, 19),
      byteText(sizeBytes),
    ]),
  );
  printResult(context, rows, columns(['IMAGE', 'ID', 'SIZE'], cells));
}

async function rm(context: CommandContext, references: readonly string[]): Promise<void> {
  if (references.length === 0) throw new UserError('image rm needs an image', 'see: coracle image ls', 2);
  for (const reference of references) {
    await context.manager.removeImage(reference);
    printResult(context, { removed: reference }, [`Removed ${reference}`]);
  }
}
