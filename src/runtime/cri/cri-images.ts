/** The images of a CRI runtime. */
import {
  ImageError,
  type ImageInfo,
  type ImageService,
  type PullResult,
  type RegistryAuth,
} from '../../image/service.ts';
import type { Complete } from '../grpc/complete.ts';
import { GrpcError, isGone, type GrpcChannel } from '../grpc/channel.ts';
import {
  Empty,
  ImageFsInfoResponse,
  ImageRequest,
  ImageStatusResponse,
  ListImagesResponse,
  PullImageRequest,
  PullImageResponse,
  type Image,
} from './messages.ts';

/** Large images over slow lines. */
const pullPatience = 3_600_000;

export class CriImages implements ImageService {
  readonly #channel: GrpcChannel;

  constructor(channel: GrpcChannel) {
    this.#channel = channel;
  }

  async listImages(): Promise<readonly ImageInfo[]> {
    const { images } = await this.#channel.call('ListImages', Empty, ListImagesResponse, {});
    return images.map(infoOf);
  }

  async imageStatus(image: string): Promise<ImageInfo | undefined> {
    const answer = await this.#channel.call('ImageStatus', ImageRequest, ImageStatusResponse, { image: { image } });
    return answer.image === undefined ? undefined : infoOf(answer.image);
  }

  /** Credentials are tried in turn; without any, the registry is asked as nobody. */
  async pullImage(image: string, auth: readonly RegistryAuth[], signal: AbortSignal): Promise<PullResult> {
    let failure: unknown;
    for (const credentials of auth.length === 0 ? [undefined] : auth) {
      signal.throwIfAborted();
      try {
        return await this.#pull(image, credentials);
      } catch (error) {
        failure = error;
      }
    }
    throw failure instanceof GrpcError ? new ImageError('ErrImagePull', failure.details) : failure;
  }

  async #pull(image: string, auth: RegistryAuth | undefined): Promise<PullResult> {
    const request = { image: { image }, ...(auth === undefined ? {} : { auth }) };
    const { imageRef } = await this.#channel.call(
      'PullImage',
      PullImageRequest,
      PullImageResponse,
      request,
      pullPatience,
    );
    const info = await this.imageStatus(imageRef);
    return { id: info?.id ?? imageRef, ref: info?.repoDigests[0] ?? imageRef, sizeBytes: info?.sizeBytes ?? 0 };
  }

  async removeImage(image: string): Promise<void> {
    await this.#channel.call('RemoveImage', ImageRequest, Empty, { image: { image } }).catch((error: unknown) => {
      if (!isGone(error)) throw error;
    });
  }

  async imageFsInfo(): Promise<{ readonly path: string; readonly usedBytes: number; readonly inodesUsed: number }> {
    const { imageFilesystems } = await this.#channel.call('ImageFsInfo', Empty, ImageFsInfoResponse, {});
    const [first] = imageFilesystems;
    return {
      path: first?.fsId?.mountpoint ?? '',
      usedBytes: first?.usedBytes?.value ?? 0,
      inodesUsed: first?.inodesUsed?.value ?? 0,
    };
  }
}

function infoOf({ id, repoTags, repoDigests, size, uid, username, pinned }: Complete<Image>): ImageInfo {
  return {
    id,
    repoTags,
    repoDigests,
    sizeBytes: size,
    ...(uid === undefined ? {} : { uid: uid.value }),
    ...(username === '' ? {} : { username }),
    volumes: [],
    pinned,
  };
}
