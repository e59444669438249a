/**
 * Block devices that pods have. Where things lie is as upstream has it, below the node's root, of a local volume `pv`
 * at `/dev/sdb`:
 *
 *     plugins/kubernetes.io~local-volume/volumeDevices/pv/UID           a bind mount of /dev/sdb
 *     pods/UID/volumeDevices/kubernetes.io~local-volume/pv -> /dev/sdb  what containers are given
 *     /dev/loop3 over the bind mount                                    keeps the device open
 *
 * The first of them is the sign that the pod has the device or may have it: it is made before and removed after
 * everything else. What a killed agent leaves is found by it.
 */
import { lstat, mkdir, open, readlink, realpath, rename, rm, rmdir, stat, symlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { codeOf, messageOf } from '../../base/errors.ts';
import type { Mounter } from './mounter.ts';
import { during, VolumeError } from './volume.ts';

export interface BlockMap {
  /** Folder of the volume, with a bind mount for each pod. */
  readonly folder: string;
  /** Of the pod. */
  readonly uid: string;
  /** The pod's own link. */
  readonly link: string;
}

/** What a pod has. */
export interface MappedDevice {
  /** What its containers are given. */
  readonly link: string;
  /** Of the volume. */
  readonly folder: string;
  /** Mapped just now, and not before. */
  readonly fresh: boolean;
}

export interface BlockMaps {
  /** Before anything is done for the pod. */
  begin(map: BlockMap): Promise<void>;
  /** Whether nothing is left to be done for the pod. */
  isMapped(map: BlockMap): Promise<boolean>;
  /** Repairs what is there in part. Throws VolumeError. */
  map(device: string, map: BlockMap): Promise<void>;
  /** All but the sign that the pod may have it. */
  unmap(map: BlockMap): Promise<void>;
  /** Nothing is left. True when no other pod has the volume. */
  end(map: BlockMap): Promise<boolean>;
}

export function blockMaps(mounter: Mounter): BlockMaps {
  const isMounted = async (path: string): Promise<boolean> => (await mounter.below(path)).length > 0;
  const unmount = async (path: string): Promise<void> => {
    for (const point of await mounter.below(path)) await mounter.unmount(point.path);
  };
  return {
    async begin({ folder, uid, link }) {
      // First of all: what is swept later is found by the pod's folder.
      await mkdir(dirname(link), { recursive: true, mode: 0o750 });
      await mkdir(folder, { recursive: true, mode: 0o750 });
      await (await open(join(folder, uid), 'a', 0o600)).close();
    },

    async isMapped({ folder, uid, link }) {
      const path = join(folder, uid);
      const linked = await deviceNumber(link).catch(() => undefined);
      if (linked === undefined || linked !== (await deviceNumber(path).catch(() => undefined))) return false;
      return (await isMounted(path)) && mounter.isHeld(path);
    },

    async map(device, { folder, uid, link }) {
      const path = await resolveDevice(device);
      await during('MapVolume.MapBlockVolume failed', undefined, async () => {
        const number = await deviceNumber(path);
        const own = join(folder, uid);
        if ((await isMounted(own)) && (await deviceNumber(own).catch(() => undefined)) !== number) {
          // Another device has come to the same path since.
          await mounter.letGo(own);
          await unmount(own);
        }
        if (!(await isMounted(own))) await mounter.bind(path, own, false);
        await pointTo(path, link);
        await mounter.hold(own).catch((error: unknown) => {
          throw new VolumeError(`cannot keep ${path} open: ${messageOf(error)}`, { cause: error });
        });
      });
    },

    async unmap({ folder, uid, link }) {
      const path = join(folder, uid);
      // What holds the device is held by the mount in turn.
      await mounter.letGo(path);
      await rm(link, { force: true });
      await unmount(path);
    },

    async end({ folder, uid }) {
      await rm(join(folder, uid), { force: true });
      return rmdir(folder).then(
        () => true,
        (error: unknown) => {
          if (codeOf(error) === 'ENOENT') return true;
          if (codeOf(error) === 'ENOTEMPTY') return false;
          throw error;
        },
      );
    },
  };
}

/** Without links. Throws VolumeError when there is nothing. */
export async function resolveDevice(path: string): Promise<string> {
  return during('MapVolume.EvalHostSymlinks failed', undefined, () =>
    realpath(path).catch((error: unknown) => {
      throw codeOf(error) === 'ENOENT' ? new VolumeError(`lstat ${path}: no such file or directory`) : error;
    }),
  );
}

/** Throws VolumeError when it is none. */
async function deviceNumber(path: string): Promise<number> {
  const found = await stat(path);
  if (!found.isBlockDevice()) throw new VolumeError(`${path} is not a block device`);
  return found.rdev;
}

/** In one step: somebody may be looking. */
async function pointTo(target: string, link: string): Promise<void> {
  const found = await lstat(link).catch(() => undefined);
  if (found?.isSymbolicLink() === true && (await readlink(link)) === target) return;
  const next = `${link}.new`;
  await rm(next, { force: true });
  await symlink(target, next);
  await rename(next, link);
}
