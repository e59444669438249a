import { chmod, mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import type { Pod } from '../../api/core/pod.ts';
import type { PreparedVolume } from '../volumes/volume.ts';
import { checkHostPath, containerMounts } from './mounts.ts';

// A pod with such a volume once made its node's agent turn in circles for ever.
test('a hostPath that cannot be made is an error, and comes at once', async () => {
  await expect(checkHostPath('/proc/x', 'DirectoryOrCreate')).rejects.toThrow('ENOENT');
});

// It was as open as the kind of volume, so that others could not enter, and fsGroup went no further than the volume.
test.each([0o755, 0o700, 0o2777, 0o3777])(
  'folders of a subPath in a volume of mode %o have that mode',
  async (mode) => {
    const path = await mkdtemp(join(tmpdir(), 'coracle-sub-path-'));
    onTestFinished(() => rm(path, { recursive: true }));
    await chmod(path, mode);
    const container = {
      name: 'box',
      image: 'busybox',
      volumeMounts: [{ name: 'data', mountPath: '/data', subPath: 'some/where' }],
    };
    const volumes = new Map([['data', { name: 'data', path, readonly: false, mode: 0o750 }]]);
    await containerMounts({ pod: {} as Pod, container, volumes, env: new Map() });
    expect((await stat(join(path, 'some'))).mode & 0o7777).toBe(mode);
    expect((await stat(join(path, 'some', 'where'))).mode & 0o7777).toBe(mode);
  },
);

const container = { name: 'box', image: 'busybox' };
const disk: PreparedVolume = { name: 'disk', path: '/link', readonly: false, mode: 0o750, block: true };
const given = (spec: object, ...volumes: readonly PreparedVolume[]) =>
  containerMounts({
    pod: {} as Pod,
    container: { ...container, ...spec },
    volumes: new Map(volumes.map((each) => [each.name, each])),
    env: new Map(),
  });
const device = (devicePath: string) => ({ volumeDevices: [{ name: 'disk', devicePath }] });

test('a device is given by the pod’s link, for reading only where its volume says so', async () => {
  expect(await given(device('/dev/disk'), disk)).toEqual({
    mounts: [],
    devices: [{ containerPath: '/dev/disk', hostPath: '/link', permissions: 'mrw' }],
  });
  const { devices } = await given(device('/dev/disk'), { ...disk, readonly: true });
  expect(devices.map(({ permissions }) => permissions)).toEqual(['r']);
});

test('a file system is no device, and a device no file system', async () => {
  const { block: _block, ...folder } = disk;
  await expect(given(device('/dev/disk'), folder)).rejects.toThrow(
    'cannot find volume "disk" to pass into container "box"',
  );
  await expect(given({ volumeMounts: [{ name: 'disk', mountPath: '/disk' }] }, disk)).rejects.toThrow(
    'cannot find volume "disk" to mount into container "box"',
  );
  await expect(given(device('disk'), disk)).rejects.toThrow('error DevicePath `disk` must be an absolute path');
});
