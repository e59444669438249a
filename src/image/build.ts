/** Makes images out of files: layers as reproducible tars, then a configuration and a manifest around them. */
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import tar from 'tar-stream';
import type { ImageRecord, ImageStore } from './image-store.ts';
import { hostPlatform, type ImageConfig, mediaTypes } from './manifest.ts';

/** One entry of a layer. Folders above it must come first. */
export type LayerFile =
  | { readonly path: string; readonly folder: true; readonly mode?: number }
  | { readonly path: string; readonly content: string | Uint8Array; readonly mode?: number }
  | { readonly path: string; readonly copyOf: string; readonly mode?: number }
  | { readonly path: string; readonly linkTo: string }
  | { readonly path: string; readonly symlinkTo: string };

export interface BuiltLayer {
  /** Of the uncompressed tar, which is also the blob. */
  readonly digest: string;
  readonly size: number;
}

/** All entries carry the epoch, so that the same files give the same digest. */
const epoch = { getTime: () => 0 } as Date;

/** Writes the files as a layer into the store. Call within `store.adding`. */
export async function buildLayer(store: ImageStore, files: readonly LayerFile[]): Promise<BuiltLayer> {
  const pack = tar.pack();
  const writing = writeFiles(pack, files);
  writing.catch((error: unknown) => pack.destroy(error as Error));
  const digest = await store.blobs.put(pack as AsyncIterable<Uint8Array>);
  await writing;
  return { digest, size: (await store.blobs.size(digest)) ?? 0 };
}

/** Lists the image in the store. Call within `store.adding`. */
export async function buildImage(
  store: ImageStore,
  layers: readonly BuiltLayer[],
  config: ImageConfig['config'],
  names: (manifest: string) => { readonly tags: readonly string[]; readonly digests: readonly string[] },
  signal: AbortSignal,
): Promise<ImageRecord> {
  const { os, architecture } = hostPlatform();
  const rootfs = { type: 'layers', diff_ids: layers.map((layer) => layer.digest) };
  const configBytes = Buffer.from(JSON.stringify({ os, architecture, config, rootfs }));
  const configDigest = await store.blobs.put([configBytes]);
  const manifest = {
    schemaVersion: 2,
    mediaType: mediaTypes.ociManifest,
    config: { mediaType: mediaTypes.ociConfig, digest: configDigest, size: configBytes.length },
    layers: layers.map((layer) => ({ mediaType: mediaTypes.ociLayer, digest: layer.digest, size: layer.size })),
  };
  const digest = await store.blobs.put([Buffer.from(JSON.stringify(manifest))]);
  return store.add(digest, names(digest), signal);
}

async function writeFiles(pack: tar.Pack, files: readonly LayerFile[]): Promise<void> {
  for (const file of files) {
    if ('copyOf' in file) {
      const { size } = await stat(file.copyOf);
      const sink = pack.entry({ name: file.path, type: 'file', mode: file.mode ?? 0o755, mtime: epoch, size });
      await pipeline(createReadStream(file.copyOf, { highWaterMark: 1024 * 1024 }), sink);
      continue;
    }
    await new Promise<void>((resolve, reject) => {
      const done = (error?: Error | null): void => (error ? reject(error) : resolve());
      if ('content' in file)
        pack.entry({ name: file.path, mode: file.mode ?? 0o644, mtime: epoch }, Buffer.from(file.content), done);
      else pack.entry(headerOf(file), done);
    });
  }
  pack.finalize();
}

function headerOf(
  file: Exclude<LayerFile, { content: unknown } | { copyOf: unknown }>,
): Partial<tar.Header> & { readonly name: string } {
  if ('folder' in file) return { name: `${file.path}/`, type: 'directory', mode: file.mode ?? 0o755, mtime: epoch };
  if ('linkTo' in file) return { name: file.path, type: 'link', linkname: file.linkTo, mode: 0o755, mtime: epoch };
  return { name: file.path, type: 'symlink', linkname: file.symlinkTo, mode: 0o777, mtime: epoch };
}
