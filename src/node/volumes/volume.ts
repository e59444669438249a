/** Volumes of a pod that are ready to be mounted into containers. */

export interface PreparedVolume {
  readonly name: string;
  /** On the node; a block device for volumes of mode Block; '' for image volumes. */
  readonly path: string;
  readonly readonly: boolean;
  /** Permissions of folders made inside it for sub-paths. */
  readonly mode: number;
  /** The volume is the file system of this image. */
  readonly image?: string;
}

export type PreparedVolumes = ReadonlyMap<string, PreparedVolume>;

/** A volume cannot be had now; tried again. The message goes into the FailedMount event. */
export class VolumeError extends Error {
  override readonly name = 'VolumeError';
}
