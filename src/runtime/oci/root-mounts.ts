/** A container's root as an overlay over its image's layers, and images mounted as volumes. */
import { existsSync, mkdirSync, readdirSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import { makeFolder } from '../../base/folder.ts';
import type { ImageStore } from '../../image/image-store.ts';
import { type CommandRunner, runOrThrow } from '../../network/command.ts';
import { mountPoints } from '../../network/netns.ts';
import type { Mount } from '../runtime.ts';
import type { ContainerPaths } from './paths.ts';

export interface RootMountsOptions {
  readonly run: CommandRunner;
  readonly store: ImageStore;
}

/** `layers` are folder names, lowest first. */
export async function mountRoot(
  options: RootMountsOptions,
  layers: readonly string[],
  paths: ContainerPaths,
): Promise<void> {
  for (const folder of [paths.rootfs, paths.upper, paths.work]) mkdirSync(folder, { recursive: true });
  const lower = layers.length > 0 ? lowerOf(layers) : emptyFolder(paths);
  const data = `lowerdir=${lower},upperdir=${paths.upper},workdir=${paths.work}`;
  // Volatile: what a container wrote outside its volumes need not survive a power cut, for it won't itself.
  if (await mountOverlay(options, `${data},volatile`, paths.rootfs, false)) return;
  await mountOverlay(options, data, paths.rootfs, true);
}

/**
 * Mounts the images that a container wants as volumes, read-only below its folder, and makes host folders that are
 * missing. Returns the mounts with
 * these as their host paths, and how to let their layers go.
 */
export async function mountImages(
  options: RootMountsOptions,
  mounts: readonly Mount[],
  paths: ContainerPaths,
): Promise<{ readonly mounts: readonly Mount[]; readonly layers: readonly string[] }> {
  const mounted: Mount[] = [];
  const held: string[] = [];
  for (const [index, mount] of mounts.entries()) {
    if (mount.image === undefined) {
      // As other CRI runtimes do: a hostPath volume of no type relies on it.
      if (!existsSync(mount.hostPath)) makeFolder(mount.hostPath, 0o755);
      mounted.push(mount);
      continue;
    }
    const found = options.store.find(mount.image);
    if (found === undefined) throw new Error(`image "${mount.image}" not found`);
    const { layers, release } = await options.store.acquire(found.id, new AbortController().signal);
    held.push(...layers);
    const target = join(paths.images, String(index));
    mkdirSync(target, { recursive: true });
    try {
      if (layers.length > 0) await mountReadonly(options, layers, target);
    } finally {
      release();
    }
    mounted.push({ ...mount, readonly: true, hostPath: inside(target, mount.imageSubPath ?? '') });
  }
  return { mounts: mounted, layers: held };
}

/** Unmounts everything of the container. Idempotent. */
export async function unmountAll(run: CommandRunner, paths: ContainerPaths): Promise<void> {
  const mounted = mountPoints();
  const held = [paths.rootfs, ...imageFolders(paths)].filter((path) => mounted.has(path));
  if (held.length > 0) await runOrThrow(run, 'umount', ['-l', ...held]);
}

/** Unmounts everything below a folder, so that deleting the folder deletes nothing else. */
export async function unmountBelow(run: CommandRunner, folder: string): Promise<void> {
  const below = [...mountPoints()].filter((path) => path.startsWith(`${folder}/`)).toReversed();
  if (below.length > 0) await runOrThrow(run, 'umount', ['-l', ...below]);
}

/** One layer alone is no overlay: it is bound. `layers` has one at least. */
async function mountReadonly(options: RootMountsOptions, layers: readonly string[], target: string): Promise<void> {
  const lower = lowerOf(layers);
  if (lower.includes(':')) await mountOverlay(options, `ro,lowerdir=${lower}`, target, true);
  else await runOrThrow(options.run, 'mount', ['-o', 'bind,ro', join(options.store.layers.root, lower), target]);
}

/**
 * The uppermost first; relative names, since all of a mount's options must fit into one page. The kernel refuses a
 * layer that comes twice (empty ones do, in images of old); below its uppermost place it shows nothing of its own.
 */
function lowerOf(layers: readonly string[]): string {
  return [...new Set(layers.toReversed())].join(':');
}

/** What lies below the root of an image that has no layers. */
function emptyFolder(paths: ContainerPaths): string {
  const folder = join(paths.root, 'empty');
  mkdirSync(folder, { recursive: true });
  return folder;
}

async function mountOverlay(
  { run, store }: RootMountsOptions,
  data: string,
  target: string,
  must: boolean,
): Promise<boolean> {
  const args = ['-t', 'overlay', 'overlay', '-o', data, target];
  const where = { cwd: store.layers.root };
  if (must) await runOrThrow(run, 'mount', args, where);
  return must || (await run('mount', args, where)).code === 0;
}

/** The folder below `root`, symbolic links resolved. Throws when that leads out of it. */
function inside(root: string, path: string): string {
  const real = realpathSync(join(root, path));
  if (real !== root && !real.startsWith(`${root}/`)) throw new Error(`sub-path "${path}" leads out of the image`);
  return real;
}

function imageFolders(paths: ContainerPaths): readonly string[] {
  try {
    return readdirSync(paths.images).map((name) => join(paths.images, name));
  } catch {
    return []; // No image was mounted.
  }
}
