/** Mounts of the agent itself, through mount(8) and umount(8): starting them costs about 2 ms each. */
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { attachLoopDevice, detachLoopDevice, loopDevices } from './loop-devices.ts';
import { VolumeError } from './volume.ts';

export interface MountPoint {
  readonly path: string;
  readonly type: string;
  readonly source: string;
}

export interface Mounter {
  /** Makes a mount; `options` as in fstab. Throws VolumeError. */
  mount(source: string, target: string, type: string, options: readonly string[]): Promise<void>;
  bind(source: string, target: string, readonly: boolean): Promise<void>;
  unmount(target: string): Promise<void>;
  /** Mounts at or below the folder, deepest first. */
  below(folder: string): Promise<readonly MountPoint[]>;
  /** Keeps the block device at the path open, also when this process has ended. Once, however often it is called. */
  hold(path: string): Promise<void>;
  letGo(path: string): Promise<void>;
  isHeld(path: string): Promise<boolean>;
}

export const systemMounter: Mounter = {
  mount: (source, target, type, options) =>
    command('mount', ['-t', type, ...(options.length === 0 ? [] : ['-o', options.join(',')]), source, target]),
  async bind(source, target, readonly) {
    await command('mount', ['--bind', source, target]);
    if (readonly) await command('mount', ['-o', 'remount,bind,ro', target]);
  },
  // Lazily where it is busy: a process that still has a file open must not keep the pod from ending.
  unmount: (target) => command('umount', [target]).catch(() => command('umount', ['-l', target])),
  async below(folder) {
    const points = parseMountInfo(await readFile('/proc/self/mountinfo', 'utf8'));
    return points.filter(({ path }) => path === folder || path.startsWith(`${folder}/`)).toReversed();
  },
  async hold(path) {
    if (!(await this.isHeld(path))) await attachLoopDevice(path);
  },
  async letGo(path) {
    for (const each of await loopDevices()) if (each.file === path) await detachLoopDevice(each);
  },
  isHeld: async (path) => (await loopDevices()).some(({ file }) => file === path),
};

/** No mounts at all: simulated nodes. */
export const noMounts: Mounter = {
  mount: () => Promise.resolve(),
  bind: () => Promise.resolve(),
  unmount: () => Promise.resolve(),
  below: () => Promise.resolve([]),
  hold: () => Promise.resolve(),
  letGo: () => Promise.resolve(),
  isHeld: () => Promise.resolve(false),
};

/** In the order in which they were made. */
export function parseMountInfo(text: string): readonly MountPoint[] {
  const points: MountPoint[] = [];
  for (const line of text.split('\n')) {
    const [before = '', after = ''] = line.split(' - ');
    const path = before.split(' ')[4];
    const [type = '', source = ''] = after.split(' ');
    if (path !== undefined) points.push({ path: unescaped(path), type, source });
  }
  return points;
}

const unescaped = (text: string): string =>
  text.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));

function command(program: string, args: readonly string[]): Promise<void> {
  return new Promise((resolve, reject) => {
    execFile(program, [...args], { timeout: 60_000 }, (error, _, stderr) => {
      if (error === null) return resolve();
      reject(new VolumeError(`${program} ${args.join(' ')}: ${stderr.trim() || error.message}`));
    });
  });
}
