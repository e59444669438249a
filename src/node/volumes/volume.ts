/** Volumes of a pod that are ready to be mounted into containers. */
import { messageOf } from '../../base/errors.ts';

export interface PreparedVolume {
  readonly name: string;
  /** On the node; a block device for volumes of mode Block; '' for image volumes. */
  readonly path: string;
  readonly readonly: boolean;
  /** Permissions of folders made inside it for sub-paths. */
  readonly mode: number;
  /** The volume is the file system of this image. */
  readonly image?: string;
  /** It is a device, and no file system: containers have it by `volumeDevices`. */
  readonly block?: boolean;
}

export type PreparedVolumes = ReadonlyMap<string, PreparedVolume>;

export interface VolumeErrorOptions {
  readonly cause?: unknown;
  /** What was being done; setting the volume up, if absent. */
  readonly operation?: string | undefined;
  /** Name of the PersistentVolume, where the pod's own name of the volume is not what users look for. */
  readonly volume?: string | undefined;
}

/** Something cannot be done with a volume now; tried again. The message is what went wrong. */
export class VolumeError extends Error {
  override readonly name = 'VolumeError';
  readonly operation: string | undefined;
  readonly volume: string | undefined;

  constructor(message: string, { operation, volume, cause }: VolumeErrorOptions = {}) {
    super(message, cause === undefined ? {} : { cause });
    this.operation = operation;
    this.volume = volume;
  }
}

/** What the pod's volume refers to is not there or not as it has to be: nothing has been done with it. */
export class UnprocessedVolumeError extends VolumeError {}

/** As events tell it: `MountVolume.SetUp failed for volume "data" : no such disk`. */
export function failureText(error: unknown, volume: string): string {
  const known = error instanceof VolumeError ? error : undefined;
  const operation = known?.operation ?? 'MountVolume.SetUp failed';
  return `${operation} for volume ${JSON.stringify(known?.volume ?? volume)} : ${messageOf(error)}`;
}

/**
 * Does what can be done with a volume; what fails is told as `operation`, of the PersistentVolume `volume` if given.
 * What was told already where it failed stays.
 */
export async function during<T>(operation: string, volume: string | undefined, act: () => Promise<T>): Promise<T> {
  try {
    return await act();
  } catch (error) {
    const known = error instanceof VolumeError ? error : undefined;
    throw new VolumeError(messageOf(error), {
      operation: known?.operation ?? operation,
      volume: known?.volume ?? volume,
      cause: error,
    });
  }
}

/** As events tell of a volume that refers to something wrong; `missing`: all that the pod still lacks. */
export function unprocessedText(error: Error, volume: string, missing: readonly string[]): string {
  return unmountedText(missing, volume, error.message);
}

/** As events tell of volumes that take too long. */
export function lateText(missing: readonly string[]): string {
  return unmountedText(missing, '', 'context deadline exceeded');
}

const unmountedText = (missing: readonly string[], unprocessed: string, why: string): string =>
  `Unable to attach or mount volumes: unmounted volumes=[${missing.toSorted().join(' ')}], ` +
  `unattached volumes=[], failed to process volumes=[${unprocessed}]: ${why}`;

/** The reason of the event that tells of a volume's failure. */
export function failureReason({ operation = '' }: VolumeError): 'FailedMapVolume' | 'FailedMount' {
  // What is wrong before anything is mapped is told of both kinds of volume alike.
  const maps = operation.startsWith('MapVolume.') && !operation.startsWith('MapVolume.NodeAffinity');
  return maps ? 'FailedMapVolume' : 'FailedMount';
}
