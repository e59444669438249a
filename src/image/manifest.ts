/** Manifests, indexes and configurations of images (OCI and Docker schema 2): shapes and checks. */
import { isDigest } from './reference.ts';

export const mediaTypes = {
  ociIndex: 'application/vnd.oci.image.index.v1+json',
  ociManifest: 'application/vnd.oci.image.manifest.v1+json',
  ociConfig: 'application/vnd.oci.image.config.v1+json',
  ociLayer: 'application/vnd.oci.image.layer.v1.tar',
  dockerIndex: 'application/vnd.docker.distribution.manifest.list.v2+json',
  dockerManifest: 'application/vnd.docker.distribution.manifest.v2+json',
} as const;

export interface Descriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
  readonly platform?: Platform;
  readonly annotations?: Readonly<Record<string, string>>;
}

export interface Platform {
  readonly os: string;
  readonly architecture: string;
  readonly variant?: string;
}

export interface Manifest {
  readonly mediaType?: string;
  readonly config: Descriptor;
  readonly layers: readonly Descriptor[];
}

/** What the image says about its process, and which layers it consists of. */
export interface ImageConfig {
  readonly architecture?: string;
  readonly os?: string;
  readonly config: {
    readonly User?: string;
    readonly Env?: readonly string[];
    readonly Entrypoint?: readonly string[];
    readonly Cmd?: readonly string[];
    readonly WorkingDir?: string;
    readonly Volumes?: Readonly<Record<string, unknown>>;
    readonly StopSignal?: string;
    readonly Labels?: Readonly<Record<string, string>>;
  };
  readonly rootfs: { readonly type: string; readonly diff_ids: readonly string[] };
}

/** Content that is not what it should be. */
export class ContentError extends Error {
  override readonly name = 'ContentError';
}

/** More layers than one overlay mount can carry. */
export const maxLayers = 127;

/** The platform of this machine in the words of image indexes. */
export function hostPlatform(): Platform {
  const names: Readonly<Record<string, string>> = { x64: 'amd64', ia32: '386' };
  return { os: 'linux', architecture: names[process.arch] ?? process.arch };
}

/** A manifest, or the descriptor of the one for `platform` when the document is an index. */
export function parseManifest(
  bytes: Uint8Array,
  platform: Platform,
): { readonly manifest: Manifest } | { readonly next: Descriptor } {
  const document = parseObject(bytes, 'manifest');
  if (document['schemaVersion'] !== 2) {
    throw new ContentError(`unsupported manifest: schemaVersion ${JSON.stringify(document['schemaVersion'])}, want 2`);
  }
  // Read as an index by one client and as a manifest by another, it would be two images under one digest.
  if (document['manifests'] !== undefined && document['layers'] !== undefined) {
    throw new ContentError('ambiguous manifest: it has both layers and manifests');
  }
  if (Array.isArray(document['manifests'])) return { next: choosePlatform(document['manifests'], platform) };
  const layers = document['layers'];
  if (!Array.isArray(layers)) throw new ContentError('manifest has no layers');
  if (layers.length > maxLayers) throw new ContentError(`manifest has ${layers.length} layers, at most ${maxLayers}`);
  return {
    manifest: {
      ...(typeof document['mediaType'] === 'string' ? { mediaType: document['mediaType'] } : {}),
      config: descriptor(document['config'], 'config'),
      layers: layers.map((layer, index) => descriptor(layer, `layers[${index}]`)),
    },
  };
}

/** The image's configuration; throws when its layers don't pair up with the manifest's. */
export function parseConfig(bytes: Uint8Array, layers: number): ImageConfig {
  const document = parseObject(bytes, 'image configuration');
  const rootfs = document['rootfs'] as { diff_ids?: unknown } | undefined;
  const diffIds = rootfs?.diff_ids;
  if (!Array.isArray(diffIds) || !diffIds.every((id) => typeof id === 'string' && isDigest(id))) {
    throw new ContentError('image configuration has no valid rootfs.diff_ids');
  }
  if (diffIds.length !== layers) {
    throw new ContentError(`image has ${layers} layers in its manifest and ${diffIds.length} in its configuration`);
  }
  const config = document['config'];
  return {
    ...(document as object),
    config: typeof config === 'object' && config !== null ? config : {},
    rootfs: { type: 'layers', diff_ids: diffIds as string[] },
  };
}

function choosePlatform(entries: readonly unknown[], platform: Platform): Descriptor {
  const all = entries.map((entry, index) => descriptor(entry, `manifests[${index}]`));
  const fits = (entry: Descriptor): boolean =>
    entry.platform?.os === platform.os && entry.platform.architecture === platform.architecture;
  const chosen = all.find(fits) ?? (all.length === 1 && all[0]?.platform === undefined ? all[0] : undefined);
  if (chosen === undefined) {
    throw new ContentError(`no match for platform in manifest: ${platform.os}/${platform.architecture}: not found`);
  }
  return chosen;
}

function descriptor(value: unknown, where: string): Descriptor {
  const { mediaType, digest, size, platform, annotations } = (value ?? {}) as Partial<Descriptor>;
  if (typeof digest !== 'string' || !isDigest(digest)) {
    throw new ContentError(`${where}: invalid digest ${JSON.stringify(digest)}`);
  }
  if (typeof size !== 'number' || !Number.isSafeInteger(size) || size < 0) {
    throw new ContentError(`${where}: invalid size ${JSON.stringify(size)}`);
  }
  return {
    mediaType: typeof mediaType === 'string' ? mediaType : '',
    digest,
    size,
    ...(platform === undefined ? {} : { platform }),
    ...(annotations === undefined ? {} : { annotations }),
  };
}

function parseObject(bytes: Uint8Array, what: string): Record<string, unknown> {
  let parsed: unknown;
  try {
    parsed = JSON.parse(Buffer.from(bytes).toString('utf8'));
  } catch {
    throw new ContentError(`${what} is not JSON`);
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) {
    throw new ContentError(`${what} is not a JSON object`);
  }
  return parsed as Record<string, unknown>;
}
