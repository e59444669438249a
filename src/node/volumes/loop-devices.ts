/**
 * Loop devices over block devices: each keeps the one beneath open, so that the kernel gives its number to no other
 * device while a pod has it, be this process alive or not.
 */
import { execFile } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { codeOf } from '../../base/errors.ts';
import { VolumeError } from './volume.ts';

export interface LoopDevice {
  /** `/dev/loop3` */
  readonly device: string;
  /** What is beneath. */
  readonly file: string;
}

/** All that this machine has. */
export async function loopDevices(folder = '/sys/block'): Promise<readonly LoopDevice[]> {
  const all = await readdir(folder).catch((error: unknown) => {
    if (codeOf(error) === 'ENOENT') return [];
    throw error;
  });
  const names = all.filter((name) => /^loop\d+$/.test(name));
  const files = await Promise.all(names.map((name) => backingFile(join(folder, name))));
  return names.flatMap((name, index) => {
    const file = files[index];
    return file === undefined ? [] : [{ device: `/dev/${name}`, file }];
  });
}

/** Undefined when nothing is beneath. */
async function backingFile(device: string): Promise<string | undefined> {
  try {
    const text = await readFile(join(device, 'loop/backing_file'), 'utf8');
    return text.trimEnd().replace(/ \(deleted\)$/, '');
  } catch (error) {
    // ENXIO: it went while this was read.
    if (['ENOENT', 'ENXIO', 'ENODEV'].includes(codeOf(error) ?? '')) return undefined;
    throw error;
  }
}

/** Throws VolumeError. */
export async function attachLoopDevice(file: string): Promise<void> {
  await losetup('-f', file);
}

/** Of what is gone already: nothing to do. Throws VolumeError. */
export async function detachLoopDevice({ device, file }: LoopDevice): Promise<void> {
  try {
    await losetup('-d', device);
  } catch (error) {
    const left = (await loopDevices()).some((each) => each.device === device && each.file === file);
    if (left) throw error;
  }
}

function losetup(...args: readonly string[]): Promise<void> {
  return new Promise((resolve, reject) => {
    execFile('losetup', [...args], { timeout: 60_000 }, (error, _, stderr) => {
      if (error === null) return resolve();
      const said = stderr
        .trim()
        .replace(/^losetup: /, '')
        .replace(`${args.at(-1)}: `, '');
      reject(new VolumeError(`losetup ${args.join(' ')}: ${said || error.message}`));
    });
  });
}
