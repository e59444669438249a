/** The image commands: they work on the content store itself, whether the cluster runs or not. */
import { createReadStream, existsSync } from 'node:fs';
import { silentLogger } from '../../base/log.ts';
import type { ClusterManager } from '../../cli/manager.ts';
import { UserError } from '../../cli/user-error.ts';
import { openImages } from '../agent/node-runtime.ts';
import type { CommandEnvironment } from '../environment.ts';

/** Milliseconds that an archive may take: disks are slow, images are large. */
const loadPatience = 3_600_000;

type ImageCommands = Pick<ClusterManager, 'loadImages' | 'listImages' | 'removeImage'>;

export function imageCommands(environment: CommandEnvironment): ImageCommands {
  const open = (): ReturnType<typeof openImages> => openImages({ ...environment, logger: silentLogger });
  return {
    async loadImages(file, progress) {
      if (!existsSync(file)) throw new UserError(`there is no file ${file}`);
      progress.begin(`loading ${file}`);
      const images = await open();
      const loaded = await images.load(createReadStream(file), AbortSignal.timeout(loadPatience));
      return loaded.flatMap(({ repoTags, id }) => (repoTags.length === 0 ? [id] : repoTags));
    },
    async listImages() {
      const images = await open();
      const all = await images.listImages();
      return all.map(({ repoTags, repoDigests, id, sizeBytes }) => ({
        references: repoTags.length === 0 ? repoDigests : repoTags,
        id,
        sizeBytes,
      }));
    },
    async removeImage(reference) {
      const images = await open();
      if ((await images.imageStatus(reference)) === undefined)
        throw new UserError(`there is no image ${reference}`, 'see: coracle image ls');
      await images.removeImage(reference);
    },
  };
}
