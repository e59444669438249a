/** The image commands: they work on the content store itself, whether the cluster runs or not. */
import { createReadStream, statSync } from 'node:fs';
import { silentLogger } from '../../base/log.ts';
import type { ClusterManager } from '../../cli/manager.ts';
import { UserError } from '../../cli/user-error.ts';
import { ImageError } from '../../image/service.ts';
import { openImages } from '../agent/node-runtime.ts';
import { makeDataDir } from '../data-dir.ts';
import type { CommandEnvironment } from '../environment.ts';

/** Milliseconds that an archive may take: disks are slow, images are large. */
const loadPatience = 3_600_000;

type ImageCommands = Pick<ClusterManager, 'loadImages' | 'listImages' | 'removeImage'>;

export function imageCommands(environment: CommandEnvironment): ImageCommands {
  const open = (): ReturnType<typeof openImages> => {
    makeDataDir(environment.layout.dataDir);
    return openImages({ ...environment, logger: silentLogger });
  };
  return {
    async loadImages(file, progress) {
      if (statSync(file, { throwIfNoEntry: false })?.isDirectory() !== false) {
        throw new UserError(`there is no file ${JSON.stringify(file)}`, 'name a tar, as `docker save` writes it');
      }
      progress.begin(`loading ${file}`);
      const images = await open();
      const loaded = await images
        .load(createReadStream(file), AbortSignal.timeout(loadPatience))
        .catch((error: unknown) => {
          throw error instanceof ImageError ? new UserError(`${file}: ${error.message}`) : error;
        });
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
        throw new UserError(`there is no image ${JSON.stringify(reference)}`, 'see: coracle image ls');
      await images.removeImage(reference);
    },
  };
}
