/** Local devices with file systems, made and mounted on this machine. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { makeTestDevice, type TestDevice } from '../../runtime/testing/loop-device.ts';
import { systemDiskTools, type DiskTools } from './disk-tools.ts';
import { LocalDisks, type LocalDisk } from './local-disks.ts';
import { systemMounter } from './mounter.ts';

describe.skipIf(process.getuid?.() !== 0)('local devices with file systems', () => {
  let folder: string;
  let root: string;
  let device: TestDevice;
  /** What was done to the device, in order. */
  let done: string[];
  let disks: LocalDisks;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'coracle-disks-'));
    root = join(folder, 'node');
    mkdirSync(root);
    device = makeTestDevice(join(folder, 'disk'));
    done = [];
    disks = new LocalDisks(root, systemMounter, recorded());
  });
  afterEach(async () => {
    for (const { path } of await systemMounter.below(root)) await systemMounter.unmount(path);
    device.remove();
    rmSync(folder, { recursive: true });
  });

  function recorded(): DiskTools {
    return {
      contentOf: (path) => systemDiskTools.contentOf(path),
      format(path, type) {
        done.push(`format ${type}`);
        return systemDiskTools.format(path, type);
      },
      repair(path) {
        done.push('repair');
        return systemDiskTools.repair(path);
      },
    };
  }

  const at = (pod: string): string => join(root, 'pods', pod);
  const mount = (pod: string, changes: Partial<LocalDisk> = {}): Promise<void> =>
    disks.mount({ path: device.path, type: 'ext4', options: [], readonly: false, ...changes }, at(pod));

  test('an empty one is formatted once, for all pods that come at the same time', async () => {
    await Promise.all([mount('a'), mount('b'), mount('c')]);
    expect(done).toEqual(['format ext4']);
    writeFileSync(join(at('a'), 'file'), 'of a');
    expect(readFileSync(join(at('b'), 'file'), 'utf8')).toBe('of a');
    // Again is the same.
    await mount('a');
    expect((await systemMounter.below(root)).map(({ path }) => path).toSorted()).toEqual([at('a'), at('b'), at('c')]);
  });

  test('one with a file system is looked over and keeps what it has; not while a pod uses it', async () => {
    await systemDiskTools.format(device.path, 'ext4');
    await mount('a');
    writeFileSync(join(at('a'), 'file'), 'kept');
    await mount('b');
    expect(done).toEqual(['repair']);
    for (const pod of ['a', 'b']) await systemMounter.unmount(at(pod));
    await mount('c', { options: ['noatime'] });
    expect([done, readFileSync(join(at('c'), 'file'), 'utf8')]).toEqual([['repair', 'repair'], 'kept']);
    expect(readFileSync('/proc/self/mounts', 'utf8')).toMatch(new RegExp(`${at('c')} ext4 rw,noatime`));
  });

  test('an empty one is not formatted for somebody who only reads', async () => {
    await expect(mount('a', { readonly: true })).rejects.toMatchObject({
      operation: 'MountVolume.MountDevice failed',
      message: `cannot mount unformatted disk ${device.path} as we are manipulating it in read-only mode`,
    });
    expect([done, await systemDiskTools.contentOf(device.path)]).toEqual([[], undefined]);
  });

  test('what is on it stays when it is something else', async () => {
    execFileSync('mkswap', [device.path], { stdio: 'ignore' });
    await expect(mount('a')).rejects.toThrow(/^failed to mount the volume as "ext4", it already contains swap. Mount/);
    expect(await systemDiskTools.contentOf(device.path)).toBe('swap');
    expect(done).not.toContain('format ext4');
  });

  test('partitions are something, too', async () => {
    // A table with one Linux partition of 100 sectors.
    const table = Buffer.alloc(512);
    table.set([0x00, 0, 2, 0, 0x83, 0, 0, 0, 1, 0, 0, 0, 100, 0, 0, 0], 446);
    table.set([0x55, 0xaa], 510);
    writeFileSync(device.path, table, { flag: 'r+' });
    await expect(mount('a')).rejects.toThrow('it already contains unknown data, probably partitions.');
    expect(done).not.toContain('format ext4');
  });

  test('a program that the node does not have is named', async () => {
    await expect(mount('a', { type: 'coraclefs' })).rejects.toThrow(
      `format of disk ${device.path} as coraclefs failed: mkfs.coraclefs is not installed on this node`,
    );
    expect(existsSync(at('a'))).toBe(false);
  });
});
