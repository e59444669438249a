/** What images look like to a runtime's caller: CRI v1's image calls, spelled in TypeScript. */
export interface RegistryAuth {
  readonly username?: string;
  readonly password?: string;
  readonly identityToken?: string;
  readonly registryToken?: string;
}

export interface ImageInfo {
  /** `sha256:...` of the configuration. */
  readonly id: string;
  readonly repoTags: readonly string[];
  readonly repoDigests: readonly string[];
  readonly sizeBytes: number;
  /** The image's own user: a number, or a name. */
  readonly uid?: number;
  readonly username?: string;
  readonly volumes: readonly string[];
  readonly pinned: boolean;
}

export interface PullResult {
  readonly id: string;
  /** `name@sha256:...` for status. */
  readonly ref: string;
  readonly sizeBytes: number;
  /** Set when a mirror answered instead of the registry that the name says; told in the pod's events. */
  readonly mirror?: string;
}

export interface ImageService {
  listImages(): Promise<readonly ImageInfo[]>;
  imageStatus(image: string): Promise<ImageInfo | undefined>;
  /** Rejects with ImageError. */
  pullImage(image: string, auth: readonly RegistryAuth[], signal: AbortSignal): Promise<PullResult>;
  removeImage(image: string): Promise<void>;
  imageFsInfo(): Promise<{ readonly path: string; readonly usedBytes: number; readonly inodesUsed: number }>;
}

/** An image could not be had. `reason` is what CRI answers: users know these words. */
export class ImageError extends Error {
  override readonly name = 'ImageError';
  readonly reason: 'InvalidImageName' | 'ErrImagePull' | 'RegistryUnavailable' | 'SignatureValidationFailed';

  constructor(reason: ImageError['reason'], message: string) {
    super(message);
    this.reason = reason;
  }
}
