/**
 * Images as files: reads OCI layouts and docker archives (plain, gzip or zstd tar), writes a tar that is
 * both. Everything streams: an archive's files go into the content store as they come.
 */
import { posix } from 'node:path';
import { pipeline } from 'node:stream/promises';
import tar from 'tar-stream';
import { messageOf } from '../base/errors.ts';
import { decompressed } from './compression.ts';
import type { ImageRecord, ImageStore } from './image-store.ts';
import {
  ContentError,
  type Descriptor,
  hostPlatform,
  type Manifest,
  maxLayers,
  mediaTypes,
  parseManifest,
} from './manifest.ts';
import { formatReference, parseReference, repositoryOf } from './reference.ts';
import { ImageError } from './service.ts';

interface Stored {
  readonly digest: string;
  readonly size: number;
}

/** The archive's files in the store, links followed. */
class ArchiveFiles {
  readonly #files = new Map<string, Stored>();
  readonly #links = new Map<string, string>();

  add(path: string, file: Stored): void {
    this.#files.set(posix.normalize(path), file);
  }

  link(path: string, target: string): void {
    this.#links.set(posix.normalize(path), posix.normalize(target));
  }

  get(path: string): Stored | undefined {
    const name = posix.normalize(path);
    return this.#files.get(name) ?? this.#files.get(this.#links.get(name) ?? '');
  }

  get size(): number {
    return this.#files.size + this.#links.size;
  }
}

const maxFiles = 10_000;

/** Call within `store.adding`. Throws ImageError when it is no image archive, or a damaged one. */
export async function loadArchive(
  store: ImageStore,
  archive: AsyncIterable<Uint8Array>,
  signal: AbortSignal,
): Promise<readonly ImageRecord[]> {
  try {
    const files = await readFiles(store, archive, signal);
    const loaded = await (files.get('index.json') === undefined
      ? loadDocker(store, files, signal)
      : loadOci(store, files, signal));
    void store.collect(); // What the archive held besides the images; waits until the caller has left `adding`.
    return loaded;
  } catch (error) {
    void store.collect();
    if (signal.aborted) throw error;
    throw new ImageError('ErrImagePull', `cannot load image archive: ${messageOf(error)}`);
  }
}

async function readFiles(
  store: ImageStore,
  archive: AsyncIterable<Uint8Array>,
  signal: AbortSignal,
): Promise<ArchiveFiles> {
  const files = new ArchiveFiles();
  const extract = tar.extract();
  const feeding = pipeline(decompressed(archive), extract, { signal });
  feeding.catch((error: unknown) => extract.destroy(error as Error));
  for await (const entry of extract) {
    const { name, type, linkname } = entry.header;
    if (files.size >= maxFiles) throw new ContentError(`more than ${maxFiles} files`);
    if (type === 'file') {
      const named = /^(?:\.\/)?blobs\/(sha256)\/([a-f0-9]{64})$/.exec(name);
      const expected = named === null ? {} : { digest: `${named[1]}:${named[2]}` };
      const digest = await store.blobs.put(entry as AsyncIterable<Uint8Array>, expected);
      files.add(name, { digest, size: (await store.blobs.size(digest)) ?? 0 });
      continue;
    }
    if (type === 'symlink') files.link(name, posix.join(posix.dirname(name), linkname ?? ''));
    if (type === 'link') files.link(name, linkname ?? '');
    entry.resume();
  }
  await feeding;
  return files;
}

async function loadOci(store: ImageStore, files: ArchiveFiles, signal: AbortSignal): Promise<readonly ImageRecord[]> {
  const index = (await readJson(store, files, 'index.json')) as { manifests?: readonly Descriptor[] };
  const records: ImageRecord[] = [];
  for (const entry of index.manifests ?? []) {
    const manifest = await manifestOf(store, entry.digest);
    const names = ['io.containerd.image.name', 'org.opencontainers.image.ref.name']
      .map((key) => entry.annotations?.[key])
      .filter((name) => name !== undefined && /[:/]/.test(name));
    const reference = names[0] === undefined ? undefined : parseReference(names[0]);
    records.push(
      await store.add(
        manifest,
        {
          tags: reference === undefined ? [] : [formatReference(reference)],
          digests: reference === undefined ? [] : [`${repositoryOf(reference)}@${entry.digest}`],
        },
        signal,
      ),
    );
  }
  if (records.length === 0) throw new ContentError('index.json names no manifests');
  return records;
}

/** Follows indexes to the manifest for this machine. */
async function manifestOf(store: ImageStore, digest: string, depth = 0): Promise<string> {
  if ((await store.blobs.size(digest)) === undefined) throw new ContentError(`blob ${digest} is missing`);
  const parsed = parseManifest(await store.blobs.read(digest), hostPlatform());
  if ('manifest' in parsed) return digest;
  if (depth > 3) throw new ContentError('indexes are nested too deeply');
  return manifestOf(store, parsed.next.digest, depth + 1);
}

interface DockerEntry {
  readonly Config: string;
  readonly RepoTags?: readonly string[] | null;
  readonly Layers: readonly string[];
}

async function loadDocker(
  store: ImageStore,
  files: ArchiveFiles,
  signal: AbortSignal,
): Promise<readonly ImageRecord[]> {
  if (files.get('manifest.json') === undefined) {
    throw new ContentError('neither index.json nor manifest.json in it: neither an OCI layout nor a docker archive');
  }
  const entries = (await readJson(store, files, 'manifest.json')) as readonly DockerEntry[];
  const records: ImageRecord[] = [];
  for (const entry of entries) {
    const config = required(files, entry.Config);
    if (entry.Layers.length > maxLayers) throw new ContentError(`image has ${entry.Layers.length} layers`);
    const manifest: Manifest & { schemaVersion: 2 } = {
      schemaVersion: 2,
      mediaType: mediaTypes.ociManifest,
      config: { mediaType: mediaTypes.ociConfig, ...config },
      layers: entry.Layers.map((path) => ({ mediaType: mediaTypes.ociLayer, ...required(files, path) })),
    };
    const digest = await store.blobs.put([Buffer.from(JSON.stringify(manifest))]);
    const references = (entry.RepoTags ?? []).map(parseReference);
    records.push(
      await store.add(
        digest,
        {
          tags: references.map(formatReference),
          digests: [...new Set(references.map((reference) => `${repositoryOf(reference)}@${digest}`))],
        },
        signal,
      ),
    );
  }
  return records;
}

function required(files: ArchiveFiles, path: string): Stored {
  const file = files.get(path);
  if (file === undefined) throw new ContentError(`${path} is missing`);
  return file;
}

async function readJson(store: ImageStore, files: ArchiveFiles, path: string): Promise<unknown> {
  const bytes = await store.blobs.read(required(files, path).digest);
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch {
    throw new ContentError(`${path} is not JSON`);
  }
}

export async function* saveArchive(store: ImageStore, images: readonly string[]): AsyncGenerator<Uint8Array> {
  const chosen = images.map((image) => {
    const record = store.find(image);
    if (record === undefined) throw new ImageError('ErrImagePull', `image "${image}" is not here`);
    return { record, tags: tagsFor(image, record) };
  });
  const pack = tar.pack();
  const writing = writeArchive(store, pack, chosen);
  writing.catch((error: unknown) => pack.destroy(error as Error));
  yield* pack as AsyncIterable<Uint8Array>;
  await writing;
}

/** What the image is called in the archive: by the name it was asked for, by all of its names when by id. */
function tagsFor(image: string, record: ImageRecord): readonly string[] {
  if (image.startsWith('sha256:') || /^[a-f0-9]{12,64}$/.test(image)) return record.tags;
  const reference = parseReference(image);
  return reference.digest === undefined ? [formatReference(reference)] : record.tags;
}

type Chosen = readonly { readonly record: ImageRecord; readonly tags: readonly string[] }[];

async function writeArchive(store: ImageStore, pack: tar.Pack, chosen: Chosen): Promise<void> {
  const blobPath = (digest: string): string => `blobs/${digest.replace(':', '/')}`;
  const written = new Set<string>();
  const docker: DockerEntry[] = [];
  const manifests: object[] = [];
  for (const { record, tags } of chosen) {
    const { manifest } = await store.readImage(record.manifest);
    const digests = [record.manifest, manifest.config.digest, ...manifest.layers.map((layer) => layer.digest)];
    for (const digest of digests) {
      if (written.has(digest)) continue;
      written.add(digest);
      const size = (await store.blobs.size(digest)) ?? 0;
      await pipeline(store.blobs.stream(digest), pack.entry({ name: blobPath(digest), size }));
    }
    docker.push({
      Config: blobPath(manifest.config.digest),
      RepoTags: tags,
      Layers: manifest.layers.map((layer) => blobPath(layer.digest)),
    });
    const descriptor = {
      mediaType: manifest.mediaType ?? mediaTypes.ociManifest,
      digest: record.manifest,
      size: (await store.blobs.size(record.manifest)) ?? 0,
    };
    for (const tag of tags.length === 0 ? [undefined] : tags) {
      const annotations = { 'io.containerd.image.name': tag, 'org.opencontainers.image.ref.name': tag };
      manifests.push(tag === undefined ? descriptor : { ...descriptor, annotations });
    }
  }
  pack.entry({ name: 'oci-layout' }, JSON.stringify({ imageLayoutVersion: '1.0.0' }));
  pack.entry({ name: 'index.json' }, JSON.stringify({ schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests }));
  pack.entry({ name: 'manifest.json' }, JSON.stringify(docker));
  pack.finalize();
}
