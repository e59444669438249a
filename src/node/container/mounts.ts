/** A container's volume mounts, with sub-paths resolved so that they cannot leave the volume. */
import { constants, type Stats } from 'node:fs';
import { chmod, lstat, mkdir, open, readlink, stat } from 'node:fs/promises';
import { isAbsolute, join, normalize } from 'node:path';
import type { Pod } from '../../api/core/pod.ts';
import { codeOf } from '../../base/errors.ts';
import { makeFolder } from '../../base/folder.ts';
import type { Device, Mount } from '../../runtime/runtime.ts';
import type { AnyContainer } from '../pod/names.ts';
import type { PreparedVolume, PreparedVolumes } from '../volumes/volume.ts';
import { ConfigurationError } from './environment.ts';
import { expand } from './expand.ts';

type MountSpec = NonNullable<AnyContainer['volumeMounts']>[number];

export interface MountsInput {
  readonly pod: Pod;
  readonly container: AnyContainer;
  readonly volumes: PreparedVolumes;
  /** For subPathExpr. */
  readonly env: ReadonlyMap<string, string>;
}

export async function containerMounts(
  input: MountsInput,
): Promise<{ readonly mounts: readonly Mount[]; readonly devices: readonly Device[] }> {
  const mounts: Mount[] = [];
  for (const mount of input.container.volumeMounts ?? []) mounts.push(await oneMount(input, mount));
  const devices: Device[] = [];
  for (const device of input.container.volumeDevices ?? []) {
    if (!isAbsolute(device.devicePath)) {
      throw new ConfigurationError('error DevicePath `' + device.devicePath + '` must be an absolute path');
    }
    const volume = input.volumes.get(device.name);
    if (volume?.block !== true) {
      throw new ConfigurationError(
        `cannot find volume "${device.name}" to pass into container "${input.container.name}"`,
      );
    }
    const permissions = volume.readonly ? 'r' : 'mrw';
    devices.push({ containerPath: device.devicePath, hostPath: volume.path, permissions });
  }
  return { mounts, devices };
}

function volumeOf(input: MountsInput, name: string): PreparedVolume {
  const volume = input.volumes.get(name);
  if (volume === undefined || volume.block === true) {
    throw new ConfigurationError(`cannot find volume "${name}" to mount into container "${input.container.name}"`);
  }
  return volume;
}

async function oneMount(input: MountsInput, mount: MountSpec): Promise<Mount> {
  const volume = volumeOf(input, mount.name);
  const readonly = mount.readOnly === true || volume.readonly;
  const recursive = mount.recursiveReadOnly === 'Enabled' || mount.recursiveReadOnly === 'IfPossible';
  const subPath = subPathOf(input, mount);
  const common = {
    containerPath: mount.mountPath.startsWith('/') ? mount.mountPath : `/${mount.mountPath}`,
    readonly,
    ...(readonly && recursive ? { recursiveReadonly: true } : {}),
    propagation: propagation(mount.mountPropagation),
  };
  if (volume.image !== undefined) {
    const inside = subPath === '' ? {} : { imageSubPath: subPath };
    return { ...common, readonly: true, hostPath: '', image: volume.image, ...inside };
  }
  const hostPath = subPath === '' ? volume.path : await resolveSubPath(volume.path, subPath);
  return { ...common, hostPath };
}

function subPathOf(input: MountsInput, mount: MountSpec): string {
  if (mount.subPathExpr === undefined || mount.subPathExpr === '') return checked(mount.subPath ?? '');
  const expanded = expand(mount.subPathExpr, input.env);
  if (/\$\([^)]*\)/.test(expanded)) {
    throw new ConfigurationError(`failed to expand subPathExpr "${mount.subPathExpr}": missing value`);
  }
  return checked(expanded);
}

function checked(subPath: string): string {
  if (subPath.startsWith('/'))
    throw new ConfigurationError('error SubPath `' + subPath + '` must not be an absolute path');
  if (subPath.split('/').includes('..')) {
    throw new ConfigurationError('unable to provision SubPath `' + subPath + '`: must not contain ".."');
  }
  return subPath;
}

function propagation(wanted: string | undefined): Mount['propagation'] {
  if (wanted === 'Bidirectional') return 'bidirectional';
  return wanted === 'HostToContainer' ? 'hostToContainer' : 'private';
}

/**
 * Walks the sub-path component by component: makes missing folders, follows links only while they stay inside
 * the volume. The result has no links in it.
 */
async function resolveSubPath(root: string, subPath: string): Promise<string> {
  let inside = '';
  const rest = normalize(subPath)
    .split('/')
    .filter((part) => part !== '' && part !== '.');
  for (let links = 0; rest.length > 0;) {
    const part = rest.shift() ?? '';
    const next = join('/', inside, part);
    const found = await lstat(join(root, next)).catch(absent);
    if (found === undefined) await makeOne(join(root, next), await modeOf(root));
    if (found?.isSymbolicLink() !== true) {
      inside = next;
      continue;
    }
    links += 1;
    const target = await readlink(join(root, next));
    if (links > 40 || escapes(inside, target)) {
      throw new ConfigurationError(`failed to prepare subPath for volumeMount: "${subPath}" leaves its volume`);
    }
    inside = target.startsWith('/') ? '/' : inside;
    rest.unshift(...target.split('/').filter((each) => each !== '' && each !== '.'));
  }
  return join(root, inside);
}

/** Absolute targets name the node's own root, so they are outside whatever they say. */
function escapes(from: string, target: string): boolean {
  if (target.startsWith('/')) return true;
  let depth = from.split('/').filter((part) => part !== '').length;
  for (const part of target.split('/')) {
    if (part === '..') depth -= 1;
    else if (part !== '' && part !== '.') depth += 1;
    if (depth < 0) return true;
  }
  return false;
}

function absent(error: unknown): undefined {
  if (codeOf(error) === 'ENOENT') return undefined;
  throw error;
}

/** Folders in a volume are as open as the volume, and belong to the group that it hands on. */
const modeOf = async (root: string): Promise<number> => (await stat(root)).mode & 0o7777;

async function makeOne(path: string, mode: number): Promise<void> {
  await mkdir(path);
  await chmod(path, mode);
}

/** Checks what hostPath's `type` demands and makes what it allows to make. Throws ConfigurationError. */
export async function checkHostPath(path: string, type: string): Promise<void> {
  const found = await stat(path).catch(absent);
  if (type === 'DirectoryOrCreate' && found === undefined) return makeFolder(path, 0o755);
  if (type === 'FileOrCreate' && found === undefined) {
    const file = await open(path, constants.O_CREAT | constants.O_WRONLY, 0o644);
    return file.close();
  }
  const test = hostPathTests[type];
  if (test === undefined) return;
  if (found === undefined || !test.holds(found)) {
    throw new ConfigurationError(`hostPath type check failed: ${path} is not ${test.name}`);
  }
}

const directory = { name: 'a directory', holds: (it: Stats) => it.isDirectory() };
const file = { name: 'a file', holds: (it: Stats) => it.isFile() };
const hostPathTests: Readonly<Record<string, { name: string; holds: (it: Stats) => boolean }>> = {
  Directory: directory,
  DirectoryOrCreate: directory,
  File: file,
  FileOrCreate: file,
  Socket: { name: 'a socket file', holds: (it) => it.isSocket() },
  CharDevice: { name: 'a character device', holds: (it) => it.isCharacterDevice() },
  BlockDevice: { name: 'a block device', holds: (it) => it.isBlockDevice() },
};
